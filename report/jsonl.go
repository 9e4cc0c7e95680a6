package report

import (
	"fmt"
	"io"
	"reflect"
	"time"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// The lines of the JSONL form. Each has a "type" that says what it is, the
// "schema" and the time of the scan, so that a line can be understood alone in
// a log store. Fields have the names of the JSON document.
type (
	lineHead struct {
		Type   string    `json:"type"` // scan, pool, endpoint, finding, change
		Schema string    `json:"schema"`
		Time   time.Time `json:"time"` // the end of the scan
		Host   string    `json:"host"` // the vantage
	}
	scanLine struct {
		lineHead
		Tool        Tool          `json:"tool"`
		Started     time.Time     `json:"started"`
		Finished    time.Time     `json:"finished"`
		Interrupted bool          `json:"interrupted"`
		Asked       edge.Asked    `json:"asked"`
		Shard       *edge.Shard   `json:"shard"`
		Verdict     audit.Verdict `json:"verdict"`
		Coverage    Coverage      `json:"coverage"`
	}
	poolLine struct {
		lineHead
		Pool     string                          `json:"pool"`
		Kind     *edge.PoolKind                  `json:"kind"`
		Verdict  audit.Verdict                   `json:"verdict"`
		Coverage Coverage                        `json:"coverage"`
		Problems []audit.Problem                 `json:"problems"`
		Steps    []audit.Step                    `json:"steps"`
		Right    map[edge.Role]*edge.Certificate `json:"right"`
		Untold   []audit.Untold                  `json:"untold"`
		Rules    map[string]audit.Outcome        `json:"rules"`
	}
	leafLine struct {
		lineHead
		Pool string `json:"pool"`
		endpointLine
		ChainNotAfter *time.Time `json:"chain_not_after"` // null: none was sent
		Leaf          *facts     `json:"leaf"`            // the certificate itself, its PEM left out
	}
	poolFinding struct {
		lineHead
		Pool string `json:"pool"`
		findingLine
	}
	changeLine struct {
		lineHead
		Change
	}
)

// JSONL writes one JSON object a line: the scan, then for each pool its own
// line, its endpoints (with the leaf's facts beside them) and its findings, and
// at last the changes. Chains in full are in the JSON document alone.
func JSONL(w io.Writer, r Report) error {
	e := newEncoder(w)
	put := func(line any) {
		e.value(reflect.ValueOf(line), elementDepth)
		e.text("\n")
	}
	ev := r.Evidence
	head := func(kind string) lineHead { return lineHead{kind, Schema, ev.Finished, ev.Host} }
	put(scanLine{head("scan"), r.Tool, ev.Started, ev.Finished, ev.Interrupted, ev.Asked, ev.Shard, r.Verdict, r.Coverage})
	leaves := map[*edge.Certificate]*facts{}
	for i := range r.Pools {
		p := &r.Pools[i]
		entry := p.entry()
		put(poolLine{head("pool"), entry.Name, entry.Kind, p.Verdict, p.Coverage(), p.Problems, p.Steps, p.Right, p.Untold, p.Rules})
		for line := range entry.Endpoints {
			l := leafLine{lineHead: head("endpoint"), Pool: entry.Name, endpointLine: line}
			if leaf := line.Capture.Leaf(); leaf != nil {
				if leaves[leaf] == nil {
					c := newFacts(leaf)
					leaves[leaf] = &c
				}
				l.Leaf = leaves[leaf]
				if end := chainEnd(line.Capture.Chain); !end.IsZero() {
					l.ChainNotAfter = &end
				}
			}
			put(l)
		}
		for line := range entry.Findings {
			put(poolFinding{head("finding"), entry.Name, line})
		}
	}
	for _, c := range r.Changes {
		put(changeLine{head("change"), c})
	}
	if err := e.flush(); err != nil {
		return fmt.Errorf("writing JSON lines: %w", err)
	}
	return nil
}
