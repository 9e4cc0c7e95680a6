package certfile

import (
	"slices"
	"testing"
	"time"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// contoso is the pool that the bench's leaf is right for.
func contoso() edge.Pool {
	return edge.Pool{
		Name: "edge-emea", Kind: edge.EdgePool, SIPDomains: []string{"contoso.com"},
		Services: []edge.Service{
			{Role: edge.Access, FQDN: "sip.contoso.com", Ports: []int{443, 5061}},
			{Role: edge.AV, FQDN: "av.contoso.com", Ports: []int{443}},
		},
		Members: []edge.Member{{Name: "edge1"}, {Name: "edge2"}},
		DNS:     &edge.DNS{},
	}
}

// A file is judged by the rules that judge a scan, each case the right file for
// the right pool with one thing changed.
func TestAsEvidenceIsJudged(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	pfx := b.p12("", "-inkey", "leaf.key", "-certfile", "chain.pem")
	tests := []struct {
		name   string
		data   string
		change func(*edge.Pool)
		roles  []edge.Role
		want   []string // rules with an error
	}{
		{name: "the right PFX", data: pfx},
		{name: "PFX without its key", data: b.p12("", "-nokeys", "-certfile", "chain.pem"), want: []string{"key-missing"}},
		{name: "PFX without its chain", data: b.p12("", "-inkey", "leaf.key"), want: []string{"untrusted-issuer"}},
		{name: "PEM with another key", data: b.read("full.pem") + b.read("other.key"), want: []string{"key-mismatch"}},
		{name: "Web Conferencing not in the names", data: pfx, change: withWebConf, want: []string{"webcon-name-missing"}},
		{name: "not meant for Web Conferencing", data: pfx, change: func(p *edge.Pool) { withWebConf(p); p.Groups = p.Apart() }, roles: []edge.Role{edge.Access}},
		{name: "meant for Web Conferencing alone, which has another name", data: pfx, roles: []edge.Role{edge.WebConf}, change: func(p *edge.Pool) {
			p.SIPDomains = []string{"fabrikam.com"}
			p.Services = []edge.Service{{Role: edge.WebConf, FQDN: "sip.contoso.com", Ports: []int{444}}}
		}},
		{name: "another SIP domain", data: pfx, change: func(p *edge.Pool) { p.SIPDomains = append(p.SIPDomains, "fabrikam.com") }, want: []string{"sip-domain-name-missing"}},
		{name: "a list of hosts", data: pfx, change: func(p *edge.Pool) {
			*p = edge.Pool{Name: "command-line", Kind: edge.CommandLinePool, Loose: []edge.Loose{{Host: "192.0.2.1", SNI: "sip.contoso.com", Port: 443}, {Host: "sip.contoso.com", Port: 5061}}}
		}},
	}
	roots, err := Read("root.pem", []byte(b.read("root.pem")), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			file, err := Read("new/edge.pfx", []byte(test.data), nil)
			if err != nil {
				t.Fatal(err)
			}
			pool := contoso()
			if test.change != nil {
				test.change(&pool)
			}
			ev := AsEvidence(file, pool, test.roles, time.Now())
			j := audit.Judge(t.Context(), ev, audit.Policy{Roots: roots.Certificates}, ev.Started)[0]
			var got []string
			for _, f := range j.Findings {
				if f.Severity == audit.Error {
					got = append(got, f.Rule)
				}
				if f.Member != "" && f.Member != "edge.pfx" {
					t.Errorf("%s is said of %q", f.Rule, f.Member)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("errors %q, want %q: %+v", got, test.want, j.Findings)
			}
			for _, id := range []string{"client-cert-not-requested", "tls12-missing", "differs-across-members", "federation-srv-missing"} {
				if o := j.Rules[id]; o != audit.NotApplicable && o != audit.CouldNotTell {
					t.Errorf("%s is %s of a file", id, o)
				}
			}
		})
	}
	if pool := contoso(); len(pool.Members) != 2 || pool.File != nil {
		t.Error("the pool itself was changed")
	}
}

func withWebConf(p *edge.Pool) {
	p.Services = append(p.Services, edge.Service{Role: edge.WebConf, FQDN: "webcon.contoso.com", Ports: []int{443}})
}

// In a PFX the order means nothing; in a PEM file it is what a device sends.
func TestChainOrder(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.write("wrong.pem", b.read("root.pem")+b.read("inter.pem"))
	for _, test := range []struct {
		name, data, want string
	}{
		{"PFX", b.p12("", "-inkey", "leaf.key", "-certfile", "wrong.pem"), "leaf inter root"},
		{"PEM", b.read("leaf.pem") + b.read("wrong.pem"), "leaf root inter"},
	} {
		file, err := Read(test.name, []byte(test.data), nil)
		if err != nil {
			t.Fatal(err)
		}
		file.Certificates = file.Chain()
		if got := names(file); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
