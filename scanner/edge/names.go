package edge

import "strings"

// NameKind is why a certificate must carry a name. Each kind has a rule of its
// own.
type NameKind string

// The kinds, in the order in which RequiredNames lists them.
const (
	AccessName    NameKind = "access"
	WebConfName   NameKind = "webcon"
	SIPDomainName NameKind = "sip-domain"
	SRVTargetName NameKind = "srv-target"
	ExtraName     NameKind = "extra"
	XMPPName      NameKind = "xmpp"
)

// A RequiredName is a name that the certificate of a pool must carry.
type RequiredName struct {
	Name string
	Kind NameKind // the first reason, in the order of the kinds
	Why  string   // all reasons, as a person reads them: "Access Edge; SIP domain contoso.com"
}

// RequiredNames lists what the SAN of p's certificate must hold: the Access
// name even where it is the subject, the Web Conferencing name, sip.<domain>
// of every SIP domain, the targets of the SRV records that clients and partners
// follow, what the targets file adds, and the XMPP domain. Each name stands
// once, or once for each certificate where every service has its own. A/V needs no name at all (Microsoft, certificate requirements for
// external user access), and a target outside the domain is not to be asked
// of a certificate but to be mended in DNS (srv-wrong-domain).
func RequiredNames(p Pool) []RequiredName {
	l := nameList{perService: p.PerService}
	l.add(p.FQDN(Access), AccessName, Access.Title())
	l.add(p.FQDN(WebConf), WebConfName, WebConf.Title())
	for _, d := range p.SIPDomains {
		l.add("sip."+d, SIPDomainName, "SIP domain "+d)
	}
	if p.DNS != nil {
		for _, a := range p.DNS.SRV {
			if r, ok := a.Best(); ok && a.Kind != SRVXMPP && SRVTargetFits(a.Domain, r.Target) {
				l.add(r.Target, SRVTargetName, "target of "+a.Query)
			}
		}
	}
	for _, n := range p.ExtraNames {
		l.add(n, ExtraName, "extra name")
	}
	l.add(p.FQDN(XMPP), XMPPName, "XMPP federation")
	return l.names
}

type nameList struct {
	names      []RequiredName
	perService bool
}

// add appends a name, or a further reason to the one that stands already.
func (l *nameList) add(name string, kind NameKind, why string) {
	if name == "" {
		return
	}
	for i, n := range l.names {
		if n.Name == name && (!l.perService || n.Kind.bearer() == kind.bearer()) {
			l.names[i].Why += "; " + why
			return
		}
	}
	l.names = append(l.names, RequiredName{Name: name, Kind: kind, Why: why})
}

// bearer is the service whose certificate holds names of a kind, where each
// service has its own.
func (k NameKind) bearer() Role {
	switch k {
	case WebConfName:
		return WebConf
	case XMPPName:
		return XMPP
	default:
		return Access
	}
}

// Best is the record that is followed: lowest priority, then highest weight
// (RFC 2782), and whether there is one.
func (a SRVAnswer) Best() (SRV, bool) {
	if len(a.Records) == 0 {
		return SRV{}, false
	}
	best := a.Records[0]
	for _, r := range a.Records[1:] {
		if r.Priority < best.Priority || r.Priority == best.Priority && r.Weight > best.Weight {
			best = r
		}
	}
	return best, true
}

// SRVTargetFits reports whether an SRV target lies in the SIP domain by the
// top-level suffix match of Skype for Business Server 2019 (Microsoft, deploy
// Skype connectivity): for contoso.com that is sip.contoso.com, and neither
// sip.it.contoso.com nor sip.contoso-edge.com nor evilcontoso.com.
func SRVTargetFits(domain, target string) bool {
	_, parent, ok := strings.Cut(target, ".")
	return ok && strings.EqualFold(parent, domain) || strings.EqualFold(target, domain)
}

// DNSSafe reports whether name holds only what Microsoft allows in the FQDN of
// an Edge: labels of A-Z, a-z, 0-9 and inner hyphens, 63 characters a label and
// 253 in all (RFC 1035, 2.3.1; Microsoft, determine DNS requirements). What is
// DNS safe may be put between quotes of any shell.
func DNSSafe(name string) bool {
	if name == "" || len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if c != '-' && !('0' <= c && c <= '9') && !('a' <= c && c <= 'z') && !('A' <= c && c <= 'Z') {
				return false
			}
		}
	}
	return true
}
