package trust

import (
	"context"
	"slices"
	"time"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
)

// A Forest is every certificate of a scan with the roots. It remembers what it
// has verified and is not safe for concurrent use.
type Forest struct {
	ctx     context.Context // of the scan: what is not judged when it ends is Unverified
	o       Options
	byName  map[string]*family // by edge.NameKey
	byKey   map[keyOf]*issuer
	byKeyID map[idOf][]*issuer // by the subject key identifiers that their certificates say
	byPrint map[edge.Fingerprint]*authority
	senders map[edge.Fingerprint][]*edge.Endpoint
	links   map[pair]link
	results map[edge.Fingerprint]Result // by the hash of the chain's fingerprints
	layouts map[edge.Fingerprint]Layout
	names   map[string]string         // edge.NameKey of what was asked: ten thousand leaves have one issuer
	short   map[edge.Fingerprint]bool // chains of which not all was kept
	left    int                       // of limits.WorkOfScan
}

// A pair is a certificate and a key that may have signed it.
type pair struct {
	child edge.Fingerprint
	by    *issuer
}

// keyOf and idOf are a name with a key, and with a key identifier.
type (
	keyOf struct {
		name string
		spki edge.Fingerprint
	}
	idOf struct{ name, id string }
)

// A family is everybody of one name.
type family struct {
	issuers []*issuer // in the order seen
	roots   []*issuer // those of them that a path may end in
	rooted  bool      // the embedded roots of the name are in it
}

// An issuer is a name with a key, and every certificate of the two: whether it
// signed something is asked once, however many certificates it has.
type issuer struct {
	certs []*authority
	known *edge.Key
}

// key is the key, read when it is first asked for.
func (i *issuer) key() edge.Key {
	if i.known == nil {
		key := i.certs[0].cert.Key()
		i.known = &key
	}
	return *i.known
}

// An authority is a certificate that may stand above another one.
type authority struct {
	cert             *edge.Certificate
	subject, parents string // the names of subject and issuer, as edge.NameKey has them
	issuer           *issuer
	anchor           bool      // trusted: a path may end here
	given            bool      // by Options.Roots
	withdrawn        time.Time // the day of the last list that held it; zero: not withdrawn
	constraint       constraint
}

// root: a path may end here, well or not.
func (a *authority) root() bool { return a.anchor || !a.withdrawn.IsZero() }

// authority is c with what the embedded lists say of it.
func (f *Forest) authority(c *edge.Certificate) *authority {
	if a := f.byPrint[c.Fingerprint]; a != nil {
		return a
	}
	a := &authority{cert: c, subject: f.name(c.X509.RawSubject), parents: f.name(c.X509.RawIssuer), issuer: &issuer{}}
	if f.o.OnlyRoots {
		return a
	}
	if r, ok := publicRoots().byPrint[c.Fingerprint]; ok {
		a.anchor, a.constraint = true, r.constraint
	} else if r, ok := f.o.Withdrawn.byPrint[c.Fingerprint]; ok {
		a.withdrawn = r.held
	}
	return a
}

func (f *Forest) name(der []byte) string {
	key, ok := f.names[string(der)]
	if !ok {
		key = edge.NameKey(der)
		f.names[string(der)] = key
	}
	return key
}

// add gives a its place among those of its name; a certificate that has one
// keeps it.
func (f *Forest) add(a *authority) {
	if f.byPrint[a.cert.Fingerprint] != nil {
		return
	}
	f.byPrint[a.cert.Fingerprint] = a
	fam := f.byName[a.subject]
	if fam == nil {
		fam = &family{}
		f.byName[a.subject] = fam
	}
	key := keyOf{a.subject, a.cert.KeyID()}
	if known := f.byKey[key]; known != nil {
		a.issuer = known
	} else {
		f.byKey[key] = a.issuer
		fam.issuers = append(fam.issuers, a.issuer)
	}
	a.issuer.certs = append(a.issuer.certs, a)
	if a.root() && !slices.Contains(fam.roots, a.issuer) {
		fam.roots = append(fam.roots, a.issuer)
	}
	// A key that says many identifiers is somebody's game.
	id := idOf{a.subject, string(a.cert.X509.SubjectKeyId)}
	if id.id != "" && len(a.issuer.certs) < limits.StrayKeys && !slices.Contains(f.byKeyID[id], a.issuer) {
		f.byKeyID[id] = append(f.byKeyID[id], a.issuer)
	}
}

// named is the family of a name, with the embedded roots of it; nil where
// nobody has it. Roots are parsed when they are first asked for.
func (f *Forest) named(name string) *family {
	fam := f.byName[name]
	if f.o.OnlyRoots || fam != nil && fam.rooted {
		return fam
	}
	for _, list := range []RootList{publicRoots(), f.o.Withdrawn} {
		for _, r := range list.byName[name] {
			f.add(f.authority(r.parsed()))
		}
	}
	if fam = f.byName[name]; fam != nil {
		fam.rooted = true
	}
	return fam
}

// issuers are the keys that may have signed a, the likeliest first: of the name
// of its issuer, in roots, in what was sent with it, and, where others may
// help, in what they sent. Within each, the key that a names goes first. more
// is set where not all were taken.
func (s *search) issuers(a *authority) (out []*issuer, more bool) {
	fam := s.f.named(a.parents)
	if fam == nil {
		return nil, false
	}
	id := a.cert.X509.AuthorityKeyId
	byID := func(i *issuer) bool {
		return len(id) > 0 && slices.ContainsFunc(i.certs, func(c *authority) bool { return slices.Equal(c.cert.X509.SubjectKeyId, id) })
	}
	take := func(list []*issuer, limit int) {
		for n, i := range list {
			if n == limit {
				more = true
				return
			}
			if !slices.Contains(out, i) {
				out = append(out, i)
			}
		}
	}
	for _, list := range [][]*issuer{fam.roots, s.mine[a.parents]} {
		named, rest := partition(list, byID)
		take(append(named, rest...), limits.ChainRead)
	}
	if s.other {
		if len(id) > 0 {
			take(s.f.byKeyID[idOf{a.parents, string(id)}], limits.StrayKeys)
		}
		take(fam.issuers, limits.StrayKeys)
	}
	return out, more
}

func partition(list []*issuer, first func(*issuer) bool) (yes, no []*issuer) {
	for _, i := range list {
		if first(i) {
			yes = append(yes, i)
		} else {
			no = append(no, i)
		}
	}
	return yes, no
}
