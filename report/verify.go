package report

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"slices"
	"strings"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// verify holds a loaded document against itself: every word from its closed
// set, every certificate under its own fingerprint, every reference answered,
// every count right. It finds files that were cut, merged or edited by hand.
func verify(r Report) error {
	if err := verifyCertificates(r); err != nil {
		return err
	}
	var seen Coverage
	for _, p := range r.Pools {
		if err := verifyPool(p, r.Certificates); err != nil {
			return err
		}
		seen = seen.add(p.Coverage())
	}
	switch {
	case seen != r.Coverage:
		return damaged("coverage says %+v, the endpoints say %+v", r.Coverage, seen)
	case !knownVerdict(r.Verdict):
		return damaged("verdict %.40q is none", r.Verdict)
	case r.Finished.Before(r.Started):
		return damaged("the scan ends at %s, before it began", r.Finished)
	}
	for _, id := range r.Policy.Roots {
		if _, ok := r.Certificates[id]; !ok {
			return missing("the policy", id)
		}
	}
	if _, _, err := Evidence(r); err != nil { // addresses and fingerprints that are none
		return damaged("%s", Clean(err.Error()))
	}
	return nil
}

// verifyCertificates holds every certificate against its fingerprint. Its
// numbers must be the hex that renderers take them for.
func verifyCertificates(r Report) error {
	for id, c := range r.Certificates {
		block, rest := pem.Decode([]byte(c.PEM))
		if block == nil || len(rest) > 0 {
			return damaged("certificate %.64q: its PEM cannot be read", id)
		}
		if sum := sha256.Sum256(block.Bytes); hex.EncodeToString(sum[:]) != id {
			return damaged("certificate %.64q: its PEM is that of %x", id, sum)
		}
		if number := c.Serial + c.ThumbprintSHA1 + c.SPKISHA256; strings.Trim(number, "0123456789abcdef") != "" {
			return damaged("certificate %.64q: serial number, thumbprint and key are %.200q, which is no lower hex", id, number)
		}
	}
	return nil
}

func verifyPool(p Pool, table map[string]Certificate) error {
	if p.Name != p.Plan.Name {
		return damaged("pool %.60q: its plan is that of %.60q", p.Name, p.Plan.Name)
	}
	if !knownVerdict(p.Verdict) {
		return damaged("pool %.60q: verdict %.40q is none", p.Name, p.Verdict)
	}
	for _, s := range p.Services {
		if !knownRole(s.Role) {
			return damaged("pool %.60q: role %.40q is none", p.Name, s.Role)
		}
	}
	for i, e := range p.Endpoints {
		where := p.Name + " " + e.Place()
		switch {
		case !knownOutcome(e.Outcome):
			return damaged("%.120q: outcome %.40q is none", where, e.Outcome)
		case !knownRole(e.Role):
			return damaged("%.120q: role %.40q is none", where, e.Role)
		}
		if (e.Outcome == edge.Captured) != (len(e.Chain) > 0) || (e.Certificate != nil) != (len(e.Chain) > 0) ||
			e.Certificate != nil && *e.Certificate != e.Chain[0] {
			return damaged("%.120q (endpoint %d): outcome %s, certificate and chain contradict each other", where, i+1, e.Outcome)
		}
		for _, id := range e.references() {
			if _, ok := table[id]; !ok {
				return missing(where, id)
			}
		}
	}
	for _, f := range p.Findings {
		if f.Certificate != nil {
			if _, ok := table[*f.Certificate]; !ok {
				return missing("finding "+f.Rule, *f.Certificate)
			}
		}
		if !slices.Contains([]audit.Severity{audit.Error, audit.Warning, audit.Info}, f.Severity) {
			return damaged("finding %.60q: severity %.40q is none", f.Rule, f.Severity)
		}
		if f.Role != "" && !knownRole(f.Role) {
			return damaged("finding %.60q: role %.40q is none", f.Rule, f.Role)
		}
	}
	for rule, o := range p.Rules {
		if !slices.Contains([]audit.Outcome{audit.Pass, audit.Found, audit.NotApplicable, audit.CouldNotTell}, o) {
			return damaged("rule %.60q: outcome %.40q is none", rule, o)
		}
	}
	return nil
}

func missing(where, id string) error {
	return damaged("%.120q names certificate %.64q, which is not there", where, id)
}

func knownVerdict(v audit.Verdict) bool {
	return slices.Contains([]audit.Verdict{audit.VerdictOK, audit.VerdictWarning, audit.VerdictError, audit.VerdictIncomplete}, v)
}

func knownRole(r edge.Role) bool {
	return slices.Contains(edge.Roles(), r)
}

func knownOutcome(o edge.Outcome) bool {
	return slices.Contains([]edge.Outcome{edge.Captured, edge.NoCertificate, edge.Failed}, o)
}

// references are the SHA-256 of every certificate the endpoint names. A null
// in a list of certificates counts as a reference to nothing.
func (e Endpoint) references() []string {
	ids := slices.Clone(e.Chain)
	add := func(c *edge.Certificate) {
		if c == nil {
			ids = append(ids, "null")
			return
		}
		ids = append(ids, c.Fingerprint.String())
	}
	for _, p := range e.Presentations {
		for _, c := range p.Chain {
			add(c)
		}
	}
	return ids
}
