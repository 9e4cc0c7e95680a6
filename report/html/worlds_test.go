package html

import (
	"fmt"
	"net/netip"
	"reflect"
	"testing"

	"edgecert/report"
	"edgecert/report/diff"
	"edgecert/report/reporttest"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// htmlHostile is what a certificate of an enemy may hold: an end to every context
// that the page has, and what moves or hides text.
const htmlHostile = `</title></style></pre><script>document.title="pwned"</script><img src=/leak onerror="document.title='pwned'">` +
	`"'><svg onload=alert(1)><a href="javascript:alert(1)">` + "\u202e\u2066\x1b[2J\x00\u0085{{.Policy}}<!--"

// htmlWorlds are the shapes that the page has to carry.
func htmlWorlds(t testing.TB) map[string]report.Report {
	t.Helper()
	f := reporttest.Faulty(t).Report()
	f.Changes = diff.Compare(reporttest.New(t, 3).Report(), f)
	unchanged := reporttest.New(t, 3).Report()
	unchanged.Changes = []report.Change{}
	many := reporttest.Faulty(t)
	for _, n := range []string{"edge-apac", "edge-us", "edge-latam"} {
		many.Pool(n, 12, append(reporttest.HealthyCells(), reporttest.Cell{Role: edge.XMPP, Port: 5269}))
	}
	interrupted := reporttest.New(t, 2)
	interrupted.Evidence.Interrupted = true
	evil := reporttest.Faulty(t)
	evil.Pool("edge-us", 2, reporttest.HealthyCells())
	bad := evil.Report()
	bad.Changes = diff.Compare(reporttest.New(t, 2).Report(), bad)
	corrupt(&bad)
	return map[string]report.Report{"faulty": f, "unchanged": unchanged, "many": many.Report(), "loose": looseReport(t, 3000),
		"interrupted": interrupted.Report(), "hostile": bad, "empty": reporttest.Nothing()}
}

// looseReport is a long list of endpoints that have nothing to do with each
// other; every tenth is down.
func looseReport(t testing.TB, n int) report.Report {
	t.Helper()
	w := reporttest.New(t, 0)
	w.Evidence.Pools[0].Name, w.Evidence.Pools[0].Kind, w.Judgements[0].Pool = "loose", edge.LoosePool, "loose"
	for i := range n {
		c := w.Capture(edge.Endpoint{Pool: "loose", Member: fmt.Sprintf("h%d.example", i), Role: edge.Other, FQDN: fmt.Sprintf("h%d.example", i),
			Address: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), Port: 443, ServicePort: 443})
		if i%10 == 0 {
			c.Outcome, c.Chain, c.TLS, c.Presentations = edge.Failed, nil, nil, nil
			c.Fault = &edge.Fault{Class: edge.ClassTimeout, Message: "no answer"}
			w.Find(audit.VerdictError, audit.Finding{Rule: "endpoint-unreachable", Severity: audit.Error, Member: c.Endpoint.Member,
				Role: edge.Other, FQDN: c.Endpoint.FQDN, Address: c.Endpoint.Address.String(), Port: 443, Message: "no answer in time"})
		}
		w.Evidence.Captures = append(w.Evidence.Captures, c)
	}
	return w.Report()
}

// corrupt puts hostile text behind every string of a report that comes from
// outside, the names in its certificates among them.
func corrupt(r *report.Report) {
	corruptValue(reflect.ValueOf(&r.Tool).Elem())
	corruptValue(reflect.ValueOf(&r.Changes).Elem())
	r.Evidence.Host += htmlHostile
	done := map[*edge.Certificate]bool{}
	for i := range r.Pools {
		p := &r.Pools[i]
		for _, v := range []any{&p.Plan, &p.Captures, &p.Findings, &p.Rules, &p.Problems, &p.Steps, &p.Untold} {
			corruptValue(reflect.ValueOf(v).Elem())
		}
		for _, c := range p.Leaves() {
			if !done[c] && c.X509 != nil {
				done[c] = true
				c.X509.Subject.CommonName += htmlHostile
				c.X509.Issuer.CommonName += htmlHostile
				c.X509.DNSNames = append(c.X509.DNSNames, htmlHostile)
			}
		}
	}
}

func corruptValue(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() && v.CanSet() {
			v.SetString(v.String() + htmlHostile)
		}
	case reflect.Pointer:
		if !v.IsNil() && v.Type() != reflect.TypeFor[*edge.Certificate]() {
			corruptValue(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			corruptValue(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				corruptValue(v.Field(i))
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			value := reflect.New(v.Type().Elem()).Elem()
			value.Set(it.Value())
			corruptValue(value)
			v.SetMapIndex(it.Key(), value)
		}
	}
}
