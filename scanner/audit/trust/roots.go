package trust

import (
	"crypto/x509"
	"sync"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"edgecert/scanner/edge"
)

// rootsVersion is the version of golang.org/x/crypto/x509roots/fallback that
// this program was built with; a test holds it against go.mod. Its timestamp
// is when Mozilla's list was last taken over: the module is generated from NSS.
const rootsVersion = "v0.0.0-20261030153154-30a33513ff6d"

// rootsOldAfter is the age at which embedded roots are called old. Mozilla adds
// and removes roots a few times a year, and a new CA reaches its first
// certificates about a year after its root is taken in.
const rootsOldAfter = 365 * 24 * time.Hour

// RootsDate is the day of Mozilla's root list that is embedded.
func RootsDate() time.Time {
	// vX.Y.Z-yyyymmddhhmmss-abcdefabcdef (go.dev/ref/mod#pseudo-versions).
	const prefix = len("v0.0.0-")
	t, err := time.Parse("20060102", rootsVersion[prefix:prefix+8])
	if err != nil {
		return time.Time{} // a test excludes it
	}
	return t
}

// RootsOld reports whether a root list of that day is older than a year at now:
// then an unknown issuer may be a public CA younger than the list.
func RootsOld(of, now time.Time) bool { return now.Sub(of) > rootsOldAfter }

// A constraint refuses a path that a root program does not accept from an
// otherwise trusted root; nil: none.
type constraint func([]*x509.Certificate) error

type publicRoot struct {
	cert       *edge.Certificate
	constraint constraint
}

// publicRoots are Mozilla's roots for TLS servers, parsed once a process and
// never changed: every scan and every re-judged report stands on the same ones.
var publicRoots = sync.OnceValue(func() []publicRoot {
	var out []publicRoot
	for r := range bundle.Roots() {
		out = append(out, publicRoot{edge.NewCertificate(r.Certificate), r.Constraint})
	}
	return out
})
