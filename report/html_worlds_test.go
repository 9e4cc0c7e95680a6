package report

import (
	"fmt"
	"net/netip"
	"reflect"
	"regexp"
	"testing"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// htmlHostile is what a certificate of an enemy may hold: an end to every context
// that the page has, and what moves or hides text.
const htmlHostile = `</title></style></pre><script>document.title="pwned"</script><img src=/leak onerror="document.title='pwned'">` +
	`"'><svg onload=alert(1)><a href="javascript:alert(1)">` + "\u202e\u2066\x1b[2J\x00\u0085{{.Policy}}<!--"

// htmlWorlds are the shapes that the page has to carry.
func htmlWorlds(t testing.TB) map[string]Report {
	t.Helper()
	f := faulty(t).report()
	f.Changes = Compare(newWorld(t, 3).report(), f)
	unchanged := newWorld(t, 3).report()
	unchanged.Changes = []Change{}
	many := faulty(t)
	for _, n := range []string{"edge-apac", "edge-us", "edge-latam"} {
		many.pool(n, 12, append(healthyCells, cell{edge.XMPP, 5269}))
	}
	interrupted := newWorld(t, 2)
	interrupted.ev.Interrupted = true
	evil := faulty(t)
	evil.pool("edge-us", 2, healthyCells)
	bad := evil.report()
	bad.Changes = Compare(newWorld(t, 2).report(), bad)
	corrupt(reflect.ValueOf(&bad).Elem())
	return map[string]Report{"faulty": f, "unchanged": unchanged, "many": many.report(), "loose": looseReport(t, 3000),
		"interrupted": interrupted.report(), "hostile": bad, "empty": New(edge.Evidence{Started: started, Finished: finished}, nil, audit.Policy{}, tool)}
}

// looseReport is a long list of endpoints that have nothing to do with each
// other; every tenth is down.
func looseReport(t testing.TB, n int) Report {
	t.Helper()
	w := newWorld(t, 0)
	w.ev.Pools[0].Name, w.ev.Pools[0].Kind, w.js[0].Pool = "loose", edge.LoosePool, "loose"
	for i := range n {
		c := w.capture(edge.Endpoint{Pool: "loose", Member: fmt.Sprintf("h%d.example", i), Role: edge.Other, FQDN: fmt.Sprintf("h%d.example", i),
			Address: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), Port: 443, ServicePort: 443})
		if i%10 == 0 {
			c.Outcome, c.Chain, c.TLS, c.Presentations = edge.Failed, nil, nil, nil
			c.Fault = &edge.Fault{Class: edge.ClassTimeout, Message: "no answer"}
			w.find(audit.VerdictError, audit.Finding{Rule: "endpoint-unreachable", Severity: audit.Error, Member: c.Endpoint.Member,
				Role: edge.Other, FQDN: c.Endpoint.FQDN, Address: c.Endpoint.Address.String(), Port: 443, Message: "no answer in time"})
		}
		w.ev.Captures = append(w.ev.Captures, c)
	}
	return w.report()
}

// corrupt puts hostile text behind every string of a report but those that a
// report cannot be loaded with in any other form.
func corrupt(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() && v.CanSet() && !fingerprintForm.MatchString(v.String()) {
			v.SetString(v.String() + htmlHostile)
		}
	case reflect.Pointer:
		if !v.IsNil() && v.Type() != reflect.TypeFor[*edge.Certificate]() {
			corrupt(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			corrupt(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				corrupt(v.Field(i))
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			value := reflect.New(v.Type().Elem()).Elem()
			value.Set(it.Value())
			corrupt(value)
			v.SetMapIndex(it.Key(), value)
		}
	}
}

var fingerprintForm = regexp.MustCompile(`^[0-9a-f]{64}$`)
