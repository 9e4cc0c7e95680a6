package audit

import (
	"cmp"
	"context"
	"slices"
	"time"

	"edgecert/scanner/edge"
)

// Judge applies every rule to every pool of ev, in the order of ev.Pools. It
// depends on its arguments alone: the same evidence, policy and time give the
// same judgement, live or from a file. What has not been judged when ctx ends
// could not be told.
func Judge(ctx context.Context, ev edge.Evidence, p Policy, now time.Time) []Judgement {
	return JudgeLettered(ctx, ev, p, now, nil)
}

// JudgeLettered is Judge with letters given, by pool, so that one letter stands
// for one certificate in several scans. Certificates without one get the next.
func JudgeLettered(ctx context.Context, ev edge.Evidence, p Policy, now time.Time, letters map[string]map[edge.Fingerprint]string) []Judgement {
	s := newScan(ctx, ev, p, now)
	s.letters = letters
	captures := ev.ByPool()
	out := make([]Judgement, 0, len(ev.Pools))
	for _, pool := range edge.Related(ev.Pools) {
		out = append(out, newWorld(s, s.inView(pool), captures[pool.Name]).judge(ctx))
	}
	return out
}

func (w *world) judge(ctx context.Context) Judgement {
	j := Judgement{Pool: w.pool.Name, Rules: make(map[string]Outcome, len(w.scan.rules)), Letters: w.labels}
	for _, rule := range w.scan.rules {
		// An allowed rule is taken out of the judgement: it neither finds nor
		// passes.
		if w.allowed(rule.ID) {
			j.Rules[rule.ID] = NotApplicable
			continue
		}
		r := w.result(rule.ID)
		j.Rules[rule.ID] = r.outcome()
		for _, f := range r.found {
			f.Rule, f.Severity, f.Problem = rule.ID, w.severity(rule, f.Severity), -1
			f.Also = slices.DeleteFunc(f.Also, w.allowed)
			j.Findings = append(j.Findings, f)
		}
	}
	j.Findings = append(w.foretell(j.Rules), j.Findings...) // told first
	for _, f := range j.Findings {
		for _, id := range f.Also {
			j.Rules[id] = Found
		}
	}
	slices.SortStableFunc(j.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Severity.Rank(), b.Severity.Rank()), cmp.Compare(w.firstCell(a), w.firstCell(b)))
	})
	j.Right = make(map[edge.Role]*edge.Certificate)
	for _, r := range w.roles() {
		j.Right[r] = w.right(r)
	}
	j.Problems, j.Steps = w.remedies().Plan(ctx, j.Findings)
	j.Untold = w.untold()
	j.Verdict = w.verdict(j.Findings)
	return j
}

// result is what a rule says of this pool. It is worked out once, and when it
// is first asked for, so that a rule may ask whether a more specific one tells
// the same thing already, wherever either stands in the list.
func (w *world) result(id string) *result {
	if r, ok := w.results[id]; ok {
		return r
	}
	r := &result{w: w}
	w.results[id] = r
	rule, known := w.scan.byID[id]
	r.question = rule.Question
	if !known || !rule.For.covers(w.pool) || w.pool.File != nil && rule.Wire || rule.Applies != nil && !rule.Applies(w) {
		return r
	}
	rule.Run(w, r)
	return r
}

// roles are the roles of the pool's services, or those of its endpoints.
func (w *world) roles() []edge.Role {
	var out []edge.Role
	for _, s := range w.pool.Services {
		if !slices.Contains(out, s.Role) {
			out = append(out, s.Role)
		}
	}
	if w.pool.Kind == edge.CommandLinePool {
		out = append(out, edge.Other)
	}
	return out
}

// allowed says whether the findings of a rule are dropped, by the user's
// policy or by the pool's own.
func (w *world) allowed(id string) bool {
	return slices.Contains(w.scan.policy.Allow, id) || slices.Contains(w.pool.Allow, id)
}

// severity is what a finding counts as: what the command line says, else what
// the pool says, else what the profile raises it to, else what the rule says.
func (w *world) severity(rule Rule, own Severity) Severity {
	if s, ok := w.scan.policy.Severities[rule.ID]; ok && s.Rank() <= Info.Rank() {
		return s
	}
	if s := Severity(w.pool.Severities[rule.ID]); s.Rank() <= Info.Rank() {
		return s
	}
	if slices.Contains(rule.Raised, w.scan.policy.Profile) {
		return Error
	}
	return cmp.Or(own, rule.Severity)
}

// verdict sums the pool up. A pool whose only errors are about coverage is
// incomplete, and so is one with a cell that the scan never came to, or whose
// finding the policy silences: nothing found there is no reason to call it well.
func (w *world) verdict(fs []Finding) Verdict {
	v := VerdictOK
	if len(w.captures) == 0 && !w.pool.CloudAlone() || slices.ContainsFunc(w.captures, edge.Capture.NotRun) {
		v = VerdictIncomplete
	}
	for _, f := range fs {
		switch {
		case f.Severity == Error && !w.scan.byID[f.Rule].Coverage:
			return VerdictError
		case f.Severity == Error:
			v = VerdictIncomplete
		case f.Severity == Warning && v == VerdictOK:
			v = VerdictWarning
		}
	}
	if slices.ContainsFunc(w.captures, unseen) && !slices.ContainsFunc(fs, w.tellsUnseen) || len(w.gaps()) > 0 {
		return VerdictIncomplete
	}
	return v
}

// tellsUnseen says whether a finding tells of what was not seen, and counts.
// Where the policy drops that, or makes it a note, a warning about something
// else does not stand in for it.
func (w *world) tellsUnseen(f Finding) bool {
	rule := w.scan.byID[f.Rule]
	return f.Severity != Info && (rule.Coverage || rule.Silence)
}

// unseen says whether an endpoint that was to show something did not.
func unseen(c edge.Capture) bool { return c.Outcome == edge.Failed }

// ours says whether what kept us from an endpoint is on our own side: nothing is
// said of the endpoint then.
func ours(c edge.Capture) bool {
	return c.Leaf() == nil && c.Fault != nil && c.Fault.Class == edge.ClassLocal
}
