package sweep

import (
	"context"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"edgecert/report"
	"edgecert/scanner"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
	"edgecert/scanner/lab"
	"edgecert/scanner/targets"
)

// A place is one cell of the pool.
type place struct {
	member string
	role   edge.Role
	port   int // the service's
}

func (p place) String() string { return fmt.Sprintf("%s %s %d", p.member, p.role, p.port) }

func placeOf(c lab.Cell) place { return place{c.Member, c.Role, c.Port} }

// A field is the healthy pool and every changed cell, scanned.
type field struct {
	cells   []lab.Cell // of the healthy pool
	pool    edge.Pool
	healthy []edge.Capture
	changed map[string]map[place]edge.Capture // by mutation
	policy  audit.Policy
	usually report.Report   // of the healthy pool
	usual   map[string]bool // the rules that tell something of the healthy pool, too
}

// keys are shared by all labs: making RSA keys is most of a lab's time.
var keys lab.KeyRing

// healthySpec is the pool of every world.
func healthySpec() lab.Spec {
	spec := lab.Healthy(now)
	spec.Keys = &keys
	spec.Authorities = append(spec.Authorities, authorities()...)
	return spec
}

// pin puts the CRLs at a fixed address, so that a certificate is the same in
// every lab.
func pin(spec *lab.Spec) {
	crl := []string{"http://crl.contoso.example/public.crl"}
	spec.Each("", func(c *lab.Cell) { c.Chain.Leaf.CRL, c.Chain.Leaf.OCSP = crl, nil })
	for i := range spec.Authorities {
		spec.Authorities[i].Intermediate.CRL = crl
	}
}

func newField(t *testing.T) *field {
	t.Helper()
	spec := healthySpec()
	pin(&spec)
	s := &field{cells: spec.Cells, changed: map[string]map[place]edge.Capture{}, usual: map[string]bool{}}
	l := start(t, spec)
	s.pool = described(t, l)
	s.policy = policy(l)
	endpoints := edge.Plan([]edge.Pool{s.pool})

	fast, slow := variants(spec, false), variants(spec, true)
	captures := scan(t, scanner.Options{Timeout: 30 * time.Second},
		append(slices.Clone(endpoints), s.endpoints(endpoints, start(t, fast.spec), fast)...))
	s.healthy = captures[:len(endpoints)]
	s.keep(t, fast, captures[len(endpoints):])
	s.keep(t, slow, scan(t, scanner.Options{Timeout: 2 * time.Second, Retries: -1},
		s.endpoints(endpoints, start(t, slow.spec), slow)))

	j := judge(s.evidence(s.healthy), s.policy)
	s.usually = report.New(s.evidence(s.healthy), []audit.Judgement{j}, s.policy, report.Tool{Name: "edgecert"})
	for _, f := range j.Findings {
		s.usual[f.Rule] = true
		if f.Severity != audit.Info {
			t.Errorf("the healthy pool: %s", show(f))
		}
	}
	if j.Verdict != audit.VerdictOK {
		t.Fatalf("the healthy pool: verdict %s", j.Verdict)
	}
	return s
}

func start(t *testing.T, spec lab.Spec) *lab.Lab {
	t.Helper()
	l, err := lab.Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// described is the pool as the scanner knows it: from the targets file.
func described(t *testing.T, l *lab.Lab) edge.Pool {
	t.Helper()
	file, err := targets.Load([]string{"-"}, strings.NewReader(l.Targets()), nil)
	if err != nil {
		t.Fatal(err)
	}
	return file.Pools[0]
}

func policy(l *lab.Lab) audit.Policy {
	p := audit.Policy{OnlyRoots: true} // a lab's CA is in nobody's store: looking there takes time alone
	for rest := l.Roots(); len(rest) > 0; {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		p.Roots = append(p.Roots, edge.NewCertificate(block.Bytes))
	}
	return p
}

func scan(t *testing.T, o scanner.Options, endpoints []edge.Endpoint) []edge.Capture {
	t.Helper()
	o.PerAddress = 256 // everything is on 127.0.0.1
	captures, err := scanner.Scan(t.Context(), endpoints, o)
	if err != nil {
		t.Fatal(err)
	}
	return captures
}

// keep files the captures of a batch by mutation and place.
func (s *field) keep(t *testing.T, b batch, captures []edge.Capture) {
	t.Helper()
	for i, v := range b.cells {
		if want := v.mutation.shows; want != "" && asked(captures[i]) != want {
			t.Errorf("%s: client certificate %s, want %s", v.cell.Member, asked(captures[i]), want)
		}
		if s.changed[v.mutation.name] == nil {
			s.changed[v.mutation.name] = map[place]edge.Capture{}
		}
		// As dialed on the healthy pool: a world is about one pool.
		c := captures[i]
		c.Endpoint.Port = s.dialed(v.place)
		s.changed[v.mutation.name][v.place] = c
	}
}

// asked is what a capture says of client certificates.
func asked(c edge.Capture) string {
	if c.TLS == nil {
		return "unknown"
	}
	return fmt.Sprint(c.TLS.ClientCertificate, " ", c.TLS.AcceptableCAs)
}

// dialed is the port on which the healthy pool's cell is dialed.
func (s *field) dialed(p place) int {
	for _, c := range s.healthy {
		if endpointPlace(c.Endpoint) == p {
			return c.Endpoint.Port
		}
	}
	return 0
}

// world is the pool in which some cells have a mutation.
func (s *field) world(t *testing.T, m mutation, cells []place) edge.Evidence {
	t.Helper()
	if m.against != "" && s.changed[m.against] == nil {
		t.Fatalf("no mutation %q to stand against", m.against)
	}
	captures := slices.Clone(s.healthy)
	for i, c := range captures {
		p := endpointPlace(c.Endpoint)
		if around, ok := s.changed[m.against][p]; ok {
			captures[i] = around
		}
		if slices.Contains(cells, p) {
			captures[i] = c
			if m.change != nil {
				captures[i] = s.changed[m.name][p]
			}
		}
	}
	ev := s.evidence(captures)
	if m.pool != nil {
		m.pool(&ev.Pools[0])
	}
	return ev
}

// changesLeaf says whether a cell with this mutation presents another
// certificate than those around it.
func (s *field) changesLeaf(m mutation, p place) bool {
	around, inside := s.capture("", p), s.capture("", p)
	if m.against != "" {
		around = s.capture(m.against, p)
	}
	if m.change != nil {
		inside = s.capture(m.name, p)
	}
	a, b := around.Leaf(), inside.Leaf()
	return a != nil && b != nil && a.Fingerprint != b.Fingerprint
}

func (s *field) capture(mutation string, p place) edge.Capture {
	if c, ok := s.changed[mutation][p]; ok {
		return c
	}
	i := slices.IndexFunc(s.healthy, func(c edge.Capture) bool { return endpointPlace(c.Endpoint) == p })
	return s.healthy[i]
}

func (s *field) evidence(captures []edge.Capture) edge.Evidence {
	return edge.Evidence{Started: now, Finished: now.Add(time.Second), Pools: []edge.Pool{s.pool}, Captures: captures}
}

func judge(ev edge.Evidence, p audit.Policy) audit.Judgement {
	return audit.Judge(context.Background(), ev, p, now)[0]
}
