// Package vantage lays scans of the same pools, made from several vantage
// points, side by side, and finds what differs between them.
package vantage

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"edgecert/report"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// A Scan is a scan and what its vantage point is called: "inside". An empty
// name stands for the host that scanned.
type Scan struct {
	Name   string
	Report report.Report
}

// Letters gives the leaves of each pool the letters that they have in all of the
// scans. Scans whose findings are to be laid side by side are judged with them
// (audit.JudgeLettered), since findings name certificates by letter.
func Letters(scans []Scan) map[string]map[edge.Fingerprint]string {
	out := map[string]map[edge.Fingerprint]string{}
	for _, s := range scans {
		for _, p := range s.Report.Pools {
			letters := out[p.Plan.Name]
			if letters == nil {
				letters = map[edge.Fingerprint]string{}
				out[p.Plan.Name] = letters
			}
			for _, c := range p.Leaves() {
				if letters[c.Fingerprint] == "" {
					letters[c.Fingerprint] = audit.Letter(len(letters))
				}
			}
		}
	}
	return out
}

// Merge lays scans side by side. The result is a Report like any other, so that
// every format renders it: each member has a row for each vantage, "edge1
// @inside" above "edge1 @outside", a finding that all share is listed once, and
// the others say where they were seen from. What differs between vantages is a
// finding of the rule Differs.
//
// Changes is nil. A merged report cannot be judged again, since its rows are no
// members, and is no input of Merge.
func Merge(scans []Scan) (report.Report, error) {
	if len(scans) < 2 {
		return report.Report{}, fmt.Errorf("%d scan: two or more vantage points can be compared", len(scans))
	}
	for _, s := range scans {
		if len(s.Report.Vantages) > 0 {
			return report.Report{}, errors.New("scans of several vantage points cannot be laid beside others")
		}
	}
	scans = slices.Clone(scans)
	nameVantages(scans)
	letters := Letters(scans)
	first := scans[0].Report
	out := report.Report{Tool: first.Tool, Policy: first.Policy, At: first.At, Evidence: mergeEvidence(scans)}
	for _, s := range scans {
		ev := s.Report.Evidence
		out.Vantages = append(out.Vantages, report.VantageScan{Name: s.Name, Host: ev.Host, Started: ev.Started, Finished: ev.Finished, Verdict: s.Report.Verdict})
	}
	for _, views := range samePools(scans) {
		p := mergePool(views, len(scans), letters[views[0].pool.Plan.Name])
		out.Pools = append(out.Pools, p)
		out.Evidence.Pools = append(out.Evidence.Pools, p.Plan)
		out.Evidence.Captures = append(out.Evidence.Captures, p.Captures...)
	}
	out.Sum()
	return out, nil
}

// mergeEvidence is what is about the scans as a whole.
func mergeEvidence(scans []Scan) edge.Evidence {
	out := scans[0].Report.Evidence
	out.Pools, out.Captures, out.Shard = nil, nil, nil
	out.HostTrusted, out.Revocation = map[edge.Fingerprint]bool{}, nil
	var names []string
	for _, s := range scans {
		ev := s.Report.Evidence
		names = append(names, s.Name)
		out.Interrupted = out.Interrupted || ev.Interrupted
		out.HostRoots = out.HostRoots || ev.HostRoots
		if ev.Started.Before(out.Started) {
			out.Started = ev.Started
		}
		if ev.Finished.After(out.Finished) {
			out.Finished = ev.Finished
		}
		maps.Copy(out.HostTrusted, ev.HostTrusted)
		if ev.Revocation != nil && out.Revocation == nil {
			out.Revocation = map[edge.Fingerprint]edge.Revocation{}
		}
		maps.Copy(out.Revocation, ev.Revocation)
	}
	out.Host = strings.Join(names, ", ")
	return out
}

// nameVantages fills in names and tells equal ones apart.
func nameVantages(scans []Scan) {
	count := map[string]int{}
	for i := range scans {
		s := &scans[i]
		s.Name = cmp.Or(s.Name, s.Report.Evidence.Host, "vantage")
		if count[s.Name]++; count[s.Name] > 1 {
			s.Name = fmt.Sprintf("%s (%d)", s.Name, count[s.Name])
		}
	}
}

