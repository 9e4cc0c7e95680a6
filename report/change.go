package report

import (
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/edge"
)

// A Change is one event between the previous scan and this one; package diff
// finds them.
type Change struct {
	Kind    string    `json:"kind"`
	Pool    string    `json:"pool"`
	Member  string    `json:"member"`
	Role    edge.Role `json:"role"`
	Address string    `json:"address"`
	Port    int       `json:"port"`
	Before  string    `json:"before"`
	After   string    `json:"after"`
	Message string    `json:"message"`
	// Headline is what became of the problem that a finding belongs to, with the
	// problem's headline: what people read, once for all events with the same one.
	// Empty: the event stands for itself.
	Headline string `json:"headline,omitempty"`
	Rule     string `json:"rule,omitempty"` // of the event of a finding
}

// The kinds of change. docs/changes.md says when each is told.
const (
	PoolAppeared        = "pool-appeared"
	PoolVanished        = "pool-vanished"
	VerdictChanged      = "verdict-changed"
	MemberAppeared      = "member-appeared"
	MemberVanished      = "member-vanished"
	EndpointAppeared    = "endpoint-appeared"
	EndpointVanished    = "endpoint-vanished"
	EndpointMoved       = "endpoint-moved"
	EndpointUnreachable = "endpoint-unreachable"
	EndpointBack        = "endpoint-back"
	OutcomeChanged      = "outcome-changed"
	CertificateRenewed  = "certificate-renewed"
	CertificateChanged  = "certificate-changed"
	SANLost             = "san-lost"
	SANGained           = "san-gained"
	IssuerChanged       = "issuer-changed"
	KeyReused           = "key-reused"
	ChainChanged        = "chain-changed"
	TLSVersionChanged   = "tls-version-changed"
	FindingNew          = "finding-new"
	FindingGone         = "finding-gone"
	FindingSeverity     = "finding-severity-changed"
	FindingChanged      = "finding-changed" // elsewhere, or about something else
)

// ChangeKinds returns the closed set of kinds, in the order in which the
// changes of one pool are listed.
func ChangeKinds() []string {
	return []string{PoolAppeared, PoolVanished, VerdictChanged, MemberVanished, MemberAppeared,
		EndpointVanished, EndpointAppeared, EndpointMoved, EndpointUnreachable, EndpointBack, OutcomeChanged,
		CertificateRenewed, CertificateChanged, SANLost, SANGained, IssuerChanged, KeyReused, ChainChanged,
		TLSVersionChanged, FindingNew, FindingGone, FindingSeverity, FindingChanged}
}

// Happened are the changes for people: what became of a problem is told once, not
// once for each of its findings.
func (r Report) Happened() []Change {
	var out []Change
	rules := map[Change][]string{} // by problem
	problem := func(c Change) Change { return Change{Kind: c.Kind, Pool: c.Pool, Headline: c.Headline} }
	for _, c := range r.Changes {
		key := problem(c)
		if c.Headline == "" || rules[key] == nil {
			out = append(out, c)
		}
		if !slices.Contains(rules[key], c.Rule) {
			rules[key] = append(rules[key], c.Rule)
		}
	}
	for i, c := range out {
		if c.Headline != "" {
			out[i].Message = fmt.Sprintf("%s (%s)", c.Headline, strings.Join(rules[problem(c)], ", "))
		}
	}
	return out
}

// PoolOf is the pool to name before an event: none where there is but one, or
// where the event names it by itself.
func (r Report) PoolOf(c Change) string {
	if len(r.Pools) < 2 || c.Kind == PoolAppeared || c.Kind == PoolVanished {
		return ""
	}
	return c.Pool
}
