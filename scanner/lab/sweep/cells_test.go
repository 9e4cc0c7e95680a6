package sweep

import (
	"crypto/tls"
	"crypto/x509"

	"edgecert/scanner/edge"
	"edgecert/scanner/lab"
)

// other is the cell's chain with another certificate.
func other(c *lab.Cell) *lab.Chain {
	chain := c.Chain
	chain.Leaf.Issue = 2
	return &chain
}

// beside adds a certificate with an EC key to the cell's.
func beside(change func(*lab.Template)) func(*lab.Cell) {
	return func(c *lab.Cell) {
		c.Second = other(c)
		c.Second.Leaf.Key = lab.KeySpec{Label: "beside", Type: lab.ECDSA}
		c.Second.Leaf.Usage = x509.KeyUsageDigitalSignature
		if change != nil {
			change(&c.Second.Leaf)
		}
	}
}

// handshakes change how TLS is spoken, not what is presented.
func handshakes() []mutation {
	versions := func(from, to uint16) func(*lab.Cell) {
		return func(c *lab.Cell) { c.MinVersion, c.MaxVersion = from, to }
	}
	asks := func(p edge.ClientCertificate, names int) func(*lab.Cell) {
		return func(c *lab.Cell) { c.ClientCert, c.AcceptableCAs = p, names }
	}
	refuses := func(how lab.Refusal, version uint16) func(*lab.Cell) {
		return func(c *lab.Cell) { c.Refusal, c.MaxVersion = how, version }
	}
	return []mutation{
		{name: "another certificate without SNI", change: func(c *lab.Cell) { c.WithoutSNI = other(c) }, finds: []string{"depends-on-sni"}},
		{name: "no talk without SNI", change: func(c *lab.Cell) { c.NeedsSNI = true }},
		{name: "another certificate with TLS 1.2", change: func(c *lab.Cell) { c.Older = other(c) }, finds: []string{"depends-on-tls-version"}},
		{name: "an expired certificate with TLS 1.2", change: func(c *lab.Cell) {
			c.Older = other(c)
			c.Older.Leaf.NotBefore, c.Older.Leaf.NotAfter = now.AddDate(0, -6, 0), now.AddDate(0, 0, -3)
		}, finds: []string{"depends-on-tls-version", "expired"}},
		{name: "no intermediate with TLS 1.2", change: func(c *lab.Cell) {
			chain := c.Chain
			chain.Send = []lab.Part{{Kind: lab.LeafPart}}
			c.Older = &chain
		}, finds: []string{"depends-on-tls-version", "chain-incomplete"}},
		{name: "an EC certificate beside the RSA one", change: beside(nil), finds: []string{"depends-on-key-type", "ec-key"}},
		{name: "an EC certificate that has expired beside the RSA one", change: beside(func(t *lab.Template) {
			t.NotBefore, t.NotAfter = now.AddDate(0, -6, 0), now.AddDate(0, 0, -3)
		}), finds: []string{"depends-on-key-type", "ec-key", "expired"}},
		{name: "an EC certificate beside the RSA one, with TLS 1.2 alone", change: func(c *lab.Cell) {
			beside(nil)(c)
			c.MaxVersion = tls.VersionTLS12
		}, finds: []string{"depends-on-key-type", "ec-key"}},
		{name: "another key than the certificate's", change: func(c *lab.Cell) {
			c.KeyOf = other(c)
			c.KeyOf.Leaf.Key.Label = "another"
		}, finds: []string{"key-not-proved"}},
		{name: "another key than the certificate's, TLS 1.2", change: func(c *lab.Cell) {
			c.KeyOf, c.MaxVersion = other(c), tls.VersionTLS12
			c.KeyOf.Leaf.Key.Label = "another"
		}, finds: []string{"key-not-proved"}},
		{name: "everything after the first connection is reset", change: func(c *lab.Cell) { c.Answers = 1 }, finds: []string{"stopped-answering"}},
		{name: "two certificates in turn, not asked for samples", change: func(c *lab.Cell) { c.Alternate = other(c) },
			finds: []string{"changes-between-handshakes"}},
		{name: "two certificates in turn", change: func(c *lab.Cell) { c.Alternate = other(c) }, samples: 6,
			finds: []string{"changes-between-handshakes"}},
		{name: "TLS 1.0 and 1.1 too", change: versions(tls.VersionTLS10, tls.VersionTLS13), finds: []string{"legacy-tls"}},
		{name: "TLS 1.1 at most", change: versions(tls.VersionTLS10, tls.VersionTLS11), finds: []string{"tls12-missing"}},
		{name: "TLS 1.3 alone", change: versions(tls.VersionTLS13, tls.VersionTLS13), finds: []string{"tls12-missing=warning"}},
		{name: "TLS 1.2 alone", change: versions(tls.VersionTLS12, tls.VersionTLS12)},
		{name: "no client certificate asked for on 5061", shows: "not-requested 0", on: federation, change: asks(edge.NotRequested, 0),
			finds: []string{"client-cert-not-requested"}},
		{name: "client certificate asked for on 5061", shows: "requested 3", on: federation, change: asks(edge.Requested, 3)},
		{name: "150 acceptable CAs", shows: "required 150", on: federation, change: asks(edge.Required, 150), finds: []string{"too-many-acceptable-cas"}},
		{name: "client certificate required on 443", shows: "required 3", on: clients, change: asks(edge.Required, 3),
			finds: []string{"client-cert-required-of-clients"}},
		{name: "reset without a client certificate, TLS 1.2", shows: "required 3", on: federation, change: refuses(lab.RefuseByReset, tls.VersionTLS12)},
		{name: "closed without a client certificate, TLS 1.2", shows: "required 3", on: federation, change: refuses(lab.RefuseByClose, tls.VersionTLS12)},
		{name: "reset without a client certificate, TLS 1.3", shows: "required 3", on: federation, change: refuses(lab.RefuseByReset, 0)},
		{name: "alert without a client certificate, TLS 1.2", shows: "required 3", on: federation, change: refuses(lab.RefuseByAlert, tls.VersionTLS12)},
	}
}

