package topology

import (
	"strings"

	"edgecert/scanner/edge"
	"edgecert/scanner/powershell"
	"edgecert/scanner/targets/syntax"
)

// addObjects reads what Get-CsService -EdgeServer, Get-CsPool and
// Get-CsSipDomain gave, printed or through ConvertTo-Json, Export-Csv or
// Export-Clixml: an object, a list, or one after the other.
func (t *Exports) addObjects(name, text string) (found bool, err error) {
	objects, err := powershell.Read(name, text)
	if err != nil {
		return false, syntax.Fail("", 0, "give the output of PowerShell as it is", "%w", err)
	}
	for _, o := range objects {
		found = t.walk(name, o) || found
	}
	return found, nil
}

// walk looks for our objects in one and below it.
func (t *Exports) walk(name string, o powershell.Object) bool {
	switch {
	case o.Text("AccessEdgeExternalFqdn") != "":
		t.addService(name, o)
		return true
	case len(o.List("Computers")) > 0:
		t.addPool(name, o)
		return true
	case o.Text("Name") != "" && o.Has("IsDefault"):
		t.addDomain(o)
		return true
	}
	found := false
	for _, child := range o.Children() {
		found = t.walk(name, child) || found
	}
	return found
}

// addService keeps an Edge service. Some properties have another name in the
// documentation than in the product.
func (t *Exports) addService(name string, o powershell.Object) {
	s := edgeService{pool: strings.ToLower(o.Text("PoolFqdn")), source: name}
	if s.pool == "" { // "EdgeServer:edgepool.contoso.net"
		_, id, _ := strings.Cut(o.Text("Identity"), ":")
		s.pool = strings.ToLower(id)
	}
	if !syntax.PlainWord(s.pool) {
		s.pool = strings.ToLower(o.Text("AccessEdgeExternalFqdn"))
	}
	access, av := o.Text("AccessEdgeExternalFqdn"), o.First("AVEdgeExternalFqdn", "ExternalMrasFqdn")
	for _, f := range []struct {
		role       edge.Role
		fqdn, port string
	}{
		{edge.Access, access, o.First("AccessEdgeClientSipPort", "AccessEdgeClientPort")},
		{edge.Access, access, o.Text("AccessEdgeExternalSipPort")},
		{edge.WebConf, o.Text("DataEdgeExternalFqdn"), o.Text("DataPsomClientPort")},
		{edge.AV, av, o.First("MediaRelayExternalTurnTcpPort", "MediaRelayAuthExternalTurnTcpPort")},
		{edge.XMPP, "", o.Text("XmppListeningPort")},
	} {
		if port, err := syntax.ParsePort(f.port); err == nil {
			s.ports = append(s.ports, edgePort{role: f.role, fqdn: f.fqdn, port: port})
		}
	}
	t.services = append(t.services, s)
}

// addPool keeps a pool's computers. Beyond its -Depth, ConvertTo-Json writes a
// list as its elements with blanks between them, or as the name of its type; a
// console writes {a, b...}.
func (t *Exports) addPool(name string, o powershell.Object) {
	c := cluster{fqdn: strings.ToLower(o.First("Fqdn", "Identity")), source: name}
	computers, cut := powershell.SplitList(o.Text("Computers"))
	if cut {
		c.cut = o.Text("Computers")
	}
	for _, computer := range computers {
		if fqdn, err := syntax.CleanName(computer); err == nil && !strings.HasPrefix(fqdn, "microsoft.rtc.") {
			c.machines = append(c.machines, machine{fqdn: fqdn})
		} else {
			c.cut = computer
		}
	}
	t.clusters = append(t.clusters, c)
}

func (t *Exports) addDomain(o powershell.Object) {
	if strings.EqualFold(o.Text("IsDefault"), "true") {
		t.domains = append([]string{o.Text("Name")}, t.domains...)
		return
	}
	t.domains = append(t.domains, o.Text("Name"))
}
