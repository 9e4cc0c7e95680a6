package audit

import "edgecert/scanner/edge"

// checks makes the healthy pool one that a file is judged for.
func checks(format string, key edge.KeyStatus) func(*testWorld) {
	return func(w *testWorld) {
		w.pool().File = &edge.CheckedFile{Name: "edge.pfx", Format: format, Key: key}
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
		{rule: "key-mismatch", name: "a key that cannot be compared", want: CouldNotTell, change: checks("PEM", edge.KeyUnreadable)},
	}
}
