package vantage

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"edgecert/report"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// Differs is the rule of what Merge finds: the same endpoint shows one thing
// from here and another from there. It needs several scans, so that it stands in
// no catalogue of rules for one.
const Differs = "vantage-differs"

// Doc explains the rule as the catalogue explains its own.
const Doc = `The same member, service and port shows one thing from one vantage point and another from another: another
certificate (error), an answer only from one of them, another chain behind the same certificate, or another TLS version
(warnings), or it is planned from one alone (info).

Why it matters: what is right from inside may be wrong for everybody outside, and a scan from one place cannot see it.

How to fix it: find out what stands between: split DNS, NAT to a server that was replaced, a proxy that inspects TLS, a
firewall that forgot one member, missing hairpin NAT. Every vantage must reach the same Edge.

It is found by "edgecert report inside.json outside.json", between scans, and by no rule of one: a policy cannot set it.`

// A spot is one endpoint as every vantage knows it. The address is no part of
// it: inside and outside reach the same service by different ones.
type spot struct {
	member string
	role   edge.Role
	fqdn   string
	port   int
}

func spotOf(e edge.Endpoint) spot { return spot{e.Member, e.Role, e.FQDN, e.ServicePort} }

// seenSpot is one endpoint from every vantage that planned it.
type seenSpot struct {
	vantages []string
	cells    []*edge.Capture // as each vantage saw it
	rows     []int           // their places in the merged pool
}

// differences are the findings of Differs: one for each way in which the views
// differ, however many endpoints differ so.
func differences(views []view, merged report.Pool) []audit.Finding {
	if len(views) < 2 {
		return nil
	}
	var spots []seenSpot
	at := edge.Places[spot]{}
	for _, v := range views {
		for n := range v.pool.Captures {
			c := &v.pool.Captures[n]
			i, first := at.Of(spotOf(c.Endpoint))
			if first {
				spots = append(spots, seenSpot{})
			}
			s := &spots[i]
			s.vantages, s.cells, s.rows = append(s.vantages, v.vantage), append(s.cells, c), append(s.rows, v.rows[n])
		}
	}
	var certificates, silences, chains, versions, alone []difference
	for _, s := range spots {
		switch {
		case slices.ContainsFunc(s.cells, (*edge.Capture).NotRun):
		case len(s.cells) < 2:
			alone = append(alone, difference{s, s.vantages[0]})
		case differ(s, outcomeOf):
			silences = append(silences, difference{s, s.tell(outcomeOf)})
		case s.disjoint():
			certificates = append(certificates, difference{s, s.tell(func(c *edge.Capture) string { return describe(c, merged.Letters) })})
		case differ(s, leafOf):
			// Behind a load balancer each vantage met some of the servers.
		case !slices.ContainsFunc(s.cells, func(c *edge.Capture) bool { return c.Cut > 0 }) &&
			differ(s, func(c *edge.Capture) string { return edge.ChainText(c.Chain) }):
			chains = append(chains, difference{s, s.tell(chainLength)})
		case differ(s, versionOf):
			versions = append(versions, difference{s, s.tell(versionOf)})
		}
	}
	return slices.Concat(
		found(merged, certificates, audit.Error, "the certificate", "find out what stands between: split DNS, NAT to another server, a proxy or TLS "+
			"inspection; every vantage must reach the same Edge"),
		found(merged, silences, audit.Warning, "the answer", "compare firewall, NAT and routes of the vantages; from inside, hairpin NAT may be missing"),
		found(merged, chains, audit.Warning, "the chain behind the certificate", "look for a proxy or a load balancer that ends TLS by itself"),
		found(merged, versions, audit.Warning, "the TLS version", "look for a proxy or a load balancer that ends TLS by itself"),
		onlyFrom(merged, alone),
	)
}

// A difference is a spot and how it differs; those that differ alike are told
// together.
type difference struct {
	seenSpot
	how string
}

func alike(list []difference) [][]difference {
	return edge.GroupBy(list, func(d difference) string { return d.how })
}

// tell says what each vantage saw: "inside: TLS 1.2; outside: TLS 1.3".
func (s seenSpot) tell(what func(*edge.Capture) string) string {
	parts := make([]string, len(s.cells))
	for i, c := range s.cells {
		parts[i] = s.vantages[i] + ": " + what(c)
	}
	return strings.Join(parts, "; ")
}

