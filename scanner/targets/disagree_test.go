package targets

import (
	"fmt"
	"strings"
	"testing"

	"edgecert/scanner/edge"

	"github.com/google/go-cmp/cmp"
)

func TestTopologyAgainstTargetsFile(t *testing.T) {
	t.Parallel()
	targets := write(t, "targets.txt", `pool edgepool.contoso.net
sip-domains contoso.com
access sip.contoso.com
webcon conf.contoso.com 444
member edge1 access=203.0.113.10 webcon=203.0.113.20
member edge3 access=203.0.113.12 webcon=203.0.113.22
`)
	file := write(t, "topology.xml", published)
	f, err := Load([]string{targets, file}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Pools) != 1 || len(f.Pools[0].Members) != 2 || f.Pools[0].FQDN(edge.WebConf) != "conf.contoso.com" {
		t.Fatalf("the targets file must count: %+v", f.Pools)
	}
	want := []string{
		"SIP domain fabrikam.com: listed in TOPOLOGY, not in TARGETS:1",
		"Web Conferencing Edge: webcon.contoso.com in TOPOLOGY, conf.contoso.com in TARGETS:1",
		"A/V Edge: av.contoso.com in TOPOLOGY, none in TARGETS:1",
		"member edge2.contoso.net: listed in TOPOLOGY, not in TARGETS:1",
		"member edge3: not in TOPOLOGY, listed in TARGETS:1",
	}
	if d := cmp.Diff(want, anonymous(f.Pools[0].Notes, file, targets)); d != "" {
		t.Error(d)
	}
	moved := write(t, "targets.txt", fmt.Sprintf("pool edgepool.contoso.net\nsip-domains contoso.com fabrikam.com\n%s", `access sip.contoso.com 5061
webcon webcon.contoso.com
av av.contoso.com
member edge1 access=203.0.113.10 webcon=203.0.113.20 av=203.0.113.99
member edge2 access=203.0.113.11 webcon=203.0.113.21 av=203.0.113.31
`))
	f, err = Load([]string{file, moved}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	want = []string{
		"ports of Access Edge: 443 5061 in TOPOLOGY, 5061 in TARGETS:1",
		"A/V Edge of member edge1: 203.0.113.30 in TOPOLOGY, 203.0.113.99 in TARGETS:1",
	}
	if d := cmp.Diff(want, anonymous(f.Pools[0].Notes, file, moved)); d != "" {
		t.Error(d)
	}
}

// anonymous puts words for the paths of a test's own files.
func anonymous(notes []string, topology, targets string) []string {
	var out []string
	for _, n := range notes {
		out = append(out, strings.NewReplacer(topology, "TOPOLOGY", targets, "TARGETS").Replace(n))
	}
	return out
}

// Two exports of one pool: what the second says otherwise is told.
func TestTwoTopologiesOfOnePool(t *testing.T) {
	t.Parallel()
	first := write(t, "a.xml", published)
	second := write(t, "b.xml", change(t, published, `Port="443" Protocol="Tcp"`, `Port="442" Protocol="Tcp"`))
	f, err := Load([]string{first, second}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := publishedPool()
	want.Notes = []string{"ports of A/V Edge: 442 in " + second + ", 443 in " + first}
	if d := cmp.Diff([]edge.Pool{want}, f.Pools, comparing()); d != "" {
		t.Error(d)
	}
}

// A targets file calls the pool by a name of its own: both are scanned, and the
// report says that they look like one. In another case it is the same name.
func TestTopologyOfAPoolByAnotherName(t *testing.T) {
	t.Parallel()
	file := write(t, "topology.xml", published)
	for name, want := range map[string][]string{
		"edge-emea": {"pool edge-emea in TARGETS:1 has the same Access Edge, sip.contoso.com: if it is this pool, call it edgepool.contoso.net there, and the two are laid together"},
		"EdgePool.contoso.net": {"SIP domain contoso.com: listed in TOPOLOGY, not in TARGETS:1", "SIP domain fabrikam.com: listed in TOPOLOGY, not in TARGETS:1",
			"Web Conferencing Edge: webcon.contoso.com in TOPOLOGY, none in TARGETS:1", "A/V Edge: av.contoso.com in TOPOLOGY, none in TARGETS:1"},
	} {
		targets := write(t, "targets.txt", "pool "+name+"\naccess sip.contoso.com\n")
		f, err := Load([]string{file, targets}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, anonymous(f.Pools[len(f.Pools)-1].Notes, file, targets)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}