// noCertificates answer with none, or with one where none is due.
func noCertificates() []mutation {
	speaks := func(p lab.Protocol) func(*lab.Cell) {
		return func(c *lab.Cell) { c.Speaks, c.Banner = p, "SSH-2.0-OpenSSH_9.9\r\n" }
	}
	unreachable, notTLS := []string{"endpoint-unreachable"}, []string{"tls-not-spoken"}
	return []mutation{
		{name: "down", on: everywhere, change: speaks(lab.Closed), finds: unreachable},
		{name: "tarpit", on: everywhere, change: speaks(lab.Tarpit), finds: unreachable, slow: true},
		{name: "one byte every 100 ms", on: presents, change: speaks(lab.Drip), finds: unreachable, slow: true},
		{name: "reset", on: everywhere, change: speaks(lab.Reset), finds: unreachable},
		{name: "closed without a word", on: everywhere, change: speaks(lab.HangUp), finds: unreachable},
		{name: "plain HTTP", on: presents, change: speaks(lab.HTTP), finds: notTLS},
		{name: "SSH", on: presents, change: speaks(lab.Banner), finds: notTLS},
		{name: "an A/V Edge's pseudo-TLS", on: presents, change: speaks(lab.PseudoTLS), finds: notTLS},
		{name: "plain HTTP on the A/V address", on: relays, change: speaks(lab.HTTP), finds: notTLS},
		{name: "TLS on the A/V address", on: relays, change: speaks(lab.TLS), finds: []string{"av-presents-certificate"}},
		{name: "A/V Edge whose relay does not answer", on: relays, change: func(c *lab.Cell) { c.NoRelay = true }, slow: true},
		{name: "A/V Edge that closes on real TLS", on: relays, change: func(c *lab.Cell) { c.RealHello = lab.CloseOnHello }},
		{name: "A/V Edge silent on real TLS", on: relays, change: func(c *lab.Cell) { c.RealHello = lab.SilentOnHello }, slow: true},
	}
}
