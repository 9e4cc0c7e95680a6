package audit

import (
	"crypto/x509"

	"edgecert/scanner/edge"
)

// checks makes the healthy pool one that a file is judged for.
func checks(format string, key edge.KeyStatus) func(*testWorld) {
	return func(w *testWorld) {
		w.pool().File = &edge.CheckedFile{Name: "edge.pfx", Format: format, Key: key}
	}
}

// ofProvider makes it a PFX whose key was in a provider of Windows.
func ofProvider(name string) func(*testWorld) {
	return func(w *testWorld) {
		checks("PFX", edge.KeyMatches)(w)
		w.pool().File.Provider = name
	}
}

func fileCases() []ruleCase {
	return []ruleCase{
		{rule: "key-missing", name: "PFX with its key", want: Pass, change: checks("PFX", edge.KeyMatches)},
		{rule: "key-missing", name: "PFX without a key", want: Found, change: checks("PFX", edge.KeyAbsent),
			at: "pool", says: []string{"edge.pfx", "cannot be assigned"}, fix: "request the certificate again with -PrivateKeyExportable"},
		{rule: "key-missing", name: "PFX without a key, which stands in for all members", want: Found, change: func(w *testWorld) {
			checks("PFX", edge.KeyAbsent)(w)
			w.pool().Members = []edge.Member{{Name: "edge.pfx"}}
		}, at: "pool", says: []string{"edge.pfx"}},
		{rule: "key-missing", name: "the CA's answer as DER", want: Found, severity: Info, change: checks("DER", edge.KeyAbsent),
			at: "pool", says: []string{"where the request is pending"}},
		{rule: "key-missing", name: "a scan of endpoints", want: NotApplicable, change: func(*testWorld) {}},
		{rule: "key-missing", name: "a saved report without endpoints", want: NotApplicable, change: func(w *testWorld) {
			checks("PFX", edge.KeyAbsent)(w)
			w.ev.Captures = nil
		}},
		{rule: "key-mismatch", name: "key of the certificate", want: Pass, change: checks("PEM", edge.KeyMatches)},
		{rule: "key-mismatch", name: "key of another certificate", want: Found, change: checks("PEM", edge.KeyDiffers),
			at: "pool", says: []string{"does not belong"}, fix: "certutil -repairstore my 5eed;"},
		{rule: "key-storage-unsupported", name: "PFX that names no provider", want: Pass, change: checks("PFX", edge.KeyMatches)},
		{rule: "key-storage-unsupported", name: "PFX of a classic provider", want: Pass, change: ofProvider("Microsoft RSA SChannel Cryptographic Provider")},
		{rule: "key-storage-unsupported", name: "PFX of a CNG provider", want: Found, severity: Warning,
			change: ofProvider("Microsoft Software Key Storage Provider"), at: "pool", says: []string{"edge.pfx", "Software Key Storage"}, fix: "certutil -csp"},
		{rule: "key-storage-unsupported", name: "PFX of a TPM", want: Found, severity: Warning, change: ofProvider("Microsoft Platform Crypto Provider"), at: "pool"},
		{rule: "key-usage-unsuitable", name: "a file whose key may sign and not encipher", want: Found, severity: Warning, change: func(w *testWorld) {
			checks("PFX", edge.KeyMatches)(w)
			with(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature })(w)
		}, at: "pool", says: []string{"key encipherment beside digital signature"}},
		{rule: "key-mismatch", name: "a key that cannot be compared", want: CouldNotTell, change: checks("PEM", edge.KeyUnreadable)},
	}
}
