package report

import (
	"encoding/pem"
	"iter"
	"maps"
	"slices"
	"time"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// The shapes of the document, as schema.json describes it. What grows with the
// scan is a sequence, of which one element at a time is made, written and
// forgotten; the elements themselves are the values of edge and audit.
type (
	document struct {
		Schema       string                         `json:"schema"`
		Tool         Tool                           `json:"tool"`
		Started      time.Time                      `json:"started"`
		Finished     time.Time                      `json:"finished"`
		At           *time.Time                     `json:"at,omitempty"` // judged as of; left out: the end of the scan
		Vantage      vantage                        `json:"vantage"`
		Interrupted  bool                           `json:"interrupted"`
		Asked        edge.Asked                     `json:"asked"`
		Shard        *edge.Shard                    `json:"shard"` // null: the whole
		Missing      []int                          `json:"missing_shards,omitempty"`
		Verdict      audit.Verdict                  `json:"verdict"`
		Coverage     Coverage                       `json:"coverage"`
		Policy       audit.Policy                   `json:"policy"`
		Pools        iter.Seq[poolEntry]            `json:"pools"`
		Certificates iter.Seq2[string, certificate] `json:"certificates"` // by SHA-256, lower hex
		Trust        trusted                        `json:"trust"`
		Changes      *[]Change                      `json:"changes"` // null: no previous scan; []: nothing changed
	}

	// vantage is where the scan looked from: the host, or the names of the
	// vantage points where several scans were laid side by side.
	vantage struct {
		Host  string        `json:"host"`
		Scans []VantageScan `json:"scans,omitempty"`
	}

	// trusted is what this host and the revocation services said of certificates:
	// evidence that cannot be had again from a file.
	trusted struct {
		HostRoots   bool                                  `json:"host_roots"`   // the host's own root store was asked
		HostTrusted []edge.Fingerprint                    `json:"host_trusted"` // leaves it trusts
		Revocation  *map[edge.Fingerprint]edge.Revocation `json:"revocation"`   // null: not asked
	}

	poolEntry struct {
		Name       string                          `json:"name"`
		Kind       *edge.PoolKind                  `json:"kind"` // null: the command line, loose endpoints
		Verdict    audit.Verdict                   `json:"verdict"`
		SIPDomains []string                        `json:"sip_domains"`
		Services   []service                       `json:"services"`
		Endpoints  iter.Seq[endpointLine]          `json:"endpoints"`
		Findings   iter.Seq[findingLine]           `json:"findings"`
		Problems   []audit.Problem                 `json:"problems"`
		Steps      []audit.Step                    `json:"steps"`
		Right      map[edge.Role]*edge.Certificate `json:"right"`
		Untold     []audit.Untold                  `json:"untold"`
		Rules      map[string]audit.Outcome        `json:"rules"`
		Plan       edge.Pool                       `json:"plan"` // as described: what judging needs beyond the fields above
	}

	service struct {
		Role  edge.Role `json:"role"`
		FQDN  string    `json:"fqdn"`
		Ports []int     `json:"ports"`
	}

	// An endpointLine is a capture and what is made from it.
	endpointLine struct {
		*edge.Capture
		Certificate *edge.Certificate `json:"certificate"`
		Timing      timing            `json:"timing_ms"`
		ServicePort int               `json:"service_port,omitempty"` // left out: the port dialed
	}

	timing struct {
		Dial      float64 `json:"dial"`
		Handshake float64 `json:"handshake"`
	}

	findingLine struct {
		*audit.Finding
		Certificate *edge.Certificate `json:"certificate"`
		Problem     *int              `json:"problem"`
	}

	certificate struct {
		facts
		PEM string `json:"pem"`
	}

	// facts are what a certificate says, for those who do not read DER.
	facts struct {
		Subject            string    `json:"subject"`
		Issuer             string    `json:"issuer"`
		Serial             string    `json:"serial"`
		ThumbprintSHA1     string    `json:"thumbprint_sha1"`
		SPKISHA256         string    `json:"spki_sha256"`
		NotBefore          time.Time `json:"not_before"`
		NotAfter           time.Time `json:"not_after"`
		DNSNames           []string  `json:"dns_names"`
		ExtendedKeyUsage   []string  `json:"extended_key_usage"` // "serverAuth", "clientAuth", …, else the OID
		KeyType            string    `json:"key_type"`           // "RSA", "EC", "Ed25519", …, "unknown"
		KeyBits            int       `json:"key_bits"`
		SignatureAlgorithm string    `json:"signature_algorithm"`
		IsCA               bool      `json:"is_ca"`
		ParseError         string    `json:"parse_error,omitempty"`
	}
)

func (r Report) document() document {
	ev := r.Evidence
	d := document{
		Schema: Schema, Tool: r.Tool, Started: ev.Started, Finished: ev.Finished,
		Vantage: vantage{ev.Host, r.Vantages}, Interrupted: ev.Interrupted, Asked: ev.Asked, Shard: ev.Shard, Missing: ev.Missing,
		Verdict: r.Verdict, Coverage: r.Coverage, Policy: r.Policy,
		Pools: func(yield func(poolEntry) bool) {
			for i := range r.Pools {
				if !yield(r.Pools[i].entry()) {
					return
				}
			}
		},
		Certificates: r.certificates(),
		Trust:        trusted{HostRoots: ev.HostRoots},
	}
	if !r.At.IsZero() {
		d.At = &r.At
	}
	for f, yes := range ev.HostTrusted {
		if yes {
			d.Trust.HostTrusted = append(d.Trust.HostTrusted, f)
		}
	}
	slices.SortFunc(d.Trust.HostTrusted, edge.Fingerprint.Compare)
	if ev.Revocation != nil {
		d.Trust.Revocation = &ev.Revocation
	}
	if r.Changes != nil {
		d.Changes = &r.Changes
	}
	return d
}

func (p *Pool) entry() poolEntry {
	e := poolEntry{
		Name: p.Plan.Name, Verdict: p.Verdict, SIPDomains: p.Plan.SIPDomains,
		Problems: p.Problems, Steps: p.Steps, Right: p.Right, Untold: p.Untold, Rules: p.Rules, Plan: p.Plan,
		Endpoints: func(yield func(endpointLine) bool) {
			for i := range p.Captures {
				if !yield(newEndpointLine(&p.Captures[i])) {
					return
				}
			}
		},
		Findings: func(yield func(findingLine) bool) {
			for i := range p.Findings {
				if !yield(newFindingLine(&p.Findings[i])) {
					return
				}
			}
		},
	}
	if kind := &p.Plan.Kind; *kind != edge.CommandLinePool && *kind != edge.LoosePool {
		e.Kind = kind
	}
	for _, s := range p.Plan.Services {
		e.Services = append(e.Services, service{s.Role, s.FQDN, s.Ports})
	}
	return e
}

func newEndpointLine(c *edge.Capture) endpointLine {
	e := endpointLine{Capture: c, Certificate: c.Leaf(), Timing: timing{milliseconds(c.Dial), milliseconds(c.Handshake)}}
	if c.Endpoint.ServicePort != c.Port {
		e.ServicePort = c.Endpoint.ServicePort
	}
	return e
}

func newFindingLine(f *audit.Finding) findingLine {
	l := findingLine{Finding: f, Certificate: f.Certificate()}
	if f.Problem >= 0 {
		l.Problem = &f.Problem
	}
	return l
}

// milliseconds is exact to the microsecond, so that a duration survives the
// way through a file.
func milliseconds(d time.Duration) float64 {
	return float64(d.Microseconds()) / 1000
}

func duration(ms float64) time.Duration {
	return time.Duration(ms*1000+0.5) * time.Microsecond
}

// certificates are all that the document names, by fingerprint.
func (r Report) certificates() iter.Seq2[string, certificate] {
	all := map[edge.Fingerprint]*edge.Certificate{}
	add := func(cs ...*edge.Certificate) {
		for _, c := range cs {
			if c != nil {
				all[c.Fingerprint] = c
			}
		}
	}
	add(r.Policy.Roots...)
	for _, p := range r.Pools {
		for _, x := range p.Plan.Expect {
			add(x.Certificate)
			add(x.Chain...)
		}
		for i := range p.Captures {
			add(p.Captures[i].Chain...)
			for _, s := range p.Captures[i].Presentations {
				add(s.Chain...)
			}
		}
		for _, f := range p.Findings {
			add(f.Certificates...)
		}
		add(slices.Collect(maps.Values(p.Right))...)
	}
	order := slices.SortedFunc(maps.Keys(all), edge.Fingerprint.Compare)
	return func(yield func(string, certificate) bool) {
		for _, f := range order {
			c := certificate{newFacts(all[f]), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: all[f].Raw}))}
			if !yield(f.String(), c) {
				return
			}
		}
	}
}
