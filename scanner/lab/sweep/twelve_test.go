package sweep

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"edgecert/report"
	"edgecert/report/text"
	"edgecert/scanner/edge"
	"edgecert/scanner/lab"
)

// Of twelve members one was forgotten at the renewal: the report is a screen or
// two, tells one problem, and names nobody else in it.
func TestOneOfTwelveForgotten(t *testing.T) {
	t.Parallel()
	spec := lab.Healthy(now)
	spec.Keys = &keys
	spec.Each("", func(c *lab.Cell) {
		if c.Member == "edge3" {
			c.Chain.Leaf.Key.Label, c.Chain.Leaf.NotBefore, c.Chain.Leaf.NotAfter = "old", days(-41), days(5)
		}
	})
	tellsOneOfTwelve(t, spec, "edge")
}

// Nor does it grow where the forgotten one has expired, and members are called by
// their long names, so that sentences need a second line.
func TestOneOfTwelveExpiredUnderLongNames(t *testing.T) {
	t.Parallel()
	spec := lab.Healthy(now)
	spec.Keys = &keys
	spec.Each("", func(c *lab.Cell) {
		if c.Member == "edge3" {
			c.Chain.Leaf.Key.Label, c.Chain.Leaf.NotBefore, c.Chain.Leaf.NotAfter = "old", days(-49), days(-3)
		}
	})
	tellsOneOfTwelve(t, spec, "frankfurt-edge-server-")
}

func tellsOneOfTwelve(t *testing.T, spec lab.Spec, called string) {
	t.Helper()
	l := start(t, spec)
	ev := twelve(look(t, l, described(t, l), false), called)
	r := report.Judge(t.Context(), ev, policy(l), now, report.Tool{Name: "edgecert", Version: "test"})
	var out bytes.Buffer
	if err := text.Write(&out, r, text.Options{Width: 100}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "\n"); n > 45 {
		t.Errorf("%d lines, want 45 at most:\n%s", n, out.String())
	}
	problems := r.Pools[0].Problems
	if len(problems) != 1 || fmt.Sprint(problems[0].Members) != "["+called+"7]" {
		t.Errorf("problems %+v", problems)
	}
	if !strings.Contains(out.String(), "1 problem on 1 member") || !strings.Contains(out.String(), called+"7 still presents the old certificate") {
		t.Errorf("the report does not say it:\n%s", out.String())
	}
	if strings.Contains(fmt.Sprint(problems, r.Pools[0].Steps), called+"12") {
		t.Errorf("problem or plan names who is right: %+v %+v", problems, r.Pools[0].Steps)
	}
}

// twelve makes a pool of twelve from one of three: the first eleven times, and
// the third as the seventh.
func twelve(ev edge.Evidence, called string) edge.Evidence {
	pool, of := &ev.Pools[0], map[string][]edge.Capture{}
	for _, c := range ev.Captures {
		of[c.Endpoint.Member] = append(of[c.Endpoint.Member], c)
	}
	first, third := pool.Members[0], pool.Members[2]
	pool.Members, ev.Captures = nil, nil
	for n := 1; n <= 12; n++ {
		m := first
		if n == 7 {
			m = third
		}
		captures := of[m.Name]
		m.Name = fmt.Sprint(called, n)
		pool.Members = append(pool.Members, m)
		for _, c := range captures {
			c.Endpoint.Member = m.Name
			ev.Captures = append(ev.Captures, c)
		}
	}
	return ev
}
