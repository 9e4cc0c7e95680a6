package targets

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"edgecert/scanner/edge"

	"github.com/google/go-cmp/cmp"
)

// published is a pool of two members with three public addresses each, as
// Get-CsTopology -AsXml prints it. Every case changes it in one place.
const published = `<?xml version="1.0" encoding="utf-8"?>
<Topology xmlns="urn:schema:Microsoft.Rtc.Management.Deploy.Topology.2008">
 <InternalDomains DefaultDomain="Contoso.com"><InternalDomain Name="Fabrikam.com"/><InternalDomain Name="contoso.com"/></InternalDomains>
 <Clusters>
  <Cluster Fqdn="fe.contoso.net"><ClusterId SiteId="1" Number="1"/><Machine Fqdn="fe1.contoso.net"/></Cluster>
  <Cluster Fqdn="EdgePool.contoso.net"><ClusterId SiteId="1" Number="2"/>
   <Machine OrdinalInCluster="1" Fqdn="edge1.contoso.net">
    <NetInterface InterfaceSide="Internal" InterfaceNumber="1" IPAddress="10.0.0.10"/>
    <NetInterface InterfaceSide="External" InterfaceNumber="3" IPAddress="203.0.113.30"/>
    <NetInterface InterfaceSide="External" InterfaceNumber="1" IPAddress="203.0.113.10"/>
    <NetInterface InterfaceSide="External" InterfaceNumber="2" IPAddress="203.0.113.20"/>
   </Machine>
   <Machine OrdinalInCluster="2" Fqdn="edge2.contoso.net">
    <NetInterface InterfaceSide="External" InterfaceNumber="1" IPAddress="203.0.113.11"/>
    <NetInterface InterfaceSide="External" InterfaceNumber="2" IPAddress="203.0.113.21"/>
    <NetInterface InterfaceSide="External" InterfaceNumber="3" IPAddress="203.0.113.31"/>
   </Machine>
  </Cluster>
 </Clusters>
 <Services>
  <Service ServiceVersion="7"><ServiceId SiteId="1" RoleName="UserServices" Instance="1"/>
   <DependsOn><Dependency><ServiceId SiteId="1" RoleName="EdgeServer" Instance="1"/></Dependency></DependsOn>
   <InstalledOn><ClusterId SiteId="1" Number="1"/></InstalledOn>
   <Ports xmlns="urn:schema:Microsoft.Rtc.Management.Deploy.ServiceRoles.2008">
    <Port Owner="urn:component:AccessEdge" Usage="SipClient" InterfaceSide="External" InterfaceNumber="1" Port="9443" Protocol="Tls" ConfiguredFqdn="wrong.contoso.com"/>
   </Ports></Service>
  <Service ServiceVersion="7"><ServiceId SiteId="1" RoleName="EdgeServer" Instance="1"/>
   <InstalledOn><ClusterId SiteId="1" Number="2"/></InstalledOn>
   <Ports xmlns="urn:schema:Microsoft.Rtc.Management.Deploy.ServiceRoles.2008">
    <Port Owner="urn:component:AccessEdge" Usage="SipServer" InterfaceSide="Internal" InterfaceNumber="1" Port="5061" Protocol="Mtls"/>
    <Port Owner="urn:component:MediaRelayEdge" Usage="TURNServer" InterfaceSide="External" InterfaceNumber="3" Port="3478" Protocol="Udp" ConfiguredFqdn="av.contoso.com"/>
    <Port Owner="urn:component:MediaRelayEdge" Usage="TURNServer" InterfaceSide="External" InterfaceNumber="3" Port="443" Protocol="Tcp" ConfiguredFqdn="av.contoso.com"/>
    <Port Owner="urn:component:DataEdge" Usage="PsomClient" InterfaceSide="External" InterfaceNumber="2" Port="443" Protocol="Tls" ConfiguredFqdn="webcon.contoso.com"/>
    <Port Owner="urn:component:AccessEdge" Usage="SipServer" InterfaceSide="External" InterfaceNumber="1" Port="5061" Protocol="Mtls" ConfiguredFqdn="SIP.contoso.com"/>
    <Port Owner="urn:component:AccessEdge" Usage="SipClient" InterfaceSide="External" InterfaceNumber="1" Port="443" Protocol="Tls" ConfiguredFqdn="sip.contoso.com"/>
   </Ports></Service>
 </Services>
</Topology>`

