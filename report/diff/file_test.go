package diff

import (
	"slices"
	"strings"
	"testing"

	"edgecert/report"
	"edgecert/scanner/edge"
)

// checked is a file's certificate as check judges it for the pool's services.
func (n *nightly) checked(leaf string) report.Report {
	p := n.Pools[0]
	p.Captures = nil
	for _, role := range []edge.Role{edge.Access, edge.WebConf} {
		e := edge.Capture{Endpoint: edge.Endpoint{Member: "new.pfx", Role: role, Port: 443}}
		n.show(&e, leaf)
		p.Captures = append(p.Captures, e)
	}
	return report.Report{Pools: []report.Pool{p}}
}

// What was scanned of other pools says nothing of this one, nor is there anything
// to say of a pool without services.
func TestFileOfAnotherPool(t *testing.T) {
	t.Parallel()
	n := night(t)
	other, empty := n.checked("new"), n.checked("new")
	other.Pools[0].Plan.Name = "edge-apac"
	empty.Pools[0].Captures = nil
	for name, checked := range map[string]report.Report{"another": other, "empty": empty} {
		if got := File(n.Report, checked); got == nil || len(got) > 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, leaf string
		presented  func(*nightly)
		want       []string // the beginning, or a part after "…", of each message
	}{
		{"the certificate that is presented", "old", nil, nil},
		{"its renewal", "new", nil, []string{"new.pfx would renew the certificate on edge1, edge2 and edge3; new: thumbprint"}},
		{"a renewal with the old key that lacks a name", "samekey", nil, []string{
			"new.pfx would renew the certificate on edge1, edge2 and edge3;…it lacks what the one before had: webcon.contoso.com",
			"on edge1, edge2 and edge3: the new certificate no longer holds webcon.contoso.com",
			"on edge1, edge2 and edge3: the new certificate also holds meet.contoso.com",
			"on edge1, edge2 and edge3: the new certificate has the old one's key"}},
		{"the one before", "old", func(n *nightly) { n.shown("new", "edge2") }, []string{"new.pfx would replace the certificate on edge2 by an older one"}},
		{"one where a member is down", "new", func(n *nightly) { n.silenced(edge.ClassTimeout, "edge1") },
			[]string{"new.pfx would renew the certificate on edge2 and edge3;"}},
		{"one of another kind", "unparsed", nil, []string{"new.pfx would replace the certificate on edge1, edge2 and edge3 by another that is not its renewal; …validity unreadable"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := night(t)
			if c.presented != nil {
				c.presented(n)
			}
			got := File(n.Report, n.checked(c.leaf))
			if got == nil || len(got) != len(c.want) {
				t.Fatalf("got %+v, want %q", got, c.want)
			}
			for i, want := range c.want {
				begin, part, _ := strings.Cut(want, "…")
				if m := got[i].Message; !strings.HasPrefix(m, begin) || !strings.Contains(m, part) {
					t.Errorf("got %q, want %q", m, want)
				}
				if !slices.Contains(report.ChangeKinds(), got[i].Kind) || got[i].Pool != "edge-emea" {
					t.Errorf("got %+v", got[i])
				}
			}
		})
	}
}
