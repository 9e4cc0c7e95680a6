// Package topology reads exports of a deployment, one file or several:
//
//	published XML, .tbxml, Export-CsConfiguration ZIP, Get-CsService … ─ Add ─→ Exports ─ Pools ─→ []edge.Pool
package topology

import (
	"bytes"
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
	"edgecert/scanner/targets/syntax"
)

// Exports is what exports of a deployment say, one file or several.
type Exports struct {
	services []edgeService
	clusters []cluster
	domains  []string
	sources  []string // the inputs, for the messages
}

// An edgeService is the Edge service of one pool: its external ports.
type edgeService struct {
	pool   string // the cluster's FQDN, internal
	key    string // the cluster's identifier where FQDN is not known: "1:2", a UniqueId
	ports  []edgePort
	source string
}

// An edgePort is one external port of an Edge service.
type edgePort struct {
	role      edge.Role
	fqdn      string
	port      int
	iface     string // InterfaceNumber: joins it to the machines' interfaces
	addressed bool   // the export knows interfaces
}

// A cluster is a pool's machines.
type cluster struct {
	fqdn, key string
	machines  []machine
	cut       string // what stands where a machine's name is expected
	source    string
}

// A machine is one Edge Server.
type machine struct {
	fqdn       string
	interfaces []netInterface
}

// A netInterface is one external interface of a machine.
type netInterface struct {
	number     string
	address    netip.Addr // invalid: not given, or "all" (0.0.0.0)
	configured netip.Addr // the public address before a NAT
}

// Recognize reports whether an input is an export, by its first characters. A
// targets file may begin with "[2001:db8::1]:443", so a bracket alone is no JSON.
func Recognize(raw []byte) bool {
	if isZIP(raw) {
		return true
	}
	head := string(raw[:min(len(raw), 4096)])
	head = strings.TrimLeft(strings.NewReplacer("\xef\xbb\xbf", "", "\xff\xfe", "", "\xfe\xff", "", "\x00", "").Replace(head), " \t\r\n")
	switch {
	case strings.HasPrefix(head, "["):
		rest := strings.TrimLeft(head[1:], " \t\r\n")
		return rest == "" || strings.ContainsAny(rest[:1], `{"[]`)
	default:
		return exported.MatchString(head)
	}
}

// exported is how an export begins: XML, JSON, Export-Csv, a transcript, or a
// printed list or table.
var exported = regexp.MustCompile(`^(<|\{|#TYPE |"\w+"[,;\t]"|\*{10}|PS [A-Za-z]:\\|\w+ +: \S|\w+ +\w[\w ]*\r?\n-+ +-)`)

func isZIP(raw []byte) bool {
	return bytes.HasPrefix(raw, []byte("PK\x03\x04")) || bytes.HasPrefix(raw, []byte("PK\x05\x06"))
}

// exportHint says what can be exported.
const exportHint = "give the topology of Get-CsTopology -AsXml or Export-CsConfiguration, a .tbxml, or Get-CsService -EdgeServer | ConvertTo-Json"

// Add takes one input, told by its content. One that holds nothing of a topology
// is refused.
func (t *Exports) Add(name string, raw []byte) error {
	if err := syntax.CheckSize(name, raw, limits.Topology); err != nil {
		return err
	}
	t.sources = append(t.sources, name)
	if isZIP(raw) {
		budget := int64(limits.Topology)
		return t.addZIP(name, raw, &budget, 1)
	}
	text, err := syntax.Decode(name, raw)
	if err != nil {
		return err
	}
	trimmed := strings.TrimSpace(text)
	if strings.HasPrefix(trimmed, "<") && !strings.Contains(trimmed[:min(len(trimmed), 200)], "<Objs ") {
		return t.addXML(name, text)
	}
	found, err := t.addObjects(name, text)
	if err == nil && !found {
		return syntax.Fail(name, 0, exportHint+" (and Get-CsPool, Get-CsSipDomain); a targets file is given without --topology", "no Edge service, pool or SIP domain of a topology in it")
	}
	return err
}