// member is a member with an address a service, in role order.
func member(name string, addresses ...string) edge.Member {
	m := edge.Member{Name: name}
	for i, a := range addresses {
		if a != "-" {
			m.Addresses = append(m.Addresses, edge.Address{Role: edge.Roles()[i], IP: netip.MustParseAddr(a)})
		}
	}
	return m
}

// publishedPool is what published describes.
func publishedPool() edge.Pool {
	return edge.Pool{
		Name:       "edgepool.contoso.net",
		Kind:       edge.EdgePool,
		SIPDomains: []string{"contoso.com", "fabrikam.com"},
		Services: []edge.Service{
			{Role: edge.Access, FQDN: "sip.contoso.com", Ports: []int{443, 5061}},
			{Role: edge.WebConf, FQDN: "webcon.contoso.com", Ports: []int{443}},
			{Role: edge.AV, FQDN: "av.contoso.com", Ports: []int{443}},
		},
		Members: []edge.Member{
			member("edge1.contoso.net", "203.0.113.10", "203.0.113.20", "203.0.113.30"),
			member("edge2.contoso.net", "203.0.113.11", "203.0.113.21", "203.0.113.31"),
		},
	}
}

// change replaces every old by new in text, which must hold it.
func change(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("%q is not there", pairs[i])
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return text
}

