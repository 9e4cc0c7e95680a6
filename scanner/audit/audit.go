// Package audit judges evidence: []Capture + Pool → []Finding. It is pure: no
// network, no file, no clock (now is an argument), so that a saved scan is
// judged exactly as a live one.
//
// A rule is a struct value in one explicit list (catalogue.go). Absence of
// evidence never passes: what was not seen is could_not_tell, and a pool is
// consistent only where every planned cell was seen.
package audit

import (
	"edgecert/scanner/audit/finding"
	"edgecert/scanner/audit/trust"
	"edgecert/scanner/edge"
)

// What audit says is data of package finding.
type (
	Finding  = finding.Finding
	Severity = finding.Severity
	Problem  = finding.Problem
	Step     = finding.Step
	Untold   = finding.Untold
)

// The severities, worst first.
const (
	Error   = finding.Error
	Warning = finding.Warning
	Info    = finding.Info
)

// Outcome is what a rule says of a pool. The zero value is none of them.
type Outcome string

// The outcomes of a rule.
const (
	Pass          Outcome = "pass"
	Found         Outcome = "finding"
	NotApplicable Outcome = "not_applicable"
	CouldNotTell  Outcome = "could_not_tell"
)

// Verdict sums a pool, or a whole report, up.
type Verdict string

// The verdicts. Incomplete: planned cells are missing and nothing is worse.
const (
	VerdictOK         Verdict = "ok"
	VerdictWarning    Verdict = "warning"
	VerdictError      Verdict = "error"
	VerdictIncomplete Verdict = "incomplete"
)

// A Judgement is everything audit has to say of one pool. Indexes are into its
// own lists and into the pool's captures.
type Judgement struct {
	Pool     string
	Verdict  Verdict
	Findings []Finding // worst first, then in endpoint order
	Problems []Problem // what one act mends, worst first
	Steps    []Step    // the pool's one plan, in order
	// Right is the certificate that the services of a role should present: a key
	// for every role of the pool, nil where it is not known.
	Right   map[edge.Role]*edge.Certificate
	Letters map[edge.Fingerprint]string // of every leaf that was presented: A, B, …
	Untold  []Untold                    // why rules could not tell
	Rules   map[string]Outcome          // one entry for every rule of the catalogue
}

// A Policy is what the user set; the zero value is the default everywhere.
type Policy struct {
	Profile    string              `json:"profile"`    // "", "federation" or "renewal"
	WarnDays   int                 `json:"warn_days"`  // 0: relative to the lifetime
	ErrorDays  int                 `json:"error_days"` // 0: relative to the lifetime
	Severities map[string]Severity `json:"severities"` // rule ID to the severity it gets instead
	Allow      []string            `json:"allow"`      // rules whose findings are dropped
	Roots      []*edge.Certificate `json:"roots"`      // trusted beside the public roots, and as if public
	OnlyRoots  bool                `json:"only_roots"` // Roots alone are trusted
	Withdrawn  trust.RootList      `json:"-"`          // roots that were public once; the zero value is the embedded list
}
