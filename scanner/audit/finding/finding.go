// Package finding is what audit says, as data: which cells are wrong, by which
// rule, what is one cause, and what mends it. A sentence is made from that once,
// in audit; no format and no comparison reads a sentence back.
package finding

import "edgecert/scanner/edge"

// Severity is how bad a finding is. The zero value is none.
type Severity string

// The severities, worst first.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Info    Severity = "info"
)

// Rank orders severities, worst first; what is none comes last.
func (s Severity) Rank() int {
	switch s {
	case Error:
		return 0
	case Warning:
		return 1
	case Info:
		return 2
	default:
		return 3
	}
}

// A Finding is one thing that is wrong, and where.
//
// Member, Role, FQDN, Address and Port are what the cells agree in, else empty.
type Finding struct {
	Rule         string              `json:"rule"`
	Severity     Severity            `json:"severity"`
	Also         []string            `json:"also"`         // further rules whose fact the finding tells
	Cells        []int               `json:"endpoints"`    // the captures that it blames, indexes into the pool's, ascending
	Certificates []*edge.Certificate `json:"certificates"` // those it is about, CAs' too, each once
	Subjects     []string            `json:"subjects"`     // names, addresses, domains and ports it is about, sorted
	Member       string              `json:"member"`
	Role         edge.Role           `json:"role"`
	FQDN         string              `json:"fqdn,omitempty"`
	Address      string              `json:"address"`
	Port         int                 `json:"port"`               // as dialed
	Headline     string              `json:"headline,omitempty"` // of a note, as a problem has one: its message in short
	Message      string              `json:"message"`            // what was expected and what was seen
	Fix          string              `json:"fix"`                // the steps that settle it, in a line
	Short        string              `json:"-"`                  // what a headline says of it, where the rule's own words do not name it all
	Steps        []Step              `json:"-"`                  // what settles it, where that is more than its fix
	Of           edge.Role           `json:"-"`                  // the service whose certificate it is about, where it blames others of the members too
	Ahead        bool                `json:"-"`                  // it is about a certificate that was meant, and is not presented where it blames
	Problem      int                 `json:"problem"`            // index into the Judgement's problems, -1: it belongs to none
}

// Certificate is the only one that the finding is about, else nil.
func (f Finding) Certificate() *edge.Certificate {
	if len(f.Certificates) != 1 {
		return nil
	}
	return f.Certificates[0]
}

// A Problem is what one act mends: the findings that have one cause.
type Problem struct {
	Severity Severity `json:"severity"`
	Headline string   `json:"headline"`         // at most 120 printable ASCII characters, fit for a mail's subject
	Impact   string   `json:"impact,omitempty"` // what stops working, for whom and when, in a sentence; empty: nothing does
	Members  []string `json:"members"`          // those to act on, in the pool's order
	Findings []int    `json:"findings"`         // indexes into the Judgement's findings
}

// A Step is one act of a pool's plan.
type Step struct {
	On       []string `json:"on"`       // members; empty: not on the Edge itself, or on all of them as the text says
	Text     string   `json:"text"`     // what to do, a sentence without its period
	Commands []string `json:"commands"` // PowerShell, a whole command line each
	Problems []int    `json:"problems"` // the problems that it settles

	Restart  bool `json:"-"` // the members' services are restarted then: room remedy words it, once for all steps of a member
	Optional bool `json:"-"` // one of two ways out
}

// An Untold is why rules could not tell.
type Untold struct {
	Reason string   `json:"reason"`
	Rules  []string `json:"rules"`     // sorted
	Cells  []int    `json:"endpoints"` // the captures that it is about; none: the pool
}
