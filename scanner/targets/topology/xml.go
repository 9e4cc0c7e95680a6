package topology

import (
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
	"edgecert/scanner/targets/syntax"
)

// An element is one XML element, known by its local name, since the namespaces
// carry a version. One of a foreign namespace has none: it is looked through.
type element struct {
	name       string
	attributes []xml.Attr
	children   []*element
}

// attr is an attribute's value, empty where it is not there.
func (e *element) attr(name string) string {
	a, _ := edge.Find(e.attributes, func(a xml.Attr) bool { return a.Name.Local == name })
	return strings.TrimSpace(a.Value)
}

// child is the first direct child of a name; its zero value where there is none.
func (e *element) child(name string) *element {
	if c, ok := edge.Find(e.children, func(c *element) bool { return c.name == name }); ok {
		return c
	}
	return &element{}
}

// each walks every element of a name, at any depth.
func (e *element) each(name string, visit func(*element)) {
	for _, c := range e.children {
		if c.name == name {
			visit(c)
		}
		c.each(name, visit)
	}
}

// addXML reads a published topology or a .tbxml. Both are found at any depth:
// an export wraps them into documents of its own.
func (t *Exports) addXML(name, text string) error {
	root, err := parseXML(name, text)
	if err != nil {
		return err
	}
	document := root.child("TopologyBuilder").child("NewTopology")
	if document.name == "" { // else what was published before may stand beside it
		document = root
	}
	found := false
	document.each("InternalDomain", func(d *element) { t.domains = append(t.domains, d.attr("Name")) })
	t.defaultDomainFirst(document)
	document.each("Cluster", func(c *element) { t.addCluster(name, c) })
	// Only a service of its own counts: the same RoleName stands in the
	// Dependency of every service that uses the Edge.
	document.each("Services", func(list *element) {
		for _, s := range list.children {
			if s.name == "Service" && (s.attr("RoleName") == "EdgeServer" || s.child("ServiceId").attr("RoleName") == "EdgeServer") {
				found = true
				t.addXMLService(name, s)
			}
		}
	})
	if !found && root.child("Topology").name == "" && root.child("TopologyBuilder").name == "" && root.child("DocItemSet").name == "" {
		what := "XML of a foreign namespace"
		if r := rootName(root); r != "" {
			what = fmt.Sprintf("XML whose root %q is no topology", r)
		}
		return syntax.Fail(name, 0, "the published topology, a .tbxml or the ZIP of Export-CsConfiguration is expected", "%s", what)
	}
	return nil
}

func rootName(root *element) string {
	if len(root.children) == 0 {
		return ""
	}
	return root.children[0].name
}

// defaultDomainFirst brings the default SIP domain to the front, as it heads
// every list of Microsoft's own tools.
func (t *Exports) defaultDomainFirst(root *element) {
	root.each("InternalDomains", func(list *element) {
		isDefault := func(d string) bool { return strings.EqualFold(d, list.attr("DefaultDomain")) }
		if i := slices.IndexFunc(t.domains, isDefault); i > 0 {
			first := t.domains[i]
			t.domains = slices.Insert(slices.Delete(t.domains, i, i+1), 0, first)
		}
	})
}

// parseXML reads a document into elements, within limits. A DOCTYPE is refused:
// no export has one, and all the mischief of entities begins there.
func parseXML(name, text string) (*element, error) {
	d := xml.NewDecoder(strings.NewReader(text))
	d.CharsetReader = func(charset string, in io.Reader) (io.Reader, error) {
		if strings.HasPrefix(strings.ToLower(charset), "utf-") { // decoded by its byte order mark already
			return in, nil
		}
		return nil, fmt.Errorf("encoding %q is not read: save it as UTF-8", charset)
	}
	fail := func(format string, args ...any) (*element, error) {
		line, _ := d.InputPos()
		return nil, syntax.Fail(name, line, "", format, args...)
	}
	root := &element{}
	stack := []*element{root}
	for count := 0; ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return root, nil
		}
		if err != nil {
			return fail("broken XML: %v", err)
		}
		switch token := token.(type) {
		case xml.Directive:
			return fail("a document type definition: no topology has one, and entities are not read")
		case xml.StartElement:
			if count++; count > limits.XMLElements {
				return fail("more than %d elements", limits.XMLElements)
			}
			if len(stack) > limits.XMLDepth {
				return fail("elements nested deeper than %d", limits.XMLDepth)
			}
			e := &element{}
			if ns := token.Name.Space; ns == "" || strings.HasPrefix(ns, "urn:schema:Microsoft.Rtc.Management.") {
				e.name, e.attributes = token.Name.Local, slices.Clone(token.Attr)
			}
			parent := stack[len(stack)-1]
			parent.children = append(parent.children, e)
			stack = append(stack, e)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		}
	}
}

