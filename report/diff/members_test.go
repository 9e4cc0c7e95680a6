package diff

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgecert/report"
	"edgecert/scanner/edge"
)

// TestCompareBehindLoadBalancer: two servers behind one address answer in turn.
func TestCompareBehindLoadBalancer(t *testing.T) {
	t.Parallel()
	vip := func(seen ...string) report.Report {
		n := night(t)
		e := edge.Capture{Endpoint: edge.Endpoint{Member: edge.VIPMember, Role: edge.Access, Address: netip.MustParseAddr("192.0.2.1"), Port: 443, ServicePort: 443, VIP: true}}
		n.show(&e, seen[0])
		for _, c := range seen {
			e.Presentations = append(e.Presentations, edge.Presentation{Offer: edge.OfferSample, Outcome: edge.Captured, Chain: []*edge.Certificate{n.certs[c]}})
		}
		n.Pools[0].Captures = []edge.Capture{e}
		return n.Report
	}
	older, newer := "old", "new"
	for _, c := range []struct {
		name string
		was  report.Report
		is   report.Report
		want []string
	}{
		{"the other server answers first", vip(older, newer), vip(newer, older), nil},
		{"the samples miss one server", vip(older, newer), vip(newer), nil},
		{"one server behind it was renewed", vip(older), vip(newer, older), []string{report.CertificateRenewed}},
		{"all servers behind it were renewed", vip(older), vip(newer), []string{report.CertificateRenewed}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, change := range Compare(c.was, c.is) {
				got = append(got, change.Kind)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestCompareMembersByDNS: members that only DNS names come and go with its
// answers, and are not gone when it has none to give.
func TestCompareMembersByDNS(t *testing.T) {
	t.Parallel()
	pool := func(addresses ...string) report.Report {
		n := night(t)
		n.Pools[0].Captures = nil
		for _, a := range addresses {
			e := edge.Capture{Endpoint: edge.Endpoint{Member: a, Role: edge.Access, FQDN: "sip.contoso.com", Port: 443, ServicePort: 443}}
			n.show(&e, "old")
			if a == "" {
				failCell(&e, edge.ClassDNS)
			} else {
				e.Address = netip.MustParseAddr(a)
			}
			n.Pools[0].Captures = append(n.Pools[0].Captures, e)
		}
		return n.Report
	}
	both := pool("192.0.2.1", "192.0.2.2")
	added := pool("192.0.2.1", "")
	added.Pools[0].Captures[1].FQDN = "lync.contoso.com"
	for _, c := range []struct {
		name string
		was  report.Report
		is   report.Report
		want []string
	}{
		{"a name that never resolved is new", pool("192.0.2.1"), added, nil},
		{"an address is gone", both, pool("192.0.2.1"), []string{"member-vanished 192.0.2.2/access/192.0.2.2:443 192.0.2.2→: " +
			"member 192.0.2.2 is not in the pool any more"}},
		{"the name does not resolve", both, pool(""), []string{"endpoint-unreachable // resolved→dns: the name sip.contoso.com has no address any more"}},
		{"the name resolves again", pool(""), both, []string{"endpoint-back // dns→resolved: the name sip.contoso.com has an address again"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, night(t).changeLines(Compare(c.was, c.is))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