func differ(s seenSpot, what func(*edge.Capture) string) bool {
	return slices.ContainsFunc(s.cells, func(c *edge.Capture) bool { return what(c) != what(s.cells[0]) })
}

// disjoint says that some two vantages have no certificate in common.
func (s seenSpot) disjoint() bool {
	for i, a := range s.cells {
		for _, b := range s.cells[i+1:] {
			if len(a.Leaves()) > 0 && len(b.Leaves()) > 0 && !slices.ContainsFunc(a.Leaves(), b.Presents) {
				return true
			}
		}
	}
	return false
}

// outcomeOf is what a cell answered, all failures being one: how a firewall
// refuses differs with where one stands.
func outcomeOf(c *edge.Capture) string {
	if c.Outcome == edge.Failed {
		return "no answer"
	}
	return string(c.Outcome)
}

func leafOf(c *edge.Capture) string {
	if c.Leaf() == nil {
		return ""
	}
	return c.Leaf().Fingerprint.String()
}

func chainLength(c *edge.Capture) string {
	if n := len(c.Chain) - 1; n > 0 {
		return report.Plural(n, "certificate") + " behind it"
	}
	return "nothing behind it"
}

func versionOf(c *edge.Capture) string {
	if c.TLS == nil {
		return ""
	}
	return c.TLS.Version
}

// describe names a cell's certificates so that a person can find them.
func describe(c *edge.Capture, letters map[edge.Fingerprint]string) string {
	var out []string
	for _, l := range c.Leaves() {
		out = append(out, audit.Named(cmp.Or(letters[l.Fingerprint], "another certificate"), l.Thumbprint(), "serial "+l.Serial(),
			"issued by "+report.CommonName(l.Issuer()), "ends "+l.NotAfter().Format(time.DateOnly)))
	}
	return strings.Join(out, " and ")
}

func found(merged report.Pool, list []difference, severity audit.Severity, what, fix string) []audit.Finding {
	var out []audit.Finding
	for _, x := range alike(list) {
		f := blame(merged, x)
		f.Rule, f.Severity, f.Subjects, f.Fix = Differs, severity, []string{what}, fix
		f.Message = fmt.Sprintf("%s: %s depends on the vantage (%s)", report.Enumerate(edge.Map(x, difference.place)), what, x[0].how)
		out = append(out, f)
	}
	return out
}

// onlyFrom tells what one vantage knows and another does not: as a rule, DNS
// answers differently.
func onlyFrom(merged report.Pool, list []difference) []audit.Finding {
	var out []audit.Finding
	for _, x := range alike(list) {
		f := blame(merged, x)
		f.Rule, f.Severity, f.Problem = Differs, audit.Info, -1
		f.Message = fmt.Sprintf("planned from %s alone: %s", x[0].how, report.Enumerate(edge.Map(x, difference.place)))
		f.Fix = "where members come from DNS, each vantage has its own answers: name them by address to see them side by side"
		out = append(out, f)
	}
	return out
}

// blame is a finding about spots, in all their rows of the merged pool.
func blame(merged report.Pool, spots []difference) audit.Finding {
	var f audit.Finding
	first := spots[0].cells[0]
	f.Member, f.Role = first.Member, first.Role
	for _, s := range spots {
		f.Cells = append(f.Cells, s.rows...)
		if s.cells[0].Member != first.Member {
			f.Member = ""
		}
		if s.cells[0].Role != first.Role {
			f.Role = ""
		}
		for _, row := range s.rows {
			for _, l := range merged.Captures[row].Leaves() {
				if !slices.ContainsFunc(f.Certificates, func(o *edge.Certificate) bool { return o.Fingerprint == l.Fingerprint }) {
					f.Certificates = append(f.Certificates, l)
				}
			}
		}
	}
	slices.Sort(f.Cells)
	slices.SortFunc(f.Certificates, func(a, b *edge.Certificate) int { return a.Fingerprint.Compare(b.Fingerprint) })
	return f
}

// headline says what differs, and where, in the few words of a problem.
func headline(p report.Pool, f audit.Finding) string {
	return fmt.Sprintf("%s depends on the vantage point: %s", strings.Join(f.Subjects, ", "), report.FirstFew(members(p, f), 3))
}

// members are those that a finding is about, without their vantage.
func members(p report.Pool, f audit.Finding) []string {
	var out []string
	for _, at := range f.Cells {
		name, _, _ := strings.Cut(p.Captures[at].Member, " @")
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

func (d difference) place() string { return d.cells[0].Place() }
