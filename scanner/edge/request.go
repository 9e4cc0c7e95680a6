package edge

import (
	"fmt"
	"slices"
	"strings"
)

// The external services' -Type in Request-, Set- and Get-CsCertificate.
const (
	TypeAccess  = "AccessEdgeExternal"
	TypeWebConf = "DataEdgeExternal"
	TypeAV      = "AudioVideoAuthentication"
)

// CertificateType is the -Type of the certificate that a service presents,
// empty for one that has none of its own. XMPP is served with the Access
// certificate.
func CertificateType(r Role) string {
	switch r {
	case Access, XMPP:
		return TypeAccess
	case WebConf:
		return TypeWebConf
	case AV:
		return TypeAV
	default:
		return ""
	}
}

// A CertificateRequest is one certificate to be asked for with PowerShell.
type CertificateRequest struct {
	Types   []string // -Type, in the order in which the documentation lists them
	Command string   // Request-CsCertificate, which leaves File + ".req"
	File    string   // full path without a suffix: the cmdlets ask for full paths
	LeftOut int      // names that are not DNS safe: they may come from the network
}

// CertificateRequests are the certificates of a pool: one for all services, or
// one each. A command asks for exactly the names of RequiredNames, with a key
// that can be exported to the other members. What has no name to ask for is
// left out.
//
// -AllSipDomain is left out on purpose: it adds sip.<domain> of every domain of
// the topology, and the names stand here already.
func CertificateRequests(p Pool) []CertificateRequest {
	if len(p.Services) == 0 {
		return nil
	}
	var out []CertificateRequest
	for _, q := range wanted(p) {
		all := q.names(p)
		names := slices.DeleteFunc(slices.Clone(all), func(n string) bool { return !DNSSafe(n) })
		if len(names) == 0 {
			continue
		}
		file := fmt.Sprintf(`C:\%s-%s`, names[0], q.label)
		out = append(out, CertificateRequest{Types: q.types, File: file, LeftOut: len(all) - len(names), Command: q.command(p, names, file)})
	}
	return out
}

// wish is one certificate of a pool and the kinds of names that it holds.
type wish struct {
	types []string
	label string // in the friendly name and the file
	kinds []NameKind
}

func wanted(p Pool) []wish {
	every := []NameKind{AccessName, WebConfName, SIPDomainName, SRVTargetName, ExtraName, XMPPName}
	if !p.PerService {
		return []wish{{[]string{TypeAccess, TypeWebConf, TypeAV}, "edge", every}}
	}
	return []wish{
		{[]string{TypeAccess}, "access", slices.DeleteFunc(every, func(k NameKind) bool { return k == WebConfName })},
		{[]string{TypeWebConf}, "webcon", []NameKind{WebConfName}},
		{[]string{TypeAV}, "av", nil},
	}
}

// names are what the certificate must hold, the subject first. A/V needs no
// name; a certificate needs one all the same: the service's own.
func (q wish) names(p Pool) []string {
	var names []string
	for _, n := range RequiredNames(p) {
		if slices.Contains(q.kinds, n.Kind) && !slices.Contains(names, n.Name) {
			names = append(names, n.Name)
		}
	}
	if len(names) > 0 {
		return names
	}
	for _, s := range p.Services {
		if slices.Contains(q.types, CertificateType(s.Role)) && s.FQDN != "" {
			return []string{s.FQDN}
		}
	}
	return nil
}

func (q wish) command(p Pool, names []string, file string) string {
	parts := []string{"Request-CsCertificate -New",
		"-Type " + strings.Join(q.types, ","),
		fmt.Sprintf("-DomainName '%s'", strings.Join(names, ",")),
		fmt.Sprintf("-FriendlyName '%s %s'", names[0], q.label),
		"-KeySize 2048 -PrivateKeyExportable $true"}
	if p.NeedsClientAuth() {
		parts = append(parts, "-ClientEKU $true")
	}
	return strings.Join(append(parts, "-Output "+file+".req"), " ")
}