// addCluster keeps a cluster's machines with their external interfaces.
func (t *Exports) addCluster(name string, e *element) {
	c := cluster{fqdn: strings.ToLower(e.attr("Fqdn")), key: clusterKey(name, e.attr("UniqueId"), e.child("ClusterId")), source: name}
	e.each("Machine", func(m *element) {
		one := machine{fqdn: strings.ToLower(cmp.Or(m.attr("Fqdn"), c.fqdn))} // a single machine may have the cluster's name alone
		if !syntax.PlainWord(one.fqdn) || one.fqdn == edge.VIPMember {        // it is scanned all the same
			one.fqdn = fmt.Sprintf("machine-%d", len(c.machines)+1)
		}
		m.each("NetInterface", func(i *element) {
			if i.attr("InterfaceSide") != "External" {
				return
			}
			one.interfaces = append(one.interfaces, netInterface{number: i.attr("InterfaceNumber"),
				address: realIP(i.attr("IPAddress")), configured: realIP(i.attr("ConfiguredIPAddress"))})
		})
		c.machines = append(c.machines, one)
	})
	t.clusters = append(t.clusters, c)
}

// clusterKey joins a cluster and its services within one input: by the
// UniqueId of a .tbxml, by site and number in the published form.
func clusterKey(name, unique string, id *element) string {
	return strings.Join([]string{name, unique, id.attr("SiteId"), id.attr("Number")}, "\n")
}

// realIP is an address of an interface; 0.0.0.0 stands for all of them.
func realIP(s string) netip.Addr {
	ip, err := syntax.ParseIP(s)
	if err != nil {
		return netip.Addr{}
	}
	return ip
}

// addXMLService keeps the external ports of an Edge service. They are told by
// owner, usage, side and protocol, never by place.
func (t *Exports) addXMLService(name string, e *element) {
	s := edgeService{key: clusterKey(name, e.attr("InstalledOn"), e.child("InstalledOn").child("ClusterId")), source: name}
	for _, p := range e.child("Ports").children {
		role, ok := portRole(p)
		number, err := syntax.ParsePort(p.attr("Port"))
		if !ok || err != nil {
			continue
		}
		s.ports = append(s.ports, edgePort{role: role, fqdn: p.attr("ConfiguredFqdn"), port: number,
			iface: p.attr("InterfaceNumber"), addressed: true})
	}
	t.services = append(t.services, s)
}

// portRole tells which service an external port belongs to.
func portRole(p *element) (edge.Role, bool) {
	if p.name != "Port" || p.attr("InterfaceSide") != "External" {
		return "", false
	}
	switch owner, protocol := strings.TrimPrefix(p.attr("Owner"), "urn:component:"), p.attr("Protocol"); owner + " " + p.attr("Usage") {
	case "AccessEdge SipClient", "AccessEdge SipServer":
		return edge.Access, protocol == "Tls" || protocol == "Mtls"
	case "DataEdge PsomClient":
		return edge.WebConf, protocol == "Tls"
	case "MediaRelayEdge TURNServer":
		return edge.AV, protocol == "Tcp" // the same usage stands for UDP 3478
	case "XmppFederationProxy XmppServer":
		return edge.XMPP, true
	}
	return "", false
}
