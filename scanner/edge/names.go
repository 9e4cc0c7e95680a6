package edge

import (
	"slices"
	"strings"
)

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
	HostName      NameKind = "host" // of a pool of kind web or internal
)

// A RequiredName is a name that a certificate of a pool must carry.
type RequiredName struct {
	Name   string
	Kind   NameKind // the first reason, in the order of the kinds
	Why    string   // all reasons, as a person reads them: "Access Edge; SIP domain contoso.com"
	Bearer Role     // the first role of the group whose certificate must carry it
}

// RequiredNames lists what the SAN of p's certificates must hold. Of the group
// with Access that is the Access name even where it is the subject, sip.<domain>
// of every SIP domain, the targets of the SRV records that clients and partners
// follow, and what the targets file adds; of the groups with Web Conferencing
// and XMPP their names. Each name stands once a group. A/V needs no name at all
// (Microsoft, certificate requirements for external user access), and a target
// outside the domain is not to be asked of a certificate but to be mended in DNS
// (srv-wrong-domain). Of a partner's names only those that are dialed are known,
// and of a pool of kind web or internal its own are due.
func RequiredNames(p Pool) []RequiredName {
	l := nameList{pool: p}
	switch p.Kind {
	case PartnerPool:
		l.add(Access, p.FQDN(Access), SRVTargetName, Access.Title())
		l.addSRVTargets()
		return l.names
	case WebPool, InternalPool:
		for _, s := range p.Services {
			l.add(s.Role, s.FQDN, HostName, s.Role.Title())
		}
		return l.names
	}
	l.add(Access, p.FQDN(Access), AccessName, Access.Title())
	l.add(WebConf, p.FQDN(WebConf), WebConfName, WebConf.Title())
	for _, d := range p.SIPDomains {
		l.add(Access, "sip."+d, SIPDomainName, "SIP domain "+d)
	}
	l.addSRVTargets()
	for _, n := range p.ExtraNames {
		l.add(Access, n, ExtraName, "extra name")
	}
	l.add(XMPP, p.FQDN(XMPP), XMPPName, "XMPP federation")
	return l.names
}

// NamesDue are the required names of the certificate that the service of a role
// shares with its group.
func NamesDue(p Pool, r Role) []RequiredName {
	bearer := p.Group(r)[0]
	return slices.DeleteFunc(RequiredNames(p), func(n RequiredName) bool { return n.Bearer != bearer })
}

type nameList struct {
	pool  Pool
	names []RequiredName
}

// add appends a name that the certificate of a role needs, or a further reason
// to the one that stands already for its group.
func (l *nameList) add(r Role, name string, kind NameKind, why string) {
	if name == "" {
		return
	}
	bearer := l.pool.Group(r)[0]
	for i, n := range l.names {
		if n.Name == name && n.Bearer == bearer {
			if n.Why != why {
				l.names[i].Why += "; " + why
			}
			return
		}
	}
	l.names = append(l.names, RequiredName{Name: name, Kind: kind, Why: why, Bearer: bearer})
}

func (l *nameList) addSRVTargets() {
	if l.pool.DNS == nil {
		return
	}
	for _, a := range l.pool.DNS.SRV {
		if r, ok := a.Best(); ok && a.Kind != SRVXMPP && a.Route == "" && SRVTargetFits(a.Domain, r.Target) {
			l.add(Access, r.Target, SRVTargetName, "target of "+a.Query)
		}
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
