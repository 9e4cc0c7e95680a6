// Package audit judges evidence: []Capture + Pool → []Finding. It is pure: no
// network, no file, no clock (now is an argument), so that a saved scan is
// judged exactly as a live one.
//
// A rule is a struct value in one explicit list (catalogue.go). Absence of
// evidence never passes: what was not seen is could_not_tell, and a pool is
// consistent only where every planned cell was seen.
package audit

import "edgecert/scanner/edge"

// Severity is how bad a finding is. The zero value is none.
type Severity string

// The severities, worst first.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Info    Severity = "info"
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

// A Finding is one thing that is wrong, where, and the fix. Member, Role,
// Address and Port are empty where the finding is about more than one.
type Finding struct {
	Rule        string
	Severity    Severity
	Member      string
	Role        edge.Role
	FQDN        string
	Address     string
	Port        int               // as dialed
	Certificate *edge.Certificate // nil where none is concerned
	Message     string            // what was expected and what was seen
	Fix         string            // what to do; PowerShell where there is a command
}

// A Judgement is everything audit has to say of one pool.
type Judgement struct {
	Pool     string
	Verdict  Verdict
	Findings []Finding          // worst first, then in endpoint order
	Rules    map[string]Outcome // one entry for every rule of the catalogue
}

// A Policy is what the user set; the zero value is the default everywhere.
type Policy struct {
	Profile    string              // "", "federation" or "renewal"
	WarnDays   int                 // 0: relative to the lifetime
	ErrorDays  int                 // 0: relative to the lifetime
	Severities map[string]Severity // rule ID to the severity it gets instead
	Allow      []string            // rules whose findings are dropped
	Roots      []*edge.Certificate // trusted beside the public roots, and as if public
	OnlyRoots  bool                // Roots alone are trusted
}
