package diff

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"edgecert/report"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// certificates tells which leaves took the place of which: one event for each
// pair of old and new in the pool, since a renewal is one act.
func (d *poolDiff) certificates() {
	var g cellGroups
	for _, p := range d.pairs {
		for _, swap := range d.swaps(p) {
			g.add(p.is, "", swap.before, swap.after)
		}
	}
	d.firstSeen(&g)
	for _, x := range g.list {
		d.replaced(x)
	}
}

type leafSwap struct{ before, after string }

// swaps is what a cell shows now that it did not show before. Fewer
// certificates than before are no swap: a load balancer's samples may miss
// one, and `finding-gone` tells that a mixture ended.
func (d *poolDiff) swaps(p cellPair) []leafSwap {
	was, is := leaves(p.was), leaves(p.is)
	if len(was) == 0 {
		return nil
	}
	var out []leafSwap
	for _, after := range is {
		if slices.Contains(was, after) || p.shared() && d.seenBefore(after) {
			continue // behind a load balancer another member's certificate is no news
		}
		out = append(out, leafSwap{d.predecessor(was, after), after})
	}
	return out
}

// seenBefore says that the pool showed the leaf in the previous scan.
func (d *poolDiff) seenBefore(fp string) bool {
	return slices.ContainsFunc(d.was.Leaves(), func(c *edge.Certificate) bool { return c.Fingerprint.String() == fp })
}

// predecessor is the newest of the certificates that after may have renewed,
// else the first of them.
func (d *poolDiff) predecessor(of []string, after string) string {
	best := ""
	for _, fp := range of {
		if !succeeds(d.certs[fp], d.certs[after]) {
			continue
		}
		if best == "" || d.certs[fp].NotBefore().After(d.certs[best].NotBefore()) {
			best = fp
		}
	}
	if best == "" {
		return of[0]
	}
	return best
}

// firstSeen adds cells that nobody could see in the previous scan and that
// show a leaf which was nowhere in the pool then: a renewal behind an outage.
func (d *poolDiff) firstSeen(g *cellGroups) {
	if d.loose() {
		return
	}
	var old []string
	for _, c := range d.was.Leaves() {
		old = append(old, c.Fingerprint.String())
	}
	if len(old) == 0 {
		return
	}
	cells := slices.Clone(d.come)
	for _, p := range d.pairs {
		if len(leaves(p.was)) == 0 {
			cells = append(cells, p.is)
		}
	}
	for _, e := range cells {
		for _, fp := range leaves(e) {
			if slices.Contains(old, fp) {
				continue
			}
			if before := d.predecessor(old, fp); succeeds(d.certs[before], d.certs[fp]) {
				g.add(e, "", before, fp)
			}
		}
	}
}

// succeeds says that b looks like a's renewal: younger, and for one of its
// names at least.
func succeeds(a, b *edge.Certificate) bool {
	if a.NotBefore().IsZero() || b.NotBefore().IsZero() {
		return false
	}
	younger := b.NotBefore().After(a.NotBefore()) || b.NotBefore().Equal(a.NotBefore()) && b.NotAfter().After(a.NotAfter())
	sameName := a.Subject() == b.Subject() || slices.ContainsFunc(a.DNSNames(), func(n string) bool {
		return slices.ContainsFunc(b.DNSNames(), func(m string) bool { return strings.EqualFold(n, m) })
	})
	return younger && sameName
}

// succession is the kind of a replacement of a by b, and how it is.
func succession(a, b *edge.Certificate) (kind, how string) {
	switch {
	case succeeds(a, b):
		return report.CertificateRenewed, ""
	case succeeds(b, a):
		return report.CertificateChanged, " by an older one"
	default:
		return report.CertificateChanged, " by another that is not its renewal"
	}
}

// replaced tells one replacement.
func (d *poolDiff) replaced(x cellGroup) {
	a, b := d.certs[x.before], d.certs[x.after]
	verb := "was replaced"
	kind, how := succession(a, b)
	if kind == report.CertificateRenewed {
		verb = "was renewed"
	}
	d.replacement(x, kind, fmt.Sprintf("the certificate %s%s on %s%s; %s", verb, how, d.who(x.cells, d.bearing), d.standing(x), describeNew(a, b)))
}

