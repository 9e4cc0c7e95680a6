package report

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgecert/scanner/edge"
)

// TestCompareBehindLoadBalancer: two servers behind one address answer in turn.
func TestCompareBehindLoadBalancer(t *testing.T) {
	t.Parallel()
	older, newer := edge.NewCertificate([]byte("one")), edge.NewCertificate([]byte("two"))
	one, two := older.Fingerprint.String(), newer.Fingerprint.String()
	vip := func(seen ...*edge.Certificate) Report {
		r := night()
		r.Certificates[one], r.Certificates[two] = r.Certificates["old"], r.Certificates["new"]
		e := Endpoint{Member: edge.VIPMember, Role: edge.Access, Address: "192.0.2.1", Port: 443, ServicePort: 443, VIP: true}
		showLeaf(&e, seen[0].Fingerprint.String())
		e.Presentations = nil
		for _, c := range seen {
			e.Presentations = append(e.Presentations, edge.Presentation{Offer: edge.OfferSample, Chain: []*edge.Certificate{c}})
		}
		r.Pools[0].Endpoints = []Endpoint{e}
		return r
	}
	for _, c := range []struct {
		name string
		was  Report
		is   Report
		want []string
	}{
		{"the other server answers first", vip(older, newer), vip(newer, older), nil},
		{"the samples miss one server", vip(older, newer), vip(newer), nil},
		{"one server behind it was renewed", vip(older), vip(newer, older), []string{CertificateRenewed}},
		{"all servers behind it were renewed", vip(older), vip(newer), []string{CertificateRenewed}},
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
	pool := func(addresses ...string) Report {
		r := night()
		r.Pools[0].Endpoints = nil
		for _, a := range addresses {
			e := Endpoint{Member: a, Role: edge.Access, FQDN: "sip.contoso.com", Address: a, Port: 443, ServicePort: 443}
			showLeaf(&e, "old")
			if a == "" {
				failCell(&e, edge.ClassDNS)
			}
			r.Pools[0].Endpoints = append(r.Pools[0].Endpoints, e)
		}
		return r
	}
	both := pool("192.0.2.1", "192.0.2.2")
	for _, c := range []struct {
		name string
		was  Report
		is   Report
		want []string
	}{
		{"an address is gone", both, pool("192.0.2.1"), []string{"member-vanished 192.0.2.2/access/192.0.2.2:443 192.0.2.2→: " +
			"member 192.0.2.2 is not in the pool any more"}},
		{"the name does not resolve", both, pool(""), []string{"endpoint-unreachable // resolved→dns: the name sip.contoso.com has no address any more"}},
		{"the name resolves again", pool(""), both, []string{"endpoint-back // dns→resolved: the name sip.contoso.com has an address again"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, changeLines(Compare(c.was, c.is))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
