// Package report is the document of a scan: what was seen and what audit said
// of it. It writes it as JSON, reads it back, and writes the formats that
// machines read; formats for people have rooms of their own (text, html), and
// so has what lays scans side by side (diff, vantage). It is pure: a Report
// goes in, bytes come out, so a saved scan renders exactly as a live one.
//
//	Evidence + Judgements + Policy ─ New ─→ Report ─→ CSV, JUnit, text, html, … (package formats)
//	   ↑                                     │
//	   │                                     │ JSON
//	   └── Load: judged again ←── file ←─────┘
//
// Strings in a Report are what the network said; every format makes them
// harmless for its own medium (Clean for terminals and logs).
package report

import (
	"cmp"
	"context"
	"strings"
	"time"

	"edgecert/scanner/audit"
	"edgecert/scanner/audit/trust"
	"edgecert/scanner/edge"
)

// Schema names the version of the document; report/schema.json describes it.
const Schema = "edgecert.scan/1"

// A Report is evidence and its judgement. It shares the evidence's memory and
// holds no copy of it.
type Report struct {
	Tool     Tool
	Policy   audit.Policy
	Evidence edge.Evidence
	At       time.Time // the moment as of which it was judged; zero: the end of the scan
	Verdict  audit.Verdict
	Coverage Coverage
	Pools    []Pool
	Changes  []Change      // nil: no previous scan; empty: nothing changed
	Vantages []VantageScan // the scans that were laid side by side; nil: it is one scan
}

// A Pool is one pool with its judgement.
type Pool struct {
	Plan     edge.Pool
	Captures []edge.Capture // in the order of the endpoints
	audit.Judgement
}

// Tool is the program that judged.
type Tool struct {
	Name        string `json:"name"`
	Version     string `json:"version"`
	PublicRoots string `json:"public_roots"` // the day of Mozilla's root list within it, 2006-01-02
}

// Coverage counts planned endpoints by what became of them.
type Coverage struct {
	Planned       int `json:"planned"`
	Captured      int `json:"captured"`
	NoCertificate int `json:"no_certificate"`
	Failed        int `json:"failed"`
}

// A VantageScan is one of the scans that were laid side by side.
type VantageScan struct {
	Name     string        `json:"name"`
	Host     string        `json:"host"`
	Started  time.Time     `json:"started"`
	Finished time.Time     `json:"finished"`
	Verdict  audit.Verdict `json:"verdict"`
}

// New makes the document of a scan and of what audit said of it. Changes stays
// nil: comparing with an earlier report is a step of its own (diff.Compare).
func New(ev edge.Evidence, js []audit.Judgement, p audit.Policy, tool Tool) Report {
	r := Report{Tool: tool, Policy: p, Evidence: ev, Pools: make([]Pool, 0, len(ev.Pools))}
	judged := make(map[string]audit.Judgement, len(js))
	for _, j := range js {
		judged[j.Pool] = j
	}
	captures := ev.ByPool()
	for _, plan := range ev.Pools {
		pool := Pool{Plan: plan, Captures: captures[plan.Name], Judgement: judged[plan.Name]}
		pool.Verdict = cmp.Or(pool.Verdict, audit.VerdictIncomplete) // never judged: nothing may pass for well
		r.Pools = append(r.Pools, pool)
	}
	r.Sum()
	return r
}

// Judge is New with the judgement of audit, as of at. It is incomplete where ctx
// ends first.
func Judge(ctx context.Context, ev edge.Evidence, p audit.Policy, at time.Time, tool Tool) Report {
	judgements := audit.Judge(ctx, ev, p, at)
	ev.Interrupted = ev.Interrupted || ctx.Err() != nil
	r := New(ev, judgements, p, tool)
	if !at.Equal(ev.Finished) {
		r.At = at
	}
	return r
}

// Now is the moment as of which the report speaks: days left are counted from
// it, so that a saved scan renders the same on every day.
func (r Report) Now() time.Time {
	if r.At.IsZero() {
		return r.Evidence.Finished
	}
	return r.At
}

// Sum works out coverage and verdict from the pools. The verdict is the worst
// of theirs; a scan that was interrupted, or that has nothing to say of
// anything, has no right to be called well, unless its share of the targets was
// empty, as happens where there are fewer pools than machines.
func (r *Report) Sum() {
	r.Coverage, r.Verdict = Coverage{}, audit.VerdictOK
	if r.Evidence.Interrupted || len(r.Pools) == 0 && r.Evidence.Shard == nil || len(r.Evidence.Missing) > 0 {
		r.Verdict = audit.VerdictIncomplete
	}
	for _, p := range r.Pools {
		r.Verdict = Worse(r.Verdict, p.Verdict)
		c := p.Coverage()
		r.Coverage.Planned += c.Planned
		r.Coverage.Captured += c.Captured
		r.Coverage.NoCertificate += c.NoCertificate
		r.Coverage.Failed += c.Failed
	}
}

// Worse is the worse of two verdicts, a where they are alike. An incomplete
// scan is worse than a warning, since it may hide an error; an unknown verdict
// counts as incomplete.
func Worse(a, b audit.Verdict) audit.Verdict {
	badness := func(v audit.Verdict) int {
		switch v {
		case audit.VerdictOK:
			return 0
		case audit.VerdictWarning:
			return 1
		case audit.VerdictError:
			return 3
		default:
			return 2
		}
	}
	if badness(b) > badness(a) {
		return b
	}
	return a
}

// Coverage counts the pool's planned endpoints by what became of them.
func (p Pool) Coverage() Coverage {
	c := Coverage{Planned: len(p.Captures)}
	for i := range p.Captures {
		switch p.Captures[i].Outcome {
		case edge.Captured:
			c.Captured++
		case edge.NoCertificate:
			c.NoCertificate++
		default:
			c.Failed++
		}
	}
	return c
}

// Source is what a report stands on, for people: the program and its roots,
// which say nothing where other roots alone were trusted.
func (r Report) Source() []string {
	facts := []string{strings.TrimSpace(r.Tool.Name + " " + r.Tool.Version)}
	day, err := time.Parse(time.DateOnly, r.Tool.PublicRoots)
	if err != nil || r.Policy.OnlyRoots {
		return facts
	}
	roots := "public roots of " + r.Tool.PublicRoots
	if trust.RootsOld(day, r.Evidence.Finished) {
		roots += ", more than 90 days old"
	}
	return append(facts, roots)
}
