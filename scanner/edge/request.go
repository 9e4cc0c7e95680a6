package edge

import (
	"fmt"
	"slices"
	"strings"
)

// The -Type of an Edge Server's certificates in Request-, Set- and
// Get-CsCertificate.
const (
	TypeAccess   = "AccessEdgeExternal"
	TypeWebConf  = "DataEdgeExternal"
	TypeAV       = "AudioVideoAuthentication"
	TypeXMPP     = "XmppServer"
	TypeInternal = "Internal"
)

// CertificateType is the -Type of the certificate that a service presents,
// empty for one that has none.
func CertificateType(r Role) string {
	switch r {
	case Access:
		return TypeAccess
	case WebConf:
		return TypeWebConf
	case AV:
		return TypeAV
	case XMPP:
		return TypeXMPP
	case Internal:
		return TypeInternal
	default:
		return ""
	}
}

// RoleOf is the service that has a certificate of a type; empty: no service.
func RoleOf(use string) Role {
	for _, r := range Roles() {
		if CertificateType(r) == use && use != "" {
			return r
		}
	}
	return ""
}

// A CertificateRequest is one certificate to be asked for with PowerShell.
type CertificateRequest struct {
	Types   []string // -Type, in the order in which the documentation lists them
	Command string   // Request-CsCertificate, which leaves File + ".req"
	File    string   // full path without a suffix: the cmdlets ask for full paths
	LeftOut int      // names that are not DNS safe: they may come from the network
}

// CertificateRequests are the certificates of an Edge pool, one for each group
// of roles. A command asks for exactly the names due, with a key that can be
// exported to the other members. What has no name to ask for is left out.
//
// -AllSipDomain is left out on purpose: it adds sip.<domain> of every domain of
// the topology, and the names stand here already.
func CertificateRequests(p Pool) []CertificateRequest {
	if !p.IsEdge() || len(p.Services) == 0 {
		return nil
	}
	groups := p.groups()
	var out []CertificateRequest
	for _, group := range groups {
		label := "edge"
		if len(groups) > 1 {
			label = roleNames(group)
		}
		all := requestNames(p, group)
		names := slices.DeleteFunc(slices.Clone(all), func(n string) bool { return !DNSSafe(n) })
		if len(names) == 0 {
			continue
		}
		q := CertificateRequest{File: fmt.Sprintf(`C:\%s-%s`, names[0], label), LeftOut: len(all) - len(names), Types: Map(group, CertificateType)}
		q.Command = q.command(p, names, label)
		out = append(out, q)
	}
	return out
}

// roleNames is how a group of roles is called in a file's name and in the
// `certificates` line, joined there by +.
func roleNames(group []Role) string {
	return strings.Join(Map(group, func(r Role) string { return string(r) }), "-")
}

// requestNames are what the certificate of a group must hold, the subject
// first. A/V needs no name; a certificate needs one all the same: the service's
// own.
func requestNames(p Pool, group []Role) []string {
	names := Map(NamesDue(p, group[0]), func(n RequiredName) string { return n.Name })
	if len(names) == 0 && p.FQDN(group[0]) != "" {
		names = []string{p.FQDN(group[0])}
	}
	return names
}

func (q CertificateRequest) command(p Pool, names []string, label string) string {
	parts := []string{"Request-CsCertificate -New",
		"-Type " + strings.Join(q.Types, ","),
		fmt.Sprintf("-DomainName '%s'", strings.Join(names, ",")),
		fmt.Sprintf("-FriendlyName '%s %s'", names[0], label),
		"-KeySize 2048 -PrivateKeyExportable $true"}
	if p.NeedsClientAuth() {
		parts = append(parts, "-ClientEKU $true")
	}
	return strings.Join(append(parts, "-Output '"+q.File+".req'"), " ")
}