// Pools makes an edge.Pool of every Edge service.
func (t *Exports) Pools() ([]edge.Pool, error) {
	if len(t.sources) == 0 {
		return nil, nil
	}
	var out []edge.Pool
	var unnamed []string
	for _, s := range t.services {
		p := t.pool(s)
		if _, ok := p.Service(edge.Access); !ok {
			who := "an Edge pool of " + s.source
			if p.Name != "" {
				who = fmt.Sprintf("Edge pool %q", p.Name)
			}
			unnamed = append(unnamed, who+" has no name or no port for Access Edge")
			continue
		}
		if i := slices.IndexFunc(out, func(o edge.Pool) bool { return o.Name == p.Name }); i >= 0 {
			out[i].Notes = append(out[i].Notes, Disagreements(out[i], p)...)
			continue
		}
		out = append(out, p)
	}
	if len(out) == 0 {
		msg := cmp.Or(strings.Join(unnamed, "; "), "no Edge pool in this topology")
		return nil, syntax.Fail(strings.Join(t.sources, ", "), 0, exportHint, "%s", msg)
	}
	for _, u := range unnamed {
		out[0].Notes = append(out[0].Notes, u+": left out")
	}
	return out, nil
}

// pool makes an edge.Pool of one Edge service.
func (t *Exports) pool(s edgeService) edge.Pool {
	c := t.cluster(s)
	p := edge.Pool{Name: s.pool, Kind: edge.EdgePool, Source: s.source}
	if p.Name == "" {
		p.Name = c.fqdn
	}
	for _, d := range t.domains {
		if clean, err := syntax.CleanName(d); err == nil && !slices.Contains(p.SIPDomains, clean) {
			p.SIPDomains = append(p.SIPDomains, clean)
		}
	}
	for _, role := range []edge.Role{edge.Access, edge.WebConf, edge.AV, edge.XMPP} {
		t.collect(&p, s, role)
	}
	access, ok := p.Service(edge.Access)
	if !ok {
		return p
	}
	t.noteMissing(&p, s)
	if !syntax.PlainWord(p.Name) || p.Name == string(edge.LoosePool) || p.Name == string(edge.CommandLinePool) {
		p.Name = access.FQDN
	}
	for _, m := range c.machines {
		p.Members = append(p.Members, edge.Member{Name: m.fqdn, Source: c.source})
	}
	if c.cut != "" {
		p.Notes = append(p.Notes, fmt.Sprintf("%s has %q among the pool's members, which is no name: ConvertTo-Json cuts what lies deeper than its -Depth", c.source, c.cut))
	}
	t.addAddresses(&p, s, c)
	return p
}

// noteMissing says what a topology always has and this one lacks: a service that
// is silently not scanned would look well.
func (t *Exports) noteMissing(p *edge.Pool, s edgeService) {
	if len(p.SIPDomains) == 0 {
		p.Notes = append(p.Notes, "the topology lists no SIP domain: which sip.<domain> the certificate must hold is not known")
	}
	for _, role := range []edge.Role{edge.WebConf, edge.AV, edge.XMPP} {
		_, ok := p.Service(role)
		there := role != edge.XMPP || slices.ContainsFunc(s.ports, func(e edgePort) bool { return e.role == role })
		if !ok && there {
			p.Notes = append(p.Notes, fmt.Sprintf("the topology has no name or no port for %s: it is not scanned", role.Title()))
		}
	}
}

// cluster is the machines of a service's pool, each once.
func (t *Exports) cluster(s edgeService) cluster {
	i := slices.IndexFunc(t.clusters, func(c cluster) bool {
		return s.key != "" && c.key == s.key || s.key == "" && c.fqdn == s.pool
	})
	if i < 0 {
		return cluster{}
	}
	c := t.clusters[i]
	c.machines = edge.Map(edge.GroupBy(c.machines, func(m machine) string { return m.fqdn }), func(same []machine) machine { return same[0] })
	return c
}

// collect makes a service of the ports of a role. In single-IP mode both Access ports
// are 5061, which is then one port.
func (t *Exports) collect(p *edge.Pool, s edgeService, role edge.Role) {
	svc := edge.Service{Role: role, Source: s.source}
	for _, port := range s.ports {
		if port.role != role {
			continue
		}
		if name, err := syntax.CleanName(port.fqdn); err == nil && role != edge.XMPP {
			if svc.FQDN != "" && svc.FQDN != name {
				p.Notes = append(p.Notes, fmt.Sprintf("the topology names %s both %s and %s: the first is taken", role.Title(), svc.FQDN, name))
			} else {
				svc.FQDN = name
			}
		}
		if !slices.Contains(svc.Ports, port.port) {
			svc.Ports = append(svc.Ports, port.port)
		}
	}
	slices.Sort(svc.Ports)
	if role == edge.XMPP && len(svc.Ports) > 0 && len(p.SIPDomains) > 0 {
		svc.FQDN = p.SIPDomains[0] // partners ask for the SIP domain, whatever the proxy is called
		svc.Source += ", named by the default SIP domain"
	}
	if svc.FQDN != "" && len(svc.Ports) > 0 {
		p.Services = append(p.Services, svc)
	}
}
