package audit

import "edgecert/scanner/edge"

func tlsCases() []ruleCase {
	each := func(role edge.Role, change func(*edge.Capture)) func(*testWorld) {
		return func(w *testWorld) {
			for _, c := range w.cells(role) {
				change(c)
			}
		}
	}
	old := func(c *edge.Capture) {
		c.TLS.Version, c.TLS.Cipher = "TLS 1.0", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"
		again(c, edge.Presentation{Offer: edge.OfferTLS11, Outcome: edge.Captured, Version: "TLS 1.0", Chain: c.Chain})
		c.Presentations = allBut(c, edge.OfferTLS12)
		again(c, edge.Presentation{Offer: edge.OfferWithoutSNI, Outcome: edge.Captured, Version: "TLS 1.0", Chain: c.Chain})
	}
	new13 := func(c *edge.Capture) {
		c.TLS.Version = "TLS 1.3"
		again(c, edge.Presentation{Offer: edge.OfferTLS12, Outcome: edge.Failed, Fault: &edge.Fault{Class: edge.ClassTLSAlert}})
		again(c, edge.Presentation{Offer: edge.OfferWithoutSNI, Outcome: edge.Captured, Version: "TLS 1.3", Chain: c.Chain})
	}
	federation := func(w *testWorld) *edge.Capture { return w.cell("edge2", edge.Access, 5061) }
	return []ruleCase{
		{rule: "tls12-missing", name: "Web Conferencing speaks TLS 1.0", want: Found, change: each(edge.WebConf, old), at: "webcon 443", says: []string{"got TLS 1.0 at most", "edge1, edge2 and edge3"}},
		{rule: "tls12-missing", name: "TLS 1.3 alone", want: Found, severity: Warning, at: "webcon 443", change: each(edge.WebConf, new13)},
		{rule: "tls12-missing", name: "TLS 1.3 alone, with --profile federation", want: Found, severity: Error, at: "webcon 443", change: func(w *testWorld) {
			w.policy.Profile = profileFederation
			each(edge.WebConf, new13)(w)
		}},
		{rule: "tls12-missing", name: "a quick scan", want: Pass, change: quick},
		{rule: "tls12-missing", name: "a quick scan that met TLS 1.3 alone", want: NotApplicable, change: func(w *testWorld) {
			for i := range w.ev.Captures {
				if w.ev.Captures[i].Leaf() != nil {
					new13(&w.ev.Captures[i])
				}
			}
			quick(w)
		}},
		{rule: "tls12-missing", name: "a certificate recovered without a version", want: CouldNotTell, change: func(w *testWorld) { c := federation(w); c.TLS, c.Presentations = nil, nil }},
		{rule: "legacy-tls", name: "one cell accepts TLS 1.1", want: Found, at: "edge2 access 5061", says: []string{"a handshake with TLS 1.1"}, change: func(w *testWorld) {
			again(federation(w), edge.Presentation{Offer: edge.OfferTLS11, Outcome: edge.Captured, Version: "TLS 1.1", Chain: federation(w).Chain})
		}},
		{rule: "legacy-tls", name: "the handshake timed out", want: CouldNotTell, change: func(w *testWorld) {
			again(federation(w), edge.Presentation{Offer: edge.OfferTLS11, Outcome: edge.Failed, Fault: &edge.Fault{Class: edge.ClassTimeout}})
		}},
		{rule: "legacy-tls", name: "an endpoint that speaks nothing else, and so was not asked again", want: Pass, change: func(w *testWorld) {
			c := federation(w)
			c.TLS.Version, c.Presentations = "TLS 1.0", nil
		}, also: []string{"tls12-missing"}},
		{rule: "legacy-tls", name: "a quick scan", want: NotApplicable, change: quick},
		{rule: "client-cert-not-requested", name: "5061 of one member behind a proxy", want: Found, at: "edge2 access 5061", change: func(w *testWorld) { federation(w).TLS.ClientCertificate = edge.NotRequested }},
		{rule: "client-cert-not-requested", name: "the same with --profile federation", want: Found, severity: Error, at: "edge2 access 5061", change: func(w *testWorld) {
			w.policy.Profile = "federation"
			federation(w).TLS.ClientCertificate = edge.NotRequested
		}},
		{rule: "client-cert-not-requested", name: "not known", want: CouldNotTell, change: func(w *testWorld) { federation(w).TLS.ClientCertificate = "" }},
		{rule: "client-cert-not-requested", name: "behind a tunnel's port", want: Found, at: "edge2 access 20061", change: func(w *testWorld) {
			federation(w).Endpoint.Port, federation(w).TLS.ClientCertificate = 20061, edge.NotRequested
		}},
		{rule: "client-cert-required-of-clients", name: "443 demands one", want: Found, at: "access 443", change: each(edge.Access, func(c *edge.Capture) { c.TLS.ClientCertificate = edge.Required })},
		{rule: "client-cert-required-of-clients", name: "443 asks and does not demand", want: Pass, change: each(edge.Access, func(c *edge.Capture) { c.TLS.ClientCertificate = edge.Requested })},
		{rule: "too-many-acceptable-cas", name: "140 CAs", want: Found, at: "edge2 access 5061", says: []string{"at most 100 acceptable CAs, got 140"}, change: func(w *testWorld) { federation(w).TLS.AcceptableCAs = 140 }},
		{rule: "too-many-acceptable-cas", name: "a list that is cut", want: Found, at: "edge2 access 5061", says: []string{"cut at its end"}, change: func(w *testWorld) { federation(w).TLS.RequestCut = true }},
	}
}
