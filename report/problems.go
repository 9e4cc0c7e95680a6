package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// ProblemCount counts a pool's problems and the members that have them: "2 problems
// on 1 member".
func (p Pool) ProblemCount() string {
	if p.Plan.File != nil {
		return problemsOn(len(p.Problems), 0, "")
	}
	var members []string
	for _, x := range p.Problems {
		for _, m := range x.Members {
			if !slices.Contains(members, m) {
				members = append(members, m)
			}
		}
	}
	return problemsOn(len(p.Problems), len(members), p.member())
}

func (p Pool) member() string {
	switch {
	case p.Plan.Listed():
		return "endpoint"
	case len(p.Plan.Members) == 0:
		return "address"
	default:
		return "member"
	}
}

func problemsOn(problems, members int, noun string) string {
	if problems == 0 {
		return "no problems"
	}
	text := Plural(problems, "problem")
	switch {
	case members == 0:
		return text
	case members > 1 && noun == "address":
		return text + " on " + Thousands(members) + " addresses"
	default:
		return text + " on " + Plural(members, noun)
	}
}

// ProblemCount counts the problems of all pools.
func (r Report) ProblemCount() string {
	if len(r.Pools) == 1 {
		return r.Pools[0].ProblemCount()
	}
	problems, pools := 0, 0
	for _, p := range r.Pools {
		problems += len(p.Problems)
		if len(p.Problems) > 0 {
			pools++
		}
	}
	return problemsOn(problems, pools, "pool")
}

// maxHeadline is how long a headline is at most: it is a mail's subject, too.
const maxHeadline = 120

// Headline is what is worst in a pool, in a sentence: its first problem, else
// why it is not well; empty where it is.
func (p Pool) Headline() string {
	switch {
	case len(p.Problems) > 0:
		return p.Problems[0].Headline
	case p.Verdict == audit.VerdictIncomplete && len(p.Captures) == 0:
		return "nothing was scanned"
	case p.Verdict == audit.VerdictIncomplete && len(p.Untold) > 0:
		text := "not everything could be seen: " + p.Untold[0].Reason
		if c := p.Coverage(); len(text) > maxHeadline && c.Failed > 0 {
			return fmt.Sprintf("%s of %s could not be seen", Thousands(c.Failed), Plural(c.Planned, "endpoint"))
		}
		return Elide(text, maxHeadline, "...")
	case p.Verdict == audit.VerdictIncomplete:
		return "not everything could be seen"
	default:
		return ""
	}
}

// Headline is that of the worst pool, with its name where there are several.
func (r Report) Headline() string {
	if len(r.Pools) == 0 {
		return "nothing was scanned"
	}
	worst := r.WorstFirst()[0]
	if h := worst.Headline(); h != "" && len(r.Pools) > 1 {
		return worst.Plan.Name + ": " + h
	}
	return worst.Headline()
}

// FirstStep is what to do first in the worst pool, which it names where there are
// several; empty where no plan has a step.
func (r Report) FirstStep() string {
	if len(r.Pools) == 0 {
		return ""
	}
	worst := r.WorstFirst()[0]
	switch {
	case len(worst.Problems) == 0 || len(worst.Steps) == 0:
		return ""
	case len(r.Pools) > 1:
		return worst.Plan.Name + ": " + StepText(worst.Steps[0])
	}
	return StepText(worst.Steps[0])
}

// WorstFirst are the pools, worst first, of these the ones in which something
// breaks today, else as they stand.
func (r Report) WorstFirst() []Pool {
	var now, later []Pool
	for _, p := range r.Pools {
		if p.breaksNow() {
			now = append(now, p)
		} else {
			later = append(later, p)
		}
	}
	out := append(now, later...)
	slices.SortStableFunc(out, func(a, b Pool) int {
		switch {
		case a.Verdict == b.Verdict:
			return 0
		case Worse(b.Verdict, a.Verdict) == a.Verdict:
			return -1
		default:
			return 1
		}
	})
	return out
}

// breaksNow says whether a pool's worst problem does, rather than when a
// certificate ends.
func (p Pool) breaksNow() bool {
	return len(p.Problems) > 0 && slices.ContainsFunc(p.Problems[0].Findings, func(i int) bool {
		f := p.Findings[i]
		rule, _ := audit.Find(f.Rule)
		return f.Severity == p.Problems[0].Severity && !rule.Later && !f.Ahead
	})
}

// RulesOf are the rules whose findings make a problem, each once.
func (p Pool) RulesOf(x audit.Problem) []string {
	var out []string
	for _, i := range x.Findings {
		if id := p.Findings[i].Rule; !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// StepsOf numbers the steps that settle a problem, from 1: "steps 1 to 3"; empty
// where none does.
func (p Pool) StepsOf(problem int) string {
	var n []int
	for i, s := range p.Steps {
		if slices.Contains(s.Problems, problem) {
			n = append(n, i+1)
		}
	}
	switch {
	case len(n) == 0:
		return ""
	case len(n) == 1:
		return fmt.Sprintf("step %d", n[0])
	case len(n) > 2 && n[len(n)-1]-n[0] == len(n)-1:
		return fmt.Sprintf("steps %d to %d", n[0], n[len(n)-1])
	}
	return "steps " + Enumerate(edge.Map(n, func(i int) string { return fmt.Sprint(i) }))
}

// StepText is a step as a sentence: where, and what to do.
func StepText(s audit.Step) string {
	if len(s.On) == 0 {
		return s.Text
	}
	return "on " + Enumerate(s.On) + ": " + s.Text
}

// UntoldText is a reason with the number of rules that it kept from telling.
func UntoldText(u audit.Untold) string {
	if len(u.Rules) == 1 {
		return u.Reason + " (" + u.Rules[0] + ")"
	}
	return u.Reason + " (" + Plural(len(u.Rules), "rule") + ")"
}

// Untold is why something could not be told in any of the pools: each reason once,
// with the number of rules, the one that concerns the most first.
func Untold(pools []Pool) []string {
	var all []audit.Untold
	for _, p := range pools {
		for _, u := range p.Untold {
			n := slices.IndexFunc(all, func(v audit.Untold) bool { return v.Reason == u.Reason })
			if n < 0 {
				n, all = len(all), append(all, audit.Untold{Reason: u.Reason})
			}
			all[n].Rules = append(all[n].Rules, u.Rules...)
		}
	}
	for n := range all {
		slices.Sort(all[n].Rules)
		all[n].Rules = slices.Compact(all[n].Rules)
	}
	slices.SortStableFunc(all, func(a, b audit.Untold) int { return cmp.Compare(len(b.Rules), len(a.Rules)) })
	return edge.Map(all, UntoldText)
}

// OfFile is the pool that a certificate file was held against, nil after a scan.
func (r Report) OfFile() *Pool {
	if len(r.Pools) == 0 || r.Pools[0].Plan.File == nil {
		return nil
	}
	return &r.Pools[0]
}

// Lost are the names that those presented in the previous scan hold and the new
// certificate does not.
func (r Report) Lost() []string {
	var out []string
	for _, c := range r.Changes {
		if c.Kind == SANLost {
			out = append(out, strings.Fields(c.Before)...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// FileVerdict says of a certificate file whether it would be right for the pool.
func (p Pool) FileVerdict() string {
	word := "would be right"
	if p.Verdict == audit.VerdictError || p.Verdict == audit.VerdictIncomplete {
		word = "would not be right"
	} else if p.Verdict == audit.VerdictWarning {
		word = "would do, with warnings,"
	}
	return strings.TrimSpace(p.Plan.File.Name + " " + word + " for " + p.Plan.Name)
}
