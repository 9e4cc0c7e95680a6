package target

import (
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/edge"
)

// RequestCommand is the PowerShell that requests the certificate of a pool:
// Request-CsCertificate with exactly the names of edge.RequiredNames, on one
// member, with a key that can be exported to the others. Where the pool has a
// certificate a service it is one command a line. A name that is not DNS safe is
// left out, since it may come from the network, and counted in a comment. Empty
// without services.
//
// -AllSipDomain is left out on purpose: it adds sip.<domain> of every domain of
// the topology, and the names stand here already.
func RequestCommand(p edge.Pool) string {
	if len(p.Services) == 0 {
		return ""
	}
	var commands []string
	for _, c := range requests(p) {
		if command := c.command(p); command != "" {
			commands = append(commands, command)
		}
	}
	return strings.Join(commands, "\n")
}

// A request is one certificate to be asked for.
type request struct {
	types []string // -Type
	name  string   // in the friendly name and the file
	kinds []edge.NameKind
}

func requests(p edge.Pool) []request {
	if !p.PerService {
		return []request{{types: []string{"AccessEdgeExternal", "DataEdgeExternal", "AudioVideoAuthentication"}, name: "edge"}}
	}
	return []request{
		{types: []string{"AccessEdgeExternal"}, name: "access",
			kinds: []edge.NameKind{edge.AccessName, edge.SIPDomainName, edge.SRVTargetName, edge.ExtraName, edge.XMPPName}},
		{types: []string{"DataEdgeExternal"}, name: "webcon", kinds: []edge.NameKind{edge.WebConfName}},
		{types: []string{"AudioVideoAuthentication"}, name: "av"},
	}
}

// command is the request as PowerShell.
func (r request) command(p edge.Pool) string {
	all := r.names(p)
	names := slices.DeleteFunc(slices.Clone(all), func(n string) bool { return !edge.DNSSafe(n) })
	if len(names) == 0 {
		return ""
	}
	parts := []string{"Request-CsCertificate -New",
		"-Type " + strings.Join(r.types, ","),
		fmt.Sprintf("-DomainName '%s'", strings.Join(names, ",")),
		fmt.Sprintf("-FriendlyName '%s %s'", names[0], r.name),
		"-KeySize 2048 -PrivateKeyExportable $true",
	}
	if p.ClientAuth == edge.ClientAuthRequired || p.PublicIMAOL {
		parts = append(parts, "-ClientEku $true")
	}
	parts = append(parts, fmt.Sprintf(`-Output '.\%s-%s.req'`, names[0], r.name))
	if left := len(all) - len(names); left > 0 {
		parts = append(parts, fmt.Sprintf("# without %s that is not DNS safe", countOf(left, "name")))
	}
	return strings.Join(parts, " ")
}

// names are what the certificate of r must hold, the subject first. A/V needs
// no name, and a certificate needs one: its own.
func (r request) names(p edge.Pool) []string {
	var names []string
	for _, n := range edge.RequiredNames(p) {
		if r.kinds == nil && len(r.types) > 1 || slices.Contains(r.kinds, n.Kind) {
			names = append(names, n.Name)
		}
	}
	if len(names) == 0 {
		switch {
		case slices.Contains(r.types, "AudioVideoAuthentication") && p.FQDN(edge.AV) != "":
			names = append(names, p.FQDN(edge.AV))
		case slices.Contains(r.types, "DataEdgeExternal") && p.FQDN(edge.WebConf) != "": // it shares the name of Access
			names = append(names, p.FQDN(edge.WebConf))
		}
	}
	return names
}
