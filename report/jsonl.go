package report

import (
	"encoding/json"
	"io"
	"time"

	"edgecert/scanner/audit"
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
		Verdict     audit.Verdict `json:"verdict"`
		Coverage    Coverage      `json:"coverage"`
	}
	poolLine struct {
		lineHead
		Pool     string                   `json:"pool"`
		Verdict  audit.Verdict            `json:"verdict"`
		Coverage Coverage                 `json:"coverage"`
		Rules    map[string]audit.Outcome `json:"rules"`
	}
	endpointLine struct {
		lineHead
		Pool string `json:"pool"`
		Endpoint
		Leaf *Certificate `json:"leaf"` // the certificate itself, its PEM left out
	}
	findingLine struct {
		lineHead
		Pool string `json:"pool"`
		Finding
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
	enc := json.NewEncoder(&asciiWriter{w: w})
	enc.SetEscapeHTML(false)
	put := enc.Encode
	head := func(kind string) lineHead { return lineHead{kind, r.Schema, r.Finished, r.Vantage.Host} }
	if err := put(scanLine{head("scan"), r.Tool, r.Started, r.Finished, r.Interrupted, r.Verdict, r.Coverage}); err != nil {
		return err
	}
	for _, p := range r.Pools {
		if err := put(poolLine{head("pool"), p.Name, p.Verdict, p.Coverage(), p.Rules}); err != nil {
			return err
		}
		for _, e := range p.Endpoints {
			if err := put(endpointLine{head("endpoint"), p.Name, e, r.leafFacts(e)}); err != nil {
				return err
			}
		}
		for _, f := range p.Findings {
			if err := put(findingLine{head("finding"), p.Name, f}); err != nil {
				return err
			}
		}
	}
	for _, c := range r.Changes {
		if err := put(changeLine{head("change"), c}); err != nil {
			return err
		}
	}
	return nil
}

// leafFacts is the endpoint's certificate without its PEM, nil for none.
func (r Report) leafFacts(e Endpoint) *Certificate {
	if e.Certificate == nil {
		return nil
	}
	c := r.Certificates[*e.Certificate]
	c.PEM = ""
	return &c
}