// A view is one pool as seen from one vantage.
type view struct {
	vantage string
	pool    report.Pool
	rows    []int          // by capture: its place in the merged pool
	byID    map[string]int // its findings by identity
}

// samePools brings the views of one pool together, in order of appearance.
func samePools(scans []Scan) [][]view {
	var out [][]view
	at := edge.Places[string]{}
	for _, s := range scans {
		for _, p := range s.Report.Pools {
			i, first := at.Of(p.Plan.Name)
			if first {
				out = append(out, nil)
			}
			v := view{vantage: s.Name, pool: p, byID: map[string]int{}}
			for n, f := range p.Findings {
				v.byID[identity(v, f)] = n
			}
			out[i] = append(out[i], v)
		}
	}
	return out
}

// qualify names a member as seen from a vantage.
func qualify(member, vantage string) string { return strings.TrimSpace(member + " @" + vantage) }

func mergePool(views []view, scans int, letters map[edge.Fingerprint]string) report.Pool {
	first := views[0].pool
	p := report.Pool{Plan: first.Plan, Judgement: audit.Judgement{Pool: first.Plan.Name, Verdict: first.Verdict, Letters: letters,
		Right: maps.Clone(first.Right), Rules: map[string]audit.Outcome{}}}
	for _, v := range views {
		p.Verdict = report.Worse(p.Verdict, v.pool.Verdict)
		for rule, o := range v.pool.Rules {
			if gravity(o) > gravity(p.Rules[rule]) {
				p.Rules[rule] = o
			}
		}
		for role, c := range v.pool.Right {
			if old := p.Right[role]; old != nil && (c == nil || c.Fingerprint != old.Fingerprint) {
				p.Right[role] = nil // the vantages are not of one mind
			}
		}
	}
	p.Captures = sideBySide(views)
	differing := differences(views, p)
	for _, f := range differing {
		p.Verdict = report.Worse(p.Verdict, verdictOf(f.Severity))
	}
	switch {
	case len(differing) > 0:
		p.Rules[Differs] = audit.Found
	case len(views) < scans, slices.ContainsFunc(p.Captures, func(c edge.Capture) bool { return c.Outcome == edge.Failed }):
		p.Rules[Differs] = audit.CouldNotTell
	default:
		p.Rules[Differs] = audit.Pass
	}
	p.Findings = differing
	for i, f := range differing {
		if f.Severity != audit.Info {
			p.Findings[i].Problem = len(p.Problems)
			p.Problems = append(p.Problems, audit.Problem{Severity: f.Severity, Headline: headline(p, f), Members: members(p, f), Findings: []int{i}})
			p.Steps = append(p.Steps, audit.Step{Text: f.Fix, Problems: []int{p.Findings[i].Problem}})
		}
	}
	w := whence{map[int]string{}, map[int]string{}}
	for i := range views {
		addJudgement(&p, &w, views, i)
	}
	w.tell(&p)
	sortFindings(&p)
	return p
}

// gravity orders the outcomes of a rule: what one vantage found stands, and
// what one could not tell is not passed because another could.
func gravity(o audit.Outcome) int {
	return slices.Index([]audit.Outcome{audit.NotApplicable, audit.Pass, audit.CouldNotTell, audit.Found}, o)
}

func verdictOf(s audit.Severity) audit.Verdict {
	switch s {
	case audit.Error:
		return audit.VerdictError
	case audit.Warning:
		return audit.VerdictWarning
	default:
		return audit.VerdictOK
	}
}

// sideBySide lists the captures of all views, those of one member under each
// other, with the vantage in the member's name.
func sideBySide(views []view) []edge.Capture {
	type from struct{ view, at int }
	var order []string
	rows := map[string][]from{}
	for v := range views {
		views[v].rows = make([]int, len(views[v].pool.Captures))
		for i := range views[v].pool.Captures {
			member := report.RowName(views[v].pool.Captures[i].Endpoint)
			if rows[member] == nil {
				order = append(order, member)
			}
			rows[member] = append(rows[member], from{v, i})
		}
	}
	var out []edge.Capture
	for _, member := range order {
		for _, f := range rows[member] {
			c := views[f.view].pool.Captures[f.at]
			c.Member = qualify(c.Member, views[f.view].vantage)
			views[f.view].rows[f.at] = len(out)
			out = append(out, c)
		}
	}
	return out
}
