package oracle

// explanations are the differences that are meant, each with who is right.
func explanations() []explanation {
	return []explanation{
		{
			// RFC 5280 section 4.2.1.3: at least one bit is set. OpenSSL then finds
			// no issuer for the certificate.
			name:    "a leaf that may do nothing",
			mutated: []string{"a key usage without a bit"},
			theirs:  []fault{path},
			instead: purpose,
		},
		{
			// RFC 9525 section 4.1: the common name is not looked at. OpenSSL
			// still does where the SAN holds no DNS name.
			name:    "the subject in place of a SAN",
			mutated: []string{"no SAN, the name as subject", "an address alone", "a mail address alone"},
			ours:    []fault{hostname},
		},
		{
			// RFC 9525 section 6.3: a wildcard is a whole label. OpenSSL takes
			// "s*" unless X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS is set.
			name:    "a wildcard within a label",
			mutated: []string{"a wildcard of a part"},
			ours:    []fault{hostname},
		},
		{
			// RFC 5280 section 4.2.1.12: anyExtendedKeyUsage stands for every
			// purpose; Windows and Go agree. OpenSSL wants the one it looks for.
			name:    "any purpose for any purpose, leaf",
			mutated: []string{"any extended key usage alone"},
			theirs:  []fault{purpose},
		},
		{
			name:    "any purpose for any purpose, intermediate",
			mutated: []string{"intermediate for any purpose"},
			theirs:  []fault{path},
		},
		{
			// Server Gated Crypto ended with the export rules of 2000. A CA
			// from those years may list it, a server certificate of today must
			// say server authentication; OpenSSL takes it in both.
			name:    "server gated crypto in a leaf",
			mutated: []string{"server gated crypto alone"},
			ours:    []fault{purpose},
		},
		{
			// RFC 5280 section 4.1.2.5: the validity includes its last second.
			// X509_cmp_time(3) calls an equal time past.
			name:    "the last second",
			mutated: []string{"ends this second"},
			theirs:  []fault{validity},
		},
		{
			// RFC 5246 section 7.4.2, RFC 8446 section 4.4.2.2: an elliptic key
			// signs the handshake, which is digitalSignature. OpenSSL is content
			// with any usage that some key exchange needs.
			name:    "an elliptic key that may not sign",
			mutated: []string{"key agreement alone", "key encipherment alone"},
			ours:    []fault{purpose},
		},
		{
			// RFC 9525 again: a subject that is no name for anybody needs no
			// permission. OpenSSL holds it against the constraints of DNS names.
			name:    "the subject under name constraints",
			mutated: []string{"no SAN, the name as subject", "an address alone", "a mail address alone"},
			with: []string{"may issue for another domain", "may issue for a domain that only ends alike", "may not issue for the domain",
				"root may issue for another domain"},
			theirs: []fault{path},
		},
		{
			// CVE-2025-61727: a wildcard stands for a name that is excluded.
			name:    "a wildcard that reaches an excluded name",
			mutated: []string{"may not issue for a name that a wildcard reaches"},
			ours:    []fault{path},
		},
		{
			// RFC 5280 section 4.2.1.10: an address comes with its mask. OpenSSL
			// minds where the certificate has addresses.
			name:    "a constraint that is none",
			mutated: []string{"constraints on an address without its mask"},
			ours:    []fault{path},
		},
		{
			// RFC 5280 section 6.1.5 (g): Windows, browsers and Go want the policy
			// that a CA requires. OpenSSL does with -policy_check alone.
			name:    "a policy that is required",
			mutated: []string{"a policy is required, and none is there"},
			ours:    []fault{path},
		},
		{
			// OpenSSL goes up by name and key identifier, looks at dates, and
			// verifies signatures last. For us a CA that did not sign stands
			// above nothing, and its dates are not this chain's.
			name:    "dates of a CA that did not sign",
			mutated: []string{"signed by another key of that name", "signature tampered with", "intermediate signed by another key"},
			with:    []string{"intermediate expired", "intermediate begins tomorrow", "root expired"},
			theirs:  []fault{authority},
			instead: path, // which it does not come to where it stops at the dates
		},
	}
}
