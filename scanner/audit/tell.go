package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/edge"
)

// How findings are worded. Messages hold text from the network as it is: every
// renderer makes it harmless for its medium. Fixes are run, so they hold
// nothing but DNS-safe names and hex (fix.go).

// Named is how a message names a certificate: its letter in the report, its
// thumbprint, and what else is told of it. Renderers that describe the letters
// beside the findings take the rest out again, so that it has this form alone.
func Named(letter, thumbprint string, facts ...string) string {
	return letter + " (" + strings.Join(append([]string{"thumbprint " + strings.ToUpper(thumbprint)}, facts...), ", ") + ")"
}

// ByLetter is how a message names a certificate whose numbers do not matter.
// The blank parts "A" from "AB".
func ByLetter(letter string) string { return "certificate " + letter + " " }

// Letter is the letter of the n-th certificate of a pool: A to Z, then AA, AB, …
func Letter(n int) string {
	if n < 26 {
		return string(rune('A' + n))
	}
	return Letter(n/26-1) + Letter(n%26)
}

// short names a certificate so that a person recognises it in any Windows
// dialog: its letter in the report, thumbprint and serial number.
func (w *world) short(c *edge.Certificate) string {
	if c.X509 == nil {
		return w.tell(c)
	}
	return Named(w.letter(c), c.Thumbprint(), "serial "+c.Serial())
}

// tell is short with what tells two certificates of one name apart: who issued
// it and when it ends.
func (w *world) tell(c *edge.Certificate) string {
	if c.X509 == nil {
		return Named(w.letter(c), c.Thumbprint(), "cannot be decoded")
	}
	return w.tellWith(c, w.expiry(c))
}

// tellWith is tell with other words about the dates.
func (w *world) tellWith(c *edge.Certificate, dates string) string {
	return Named(w.letter(c), c.Thumbprint(), "serial "+c.Serial(), "issued by "+issuerName(c), dates)
}

// thumbprint is written as Windows shows it.
func thumbprint(c *edge.Certificate) string { return strings.ToUpper(c.Thumbprint()) }

// verb agrees with how many members these captures are of.
func (w *world) verb(at []int, one, several string) string {
	if len(w.names(at)) == 1 {
		return one
	}
	return several
}

// present says that captures present what follows: "edge1 (access 443) presents".
func (w *world) present(at []int) string {
	return w.where(at) + " " + w.verb(at, "presents", "present")
}

// letter is a certificate's letter in this pool.
func (w *world) letter(c *edge.Certificate) string {
	if l, ok := w.labels[c.Fingerprint]; ok {
		return l
	}
	return "another certificate"
}

// issuerName is the issuer's common name, else its whole name.
func issuerName(c *edge.Certificate) string {
	if name := c.X509.Issuer.CommonName; name != "" {
		return name
	}
	if name := c.Issuer(); name != "" {
		return name
	}
	return "an issuer without a name"
}

// expiry says when a certificate ends, as a date and from now.
func (w *world) expiry(c *edge.Certificate) string { return w.ends(c.NotAfter()) }

// ends says when a validity ends, as a date and from now.
func (w *world) ends(end time.Time) string {
	if end.Before(w.scan.now) {
		return fmt.Sprintf("expired %s, %s ago", shortDate(end), span(between(end, w.scan.now)))
	}
	return fmt.Sprintf("expires %s, in %s", shortDate(end), span(between(w.scan.now, end)))
}

func shortDate(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// span tells seconds in whole days, or in hours where it is less than two.
func span(seconds int64) string {
	switch {
	case seconds >= 2*secondsADay:
		return plural(int(seconds/secondsADay), "day")
	case seconds >= 3600:
		return plural(int(seconds/3600), "hour")
	default:
		return plural(int(seconds/60), "minute")
	}
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// list joins words as a sentence does, and counts those beyond tellAtMost.
func list(words []string) string { return remedy.List(words, tellAtMost) }

// where names the captures with these indexes: members with the same services
// are told together, and all of a member's services as such.
func (w *world) where(at []int) string {
	if w.pool.Listed() {
		return list(edge.Map(at, func(i int) string { return target(w.captures[i].Endpoint) }))
	}
	name := func(i int) string { return cmp.Or(w.captures[i].Endpoint.Member, w.captures[i].Endpoint.FQDN) }
	what := func(at []int) string { return w.cells(name(at[0]), at) }
	var parts []string
	for _, same := range edge.GroupBy(edge.GroupBy(at, name), what) {
		members := edge.Map(same, func(at []int) string { return name(at[0]) })
		parts = append(parts, list(members)+" ("+what(same[0])+")")
	}
	return list(parts)
}

// cells names a member's services with their ports: "access 443 and 5061,
// webcon 443", or "every service" where it presents nothing else on another.
func (w *world) cells(member string, at []int) string {
	if w.whole(member, len(at)) {
		return "every service"
	}
	var parts []string
	for _, r := range edge.Roles() {
		var ports []string
		for _, i := range at {
			e := w.captures[i].Endpoint
			if port := strconv.Itoa(e.PortOfService()); e.Role == r && !slices.Contains(ports, port) {
				ports = append(ports, port)
			}
		}
		if len(ports) > 0 {
			parts = append(parts, string(r)+" "+list(ports))
		}
	}
	return strings.Join(parts, ", ")
}

// whole says whether n cells are all in which a member shows a certificate,
// and more than one.
func (w *world) whole(member string, n int) bool {
	return n > 1 && n == w.shows[member]
}

// cell names a service and its port: "webcon 443". Behind a tunnel it is the
// service's port, which is what the administrator knows.
func cell(e edge.Endpoint) string {
	return string(e.Role) + " " + strconv.Itoa(e.PortOfService())
}

// target names one endpoint wholly: "sip.contoso.com:443 at 192.0.2.1".
func target(e edge.Endpoint) string {
	if e.FQDN == "" || !e.Address.IsValid() {
		return e.HostPort()
	}
	return fmt.Sprintf("%s:%d at %s", e.FQDN, e.Port, e.Address)
}

// at names one capture's endpoint as a pool's administrator knows it.
func (w *world) at(i int) string {
	e := w.captures[i].Endpoint
	if w.pool.Listed() {
		return target(e)
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s (%s)", e.Member, cell(e), e.HostPort()))
}
