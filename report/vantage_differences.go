package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// spotKey is one endpoint as every vantage knows it. The address is no part of
// it: inside and outside reach the same service by different ones.
type spotKey struct {
	member string
	role   edge.Role
	fqdn   string
	port   int
}

// seenSpot is one endpoint from every vantage that planned it.
type seenSpot struct {
	vantages []string
	cells    []Endpoint
}

// differences are the findings of VantageDiffers: one for each way in which
// the views differ, however many endpoints differ so.
func differences(views []view, byID map[string]string, certs map[string]Certificate) []Finding {
	if len(views) < 2 {
		return nil
	}
	var spots []seenSpot
	at := map[spotKey]int{}
	for _, v := range views {
		for _, e := range v.pool.Endpoints {
			k := spotKey{e.Member, e.Role, e.FQDN, e.ServicePort}
			i, known := at[k]
			if !known {
				i = len(spots)
				at[k] = i
				spots = append(spots, seenSpot{})
			}
			spots[i].vantages = append(spots[i].vantages, v.vantage)
			spots[i].cells = append(spots[i].cells, e)
		}
	}
	var certificates, silences, chains, versions, alone cellGroups
	for _, s := range spots {
		first := s.cells[0]
		switch {
		case slices.ContainsFunc(s.cells, notLooked):
		case len(s.cells) < 2:
			alone.add(first, "", s.vantages[0], "")
		case differ(s, outcomeOf):
			silences.add(first, "", s.tell(outcomeOf), "")
		case s.disjoint():
			certificates.add(first, "", s.tell(func(e Endpoint) string { return telling(e, byID, certs) }), "")
		case differ(s, leafOfCell):
			// Behind a load balancer each vantage met some of the servers.
		case differ(s, chainOf):
			chains.add(first, "", s.tell(chainLength), "")
		case differ(s, versionOf):
			versions.add(first, "", s.tell(versionOf), "")
		}
	}
	return slices.Concat(
		findDiffering(certificates, audit.Error, "the certificate", "find out what stands between: split DNS, NAT to another server, a proxy or TLS "+
			"inspection; every vantage must reach the same Edge"),
		findDiffering(silences, audit.Warning, "the answer", "compare firewall, NAT and routes of the vantages; from inside, hairpin NAT may be missing"),
		findDiffering(chains, audit.Warning, "the chain behind the certificate", "look for a proxy or a load balancer that ends TLS by itself"),
		findDiffering(versions, audit.Warning, "the TLS version", "look for a proxy or a load balancer that ends TLS by itself"),
		onlyFrom(alone),
	)
}

// tell says what each vantage saw: "inside: TLS 1.2; outside: TLS 1.3".
func (s seenSpot) tell(what func(Endpoint) string) string {
	parts := make([]string, len(s.cells))
	for i, e := range s.cells {
		parts[i] = s.vantages[i] + ": " + what(e)
	}
	return strings.Join(parts, "; ")
}

func differ(s seenSpot, what func(Endpoint) string) bool {
	return slices.ContainsFunc(s.cells, func(e Endpoint) bool { return what(e) != what(s.cells[0]) })
}

// disjoint says that some two vantages have no certificate in common.
func (s seenSpot) disjoint() bool {
	for i, a := range s.cells {
		for _, b := range s.cells[i+1:] {
			shown := leaves(b)
			if len(shown) > 0 && len(leaves(a)) > 0 && !slices.ContainsFunc(leaves(a), func(fp string) bool { return slices.Contains(shown, fp) }) {
				return true
			}
		}
	}
	return false
}

// outcomeOf is what a cell answered, all failures being one: how a firewall
// refuses differs with where one stands.
func outcomeOf(e Endpoint) string {
	if e.Outcome == edge.Failed {
		return "no answer"
	}
	return string(e.Outcome)
}

func leafOfCell(e Endpoint) string {
	if e.Certificate == nil {
		return ""
	}
	return *e.Certificate
}

func chainOf(e Endpoint) string { return strings.Join(e.Chain, " ") }

func chainLength(e Endpoint) string {
	return behind(chainOf(e)) + " behind it"
}

func versionOf(e Endpoint) string {
	if e.TLS == nil {
		return ""
	}
	return e.TLS.Version
}

// telling names a cell's certificates so that a person can find them.
func telling(e Endpoint, byID map[string]string, certs map[string]Certificate) string {
	var out []string
	for _, fp := range leaves(e) {
		c := certs[fp]
		out = append(out, audit.Named(cmp.Or(byID[fp], "another certificate"), c.ThumbprintSHA1, "serial "+c.Serial,
			"issued by "+commonName(c.Issuer), "ends "+c.NotAfter.Format(time.DateOnly)))
	}
	return strings.Join(out, " and ")
}

func findDiffering(g cellGroups, severity audit.Severity, what, fix string) []Finding {
	var out []Finding
	for _, x := range g.list {
		f := Finding{Rule: VantageDiffers, Severity: severity, Fix: fix,
			Message: fmt.Sprintf("%s: %s depends on the vantage (%s)", enumerate(placesOf(x.cells)), what, x.before)}
		if all(x.cells, func(e Endpoint) bool { return e.Member == x.cells[0].Member }) {
			f.Member = x.cells[0].Member
		}
		if all(x.cells, func(e Endpoint) bool { return e.Role == x.cells[0].Role }) {
			f.Role = x.cells[0].Role
		}
		out = append(out, f)
	}
	return out
}

// onlyFrom tells what one vantage knows and another does not: as a rule, DNS
// answers differently.
func onlyFrom(g cellGroups) []Finding {
	var out []Finding
	for _, x := range g.list {
		out = append(out, Finding{Rule: VantageDiffers, Severity: audit.Info,
			Message: fmt.Sprintf("planned from %s alone: %s", x.before, enumerate(placesOf(x.cells))),
			Fix:     "where members come from DNS, each vantage has its own answers: name them by address to see them side by side"})
	}
	return out
}

func placesOf(cells []Endpoint) []string {
	names := make([]string, len(cells))
	for i, e := range cells {
		names[i] = e.Place()
	}
	return names
}
