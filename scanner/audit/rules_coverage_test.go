package audit

import (
	"strconv"

	"edgecert/scanner/edge"
)

func itoa(n int) string { return strconv.Itoa(n) }

func coverageCases() []ruleCase {
	return []ruleCase{
		{rule: idUnreachable, name: "not one endpoint answers", want: Found, at: "edge1 access 443", count: 15, fix: "see whether this host has a way out",
			change: func(w *testWorld) {
				for i := range w.ev.Captures {
					down(edge.ClassTimeout, &w.ev.Captures[i])
				}
			}},
		{
			rule: idUnreachable, name: "Web Conferencing of one member refuses", want: Found,
			change: func(w *testWorld) { down(edge.ClassRefused, w.cell("edge2", edge.WebConf, 443)) },
			at:     "edge2 webcon 443", says: []string{"edge2 webcon:443 refuses connections"}, fix: "Get-CsWindowsService",
		},
		{
			rule: idUnreachable, name: "an A/V address that does not answer", want: Found,
			change: func(w *testWorld) { down(edge.ClassTimeout, w.cell("edge1", edge.AV, 443)) },
			at:     "edge1 av 443",
		},
		{
			rule: idUnreachable, name: "a resolver that gave no answer, or none that is an address", want: Found,
			change: func(w *testWorld) { down(edge.ClassDNS, w.cell("edge2", edge.WebConf, 443)) },
			at:     "edge2 webcon 443", fix: "--resolver",
		},
		{
			rule: idUnreachable, name: "a name of a reverse proxy that DNS does not have", want: Found, at: "edge1 other 443", fix: "spelled right",
			change: func(w *testWorld) {
				ofKind(w, edge.WebPool, edge.Other, "meet.contoso.com")
				w.ev.Captures = w.ev.Captures[:1]
				c := &w.ev.Captures[0]
				w.pool().DNS = &edge.DNS{Names: []edge.NameAnswer{{Name: c.Endpoint.FQDN, Status: edge.Absent}}}
				down(edge.ClassDNS, c)
				c.Stage = edge.StageDNS
			},
		},
		{
			rule: idUnreachable, name: "the scan was interrupted before one endpoint", want: CouldNotTell,
			change: func(w *testWorld) { down(edge.ClassInterrupted, w.cell("edge3", edge.Access, 5061)) },
		},
		{
			rule: idUnreachable, name: "refused after the certificate", want: Pass,
			change: func(w *testWorld) {
				c := w.cell("edge1", edge.Access, 5061)
				c.Stage, c.Fault = edge.StageCertificate, &edge.Fault{Class: edge.ClassReset, Message: "connection reset by peer"}
			},
		},
		{
			rule: "tls-not-spoken", name: "a web server on the Access port", want: Found,
			change: func(w *testWorld) {
				c := w.cell("edge2", edge.Access, 443)
				down(edge.ClassNotTLS, c)
				c.Stage, c.Fault.Message = edge.StageHandshake, `"HTTP/1.1 400 Bad Request"`
			},
			at: "edge2 access 443", says: []string{"expected TLS", "HTTP/1.1 400 Bad Request"},
		},
		{
			rule: "tls-not-spoken", name: "an A/V Edge on the Web Conferencing address", want: Found,
			change: func(w *testWorld) {
				c := w.cell("edge2", edge.WebConf, 443)
				e := c.Endpoint
				*c = *w.cell("edge2", edge.AV, 443)
				c.Endpoint = e
			},
			at: "edge2 webcon 443", says: []string{"pseudo-TLS of an A/V Edge"},
		},
	}
}