func TestPublishedTopology(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		replace []string
		mutate  func(*edge.Pool)
	}{
		{"three public addresses a member", nil, func(*edge.Pool) {}},
		{"moved A/V port", []string{`Port="443" Protocol="Tcp"`, `Port="442" Protocol="Tcp"`}, func(p *edge.Pool) { p.Services[2].Ports = []int{442} }},
		{"one address a member, both Access ports 5061",
			[]string{`InterfaceNumber="2" Port`, `InterfaceNumber="1" Port`, `InterfaceNumber="3" Port`, `InterfaceNumber="1" Port`,
				`Port="443" Protocol="Tls" ConfiguredFqdn="sip`, `Port="5061" Protocol="Tls" ConfiguredFqdn="sip`,
				`Port="443" Protocol="Tls" ConfiguredFqdn="webcon`, `Port="444" Protocol="Tls" ConfiguredFqdn="webcon`,
				`IPAddress="203.0.113.10"`, `IPAddress="10.0.0.1" ConfiguredIPAddress="198.51.100.1"`},
			func(p *edge.Pool) {
				p.Services[0].Ports, p.Services[1].Ports = []int{5061}, []int{444}
				p.Members = []edge.Member{
					member("edge1.contoso.net", "198.51.100.1", "198.51.100.1", "198.51.100.1"),
					member("edge2.contoso.net", "203.0.113.11", "203.0.113.11", "203.0.113.11"),
				}
			}},
		{"NAT: the public address is known of A/V alone",
			[]string{`IPAddress="203.0.113.`, `ConfiguredIPAddress="198.51.100.99" IPAddress="10.1.2.`,
				`ConfiguredIPAddress="198.51.100.99" IPAddress="10.1.2.30"`, `ConfiguredIPAddress="198.51.100.30" IPAddress="10.1.2.30"`,
				`ConfiguredIPAddress="198.51.100.99" IPAddress="10.1.2.31"`, `ConfiguredIPAddress="198.51.100.31" IPAddress="10.1.2.31"`},
			func(p *edge.Pool) {
				p.Members = []edge.Member{member("edge1.contoso.net", "-", "-", "198.51.100.30"), member("edge2.contoso.net", "-", "-", "198.51.100.31")}
				p.Notes = []string{"the public addresses (NAT) of Access Edge (sip.contoso.com), Web Conferencing Edge (webcon.contoso.com) are not in the topology: completed from DNS",
					"the topology has private addresses where public ones are expected: edge1.contoso.net 10.1.2.30 10.1.2.10 10.1.2.20, edge2.contoso.net 10.1.2.11 10.1.2.21 10.1.2.31"}
			}},
		{"an interface that listens on all addresses",
			[]string{`IPAddress="203.0.113.21"`, `IPAddress="0.0.0.0"`},
			func(p *edge.Pool) {
				p.Members = []edge.Member{
					member("edge1.contoso.net", "203.0.113.10", "-", "203.0.113.30"), member("edge2.contoso.net", "203.0.113.11", "-", "203.0.113.31")}
				p.Notes = []string{"the public addresses (NAT) of Web Conferencing Edge (webcon.contoso.com) are not in the topology: completed from DNS"}
			}},
		{"an IPv6 address beside", []string{`IPAddress="203.0.113.30"/>`, `IPAddress="203.0.113.30"/><NetInterface InterfaceSide="External" InterfaceNumber="3" IPAddress="2001:db8::30"/>`},
			func(p *edge.Pool) {
				p.Members[0].Addresses = append(p.Members[0].Addresses, edge.Address{Role: edge.AV, IP: ip("2001:db8::30")})
			}},
		{"XMPP", []string{`  </Ports></Service>
 </Services>`, `<Port Owner="urn:component:XmppFederationProxy" Usage="XmppServer" InterfaceSide="External" InterfaceNumber="1" Port="5269" Protocol="Tls"/></Ports></Service></Services>`},
			func(p *edge.Pool) {
				p.Services = append(p.Services, edge.Service{Role: edge.XMPP, FQDN: "contoso.com", Ports: []int{5269}})
			}},
		{"unknown elements and namespaces", []string{`<Services>`, `<Services xmlns:x="urn:other"><x:Service RoleName="EdgeServer"/><Novelty>text</Novelty>`,
			`<Port Owner="urn:component:DataEdge"`, `<x:Port xmlns:x="urn:other" Owner="urn:component:DataEdge" Usage="PsomClient" InterfaceSide="External" Port="1" Protocol="Tls" ConfiguredFqdn="x.contoso.com"/><Port x:y="z" xmlns:x="urn:other" Owner="urn:component:DataEdge"`},
			func(*edge.Pool) {}},
		{"wrapped into documents", []string{`<Topology`, `<DocItemSet xmlns="urn:schema:Microsoft.Rtc.Management.Xds.AppLayer.2008"><DocItem><Data><Topology`, `</Topology>`, `</Topology></Data></DocItem></DocItemSet>`},
			func(*edge.Pool) {}},
		{"prefixes for namespaces", []string{`<Topology xmlns=`, `<t:Topology xmlns:t=`, `</Topology>`, `</t:Topology>`, `<Clusters>`, `<t:Clusters>`, `</Clusters>`, `</t:Clusters>`},
			func(*edge.Pool) {}},
		{"no name for a service", []string{` ConfiguredFqdn="webcon.contoso.com"`, ``}, func(p *edge.Pool) {
			p.Services = slices.Delete(p.Services, 1, 2)
			for i := range p.Members {
				p.Members[i].Addresses = slices.Delete(p.Members[i].Addresses, 1, 2)
			}
			p.Notes = []string{"the topology has no name or no port for Web Conferencing Edge: it is not scanned"}
		}},
		{"no SIP domain", []string{`InternalDomain `, `OtherDomain `}, func(p *edge.Pool) {
			p.SIPDomains = nil
			p.Notes = []string{"the topology lists no SIP domain: which sip.<domain> the certificate must hold is not known"}
		}},
		{"one address for two members", []string{`"203.0.113.11"`, `"203.0.113.10"`}, func(p *edge.Pool) {
			for i := range p.Members {
				p.Members[i].Addresses = p.Members[i].Addresses[1:]
			}
			p.Notes = []string{"the topology gives 203.0.113.10:443 to Access Edge of edge1.contoso.net and to Access Edge of edge2.contoso.net: completed from DNS"}
		}},
		{"machines with names that are none", []string{`"edge1.contoso.net"`, `"edge = 1"`, `"edge2.contoso.net"`, `"VIP"`}, func(p *edge.Pool) {
			p.Members[0].Name, p.Members[1].Name = "machine-1", "machine-2"
		}},
		{"a second Edge pool that has no name yet", []string{`<Services>`, `<Services><Service><ServiceId SiteId="2" RoleName="EdgeServer"/></Service>`}, func(p *edge.Pool) {
			p.Notes = []string{`an Edge pool of topology.xml has no name or no port for Access Edge: left out`}
		}},
		{"two names for one service", []string{`"SIP.contoso.com"`, `"access.contoso.com"`}, func(p *edge.Pool) {
			p.Services[0].FQDN = "access.contoso.com"
			p.Notes = []string{"the topology names Access Edge both access.contoso.com and sip.contoso.com: the first is taken"}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := publishedPool()
			tt.mutate(&want)
			f, err := loadBytes("topology.xml", []byte(change(t, published, tt.replace...)))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([]edge.Pool{want}, f.Pools, comparing()); d != "" {
				t.Error(d)
			}
		})
	}
}