// replacement adds the event of one replacement, and those of what the new
// certificate lost, gained or kept.
func (d *poolDiff) replacement(x cellGroup, kind, message string) {
	a, b := d.certs[x.before], d.certs[x.after]
	c := d.located(kind, x.cells, x.before, x.after)
	c.Message = message
	if lacks := d.lacks(a, b); len(lacks) > 0 {
		c.Message += "; it lacks what the one before had: " + report.Enumerate(lacks)
	}
	d.changes = append(d.changes, c)

	if a.ParseError != "" || b.ParseError != "" {
		return // what cannot be read lost and gained nothing
	}
	lost, gained := namesWithout(a.DNSNames(), b.DNSNames()), namesWithout(b.DNSNames(), a.DNSNames())
	d.detail(x, report.SANLost, strings.Join(lost, " "), "", "the new certificate no longer holds "+report.Enumerate(lost))
	d.detail(x, report.SANGained, "", strings.Join(gained, " "), "the new certificate also holds "+report.Enumerate(gained))
	if a.Issuer() != b.Issuer() {
		d.detail(x, report.IssuerChanged, a.Issuer(), b.Issuer(), fmt.Sprintf("issued by %s, before by %s", b.Issuer(), a.Issuer()))
	}
	if a.KeyID() == b.KeyID() {
		d.detail(x, report.KeyReused, a.KeyID().String(), b.KeyID().String(), "the new certificate has the old one's key")
	}
}

// lacks is what the new certificate has no more: names, client authentication, an
// issuer that is a public CA.
func (d *poolDiff) lacks(a, b *edge.Certificate) []string {
	if a.X509 == nil || b.X509 == nil {
		return nil // what cannot be read lost nothing
	}
	lost := namesWithout(a.DNSNames(), b.DNSNames())
	may := func(c *edge.Certificate) bool { // no EKU extension allows everything
		usages := c.X509.ExtKeyUsage
		return len(usages)+len(c.X509.UnknownExtKeyUsage) == 0 || slices.Contains(usages, x509.ExtKeyUsageClientAuth) || slices.Contains(usages, x509.ExtKeyUsageAny)
	}
	if may(a) && !may(b) {
		lost = append(lost, "client authentication")
	}
	rules := audit.Having(func(r audit.Rule) bool { return r.Private })
	private := func(p report.Pool, c *edge.Certificate) bool {
		return slices.ContainsFunc(p.Findings, func(f audit.Finding) bool {
			return rules[f.Rule] &&
				slices.ContainsFunc(f.Certificates, func(o *edge.Certificate) bool { return o.Fingerprint == c.Fingerprint })
		})
	}
	if a.Issuer() != b.Issuer() && private(d.is, b) && !private(d.was, a) { // of one issuer: intermediates are missing
		lost = append(lost, "a public issuer")
	}
	return lost
}

// detail adds an event that belongs to a replacement; without a value on
// either side there is none.
func (d *poolDiff) detail(x cellGroup, kind, before, after, message string) {
	if before == "" && after == "" {
		return
	}
	c := d.located(kind, x.cells, before, after)
	c.Message = fmt.Sprintf("on %s: %s", d.who(x.cells, d.bearing), message)
	d.changes = append(d.changes, c)
}

// describeNew is what a person needs to recognise the new certificate.
func describeNew(a, b *edge.Certificate) string {
	key := "a new key"
	if a.KeyID() == b.KeyID() {
		key = "the same key"
	}
	until := "validity unreadable"
	if !b.NotAfter().IsZero() {
		until = "valid until " + b.NotAfter().UTC().Format(time.DateOnly)
	}
	return fmt.Sprintf("new: thumbprint %s, serial %s, %s, %s", strings.ToUpper(b.Thumbprint()), b.Serial(), until, key)
}

// standing is how far a replacement has come in the whole pool. A list of
// loose endpoints is no whole.
func (d *poolDiff) standing(x cellGroup) string {
	if d.loose() {
		return ""
	}
	var old, both, other, unseen []*edge.Capture
	members := map[string]bool{}
	for _, e := range pointers(d.is.Captures) {
		shown := leaves(e)
		switch hasNew, hasOld := slices.Contains(shown, x.after), slices.Contains(shown, x.before); {
		case hasNew && hasOld:
			both = append(both, e)
		case hasNew:
			if !e.VIP {
				members[e.Member] = true
			}
		case hasOld:
			old = append(old, e)
		case len(shown) > 0:
			other = append(other, e)
		case e.Outcome == edge.Failed:
			unseen = append(unseen, e)
		}
	}
	if len(old)+len(both)+len(other)+len(unseen) == 0 {
		if len(members) < 2 {
			return ""
		}
		return fmt.Sprintf(": all %d members have it", len(members))
	}
	end := d.certs[x.before].NotAfter().UTC().Format(time.DateOnly)
	out := ""
	for _, s := range []struct {
		cells []*edge.Capture
		text  string
	}{{old, "still on the previous one, which ends " + end}, {both, "old and new in turn"}, {other, "on yet another"}, {unseen, "not seen"}} {
		if len(s.cells) > 0 {
			out += fmt.Sprintf("; %s: %s", s.text, d.who(s.cells, d.bearing))
		}
	}
	return out
}

// namesWithout is the names of a that b lacks; names compare without case.
func namesWithout(a, b []string) []string {
	var out []string
	for _, n := range a {
		if !slices.ContainsFunc(b, func(m string) bool { return strings.EqualFold(n, m) }) {
			out = append(out, n)
		}
	}
	return out
}
