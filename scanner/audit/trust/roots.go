package trust

import (
	"crypto/sha256"
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
// and removes roots several times a year.
const rootsOldAfter = 90 * 24 * time.Hour

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

// RootsOld reports whether a root list of that day is old at now:
// then an unknown issuer may be a public CA younger than the list.
func RootsOld(of, now time.Time) bool { return now.Sub(of) > rootsOldAfter }

// A constraint refuses a path that a root program does not accept from an
// otherwise trusted root; nil: none.
type constraint func([]*x509.Certificate) error

// A RootList is roots by fingerprint and by name, parsed when they are asked for.
type RootList struct {
	byPrint map[edge.Fingerprint]root
	byName  map[string][]root // by edge.NameKey
}

type root struct {
	parsed     func() *edge.Certificate
	constraint constraint
	held       time.Time // of a withdrawn one: the day of the last list that held it
}

func (l RootList) add(der []byte, r root) {
	r.parsed = sync.OnceValue(func() *edge.Certificate { return edge.NewCertificate(der) })
	l.byPrint[sha256.Sum256(der)] = r
	name := edge.SubjectKey(der)
	l.byName[name] = append(l.byName[name], r)
}

func newRootList() RootList {
	return RootList{map[edge.Fingerprint]root{}, map[string][]root{}}
}

// publicRoots are Mozilla's roots for TLS servers, indexed once a process and
// never changed: every scan and every re-judged report stands on the same ones.
var publicRoots = sync.OnceValue(func() RootList {
	l := newRootList()
	for r := range bundle.Roots() {
		l.add(r.Certificate, root{constraint: r.Constraint})
	}
	return l
})

// A WithdrawnRoot is a root that a public list held until some day.
type WithdrawnRoot struct {
	DER  []byte
	Held time.Time // the day of the last list that is known to have held it
}

// WithdrawnList makes a list for Options.Withdrawn.
func WithdrawnList(roots ...WithdrawnRoot) RootList {
	l := newRootList()
	for _, r := range roots {
		l.add(r.DER, root{held: r.Held})
	}
	return l
}