// builder is a .tbxml: a pool of a single machine that has no name of its own,
// and a pool of two; what was published before stands beside what is edited.
const builder = `<TopologyBuilder xmlns="urn:schema:Microsoft.Rtc.Management.Deploy.TopologyBuilder.2008">
<OldTopology><PartialTopology xmlns="urn:schema:Microsoft.Rtc.Management.Deploy.WritableTopology.2008"><InternalDomains><InternalDomain Name="old.example"/></InternalDomains></PartialTopology></OldTopology>
<NewTopology><PartialTopology xmlns="urn:schema:Microsoft.Rtc.Management.Deploy.WritableTopology.2008">
 <InternalDomains DefaultDomain="contoso.com"><InternalDomain Name="contoso.com"/></InternalDomains>
 <CentralSites><CentralSite><Clusters>
  <Cluster UniqueId="A" Fqdn="edge.contoso.net" IsSingleMachineOnly="true"><Machines><Machine>
    <NetInterface InterfaceSide="External" InterfaceNumber="1" IPAddress="203.0.113.10"/></Machine></Machines></Cluster>
  <Cluster UniqueId="B" Fqdn="pool.contoso.net"><Machines>
    <Machine Fqdn="b1.contoso.net"><NetInterface InterfaceSide="External" InterfaceNumber="4" IPAddress="203.0.113.21"/></Machine>
    <Machine Fqdn="b2.contoso.net"><NetInterface InterfaceSide="External" InterfaceNumber="4" IPAddress="203.0.113.22"/></Machine></Machines></Cluster>
 </Clusters><Services>
  <Service RoleName="EdgeServer" InstalledOn="A"><Ports xmlns="urn:schema:Microsoft.Rtc.Management.Deploy.ServiceRoles.2008">
   <Port Owner="urn:component:AccessEdge" Usage="SipServer" InterfaceSide="External" InterfaceNumber="1" Port="5061" Protocol="Mtls" ConfiguredFqdn="sip.contoso.com"/></Ports></Service>
  <Service RoleName="EdgeServer" InstalledOn="B"><Ports xmlns="urn:schema:Microsoft.Rtc.Management.Deploy.ServiceRoles.2008">
   <Port Owner="urn:component:AccessEdge" Usage="SipServer" InterfaceSide="External" InterfaceNumber="4" Port="5061" Protocol="Mtls" ConfiguredFqdn="sip2.contoso.com"/></Ports></Service>
 </Services></CentralSite></CentralSites></PartialTopology></NewTopology></TopologyBuilder>`

func TestTopologyBuilderFile(t *testing.T) {
	t.Parallel()
	f, err := loadBytes("contoso.tbxml", []byte(builder))
	if err != nil {
		t.Fatal(err)
	}
	access := func(name string) []edge.Service {
		return []edge.Service{{Role: edge.Access, FQDN: name, Ports: []int{5061}}}
	}
	notes := []string{"the topology has no name or no port for Web Conferencing Edge: it is not scanned", "the topology has no name or no port for A/V Edge: it is not scanned"}
	want := []edge.Pool{
		{Name: "edge.contoso.net", Kind: edge.EdgePool, SIPDomains: []string{"contoso.com"}, Services: access("sip.contoso.com"),
			Members: []edge.Member{member("edge.contoso.net", "203.0.113.10")}, Notes: notes},
		{Name: "pool.contoso.net", Kind: edge.EdgePool, SIPDomains: []string{"contoso.com"}, Services: access("sip2.contoso.com"),
			Members: []edge.Member{member("b1.contoso.net", "203.0.113.21"), member("b2.contoso.net", "203.0.113.22")}, Notes: notes},
	}
	if d := cmp.Diff(want, f.Pools, comparing()); d != "" {
		t.Error(d)
	}
}
