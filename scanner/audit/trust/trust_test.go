package trust

import (
	"crypto"
	"crypto/x509"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgecert/scanner/edge"
)

func TestJudgeTellsApart(t *testing.T) {
	t.Parallel()
	rootE, interE, leafE := newEntity(t, "Root"), newEntity(t, "Intermediate"), newEntity(t, "sip.contoso.com")
	root := certify(t, rootE, rootE)
	inter := certify(t, interE, rootE)
	leaf := certify(t, leafE, interE, server)
	strangerE := newEntity(t, "Stranger")
	selfSigned := certify(t, leafE, leafE, server)
	privateRoot := certify(t, strangerE, strangerE)
	private := certify(t, leafE, strangerE, server)
	// The same name as the intermediate, another key.
	imposter := certify(t, newEntity(t, "Intermediate"), rootE)

	tests := []struct {
		name     string
		chain    []*edge.Certificate
		others   []edge.Capture
		standing Standing
		missing  []*edge.Certificate
		says     string
	}{
		{name: "leaf and intermediate", chain: chain(leaf, inter), standing: Trusted},
		{name: "with the root too", chain: chain(leaf, inter, root), standing: Trusted},
		{name: "out of order, with strangers and twice", chain: chain(leaf, root, privateRoot, inter, leaf, inter), standing: Trusted},
		{name: "intermediate sent by another member alone", chain: chain(leaf), others: []edge.Capture{sent("edge1", leaf, inter)}, standing: Incomplete, missing: chain(inter)},
		{name: "intermediate sent by nobody", chain: chain(leaf), standing: Unknown},
		{name: "self-signed leaf", chain: chain(selfSigned), standing: SelfSigned},
		{name: "private root sent", chain: chain(private, privateRoot), standing: Private},
		{name: "private root sent by another member", chain: chain(private), others: []edge.Capture{sent("edge1", private, privateRoot)}, standing: Private},
		{name: "private root not sent", chain: chain(private), standing: Unknown},
		{name: "an issuer of the right name and another key", chain: chain(leaf, imposter), standing: Unknown, says: "its key did not sign"},
		{name: "imposter and the real one", chain: chain(leaf, imposter, inter), standing: Trusted},
		{name: "an intermediate that cannot be read", chain: chain(leaf, edge.NewCertificate([]byte("no DER"))), standing: Unknown, says: "cannot be read"},
		{name: "a leaf that cannot be read", chain: chain(edge.NewCertificate([]byte("no DER"))), standing: Unverified, says: "cannot be read"},
		{name: "the root itself as leaf", chain: chain(root), standing: Trusted},
		{name: "nothing", standing: Unverified, says: "no certificate"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := forest(root, append(test.others, sent("edge2", test.chain...))...)
			got := f.Judge(test.chain)
			if got.Standing != test.standing || !strings.Contains(got.Objection, test.says) {
				t.Errorf("standing %q (%s), want %q (%s)", got.Standing, got.Objection, test.standing, test.says)
			}
			if diff := cmp.Diff(subjects(test.missing), subjects(got.Missing)); diff != "" {
				t.Errorf("missing (-want +got):\n%s", diff)
			}
		})
	}
}

func chain(c ...*edge.Certificate) []*edge.Certificate { return c }

func subjects(certs []*edge.Certificate) []string {
	var out []string
	for _, c := range certs {
		out = append(out, c.CommonName())
	}
	return out
}

// Every case is the healthy chain with one fact changed.
func TestJudgeOneFactChanged(t *testing.T) {
	t.Parallel()
	other := net.IPNet{IP: net.IPv4(10, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)}
	tests := []struct {
		name              string
		root, inter, leaf func(*x509.Certificate)
		standing          Standing
		says              string
	}{
		{name: "nothing", standing: Trusted},
		{name: "leaf expired", leaf: expired, standing: Trusted},
		{name: "intermediate expired", inter: expired, standing: Trusted},
		{name: "root expired", root: expired, standing: Trusted},
		{name: "intermediate that is no CA", inter: func(c *x509.Certificate) { c.IsCA = false }, standing: Refused, says: "is not a CA certificate"},
		{name: "intermediate without basic constraints", inter: func(c *x509.Certificate) { c.BasicConstraintsValid = false }, standing: Refused, says: "is not a CA certificate"},
		{name: "root that says it is no CA", root: func(c *x509.Certificate) { c.IsCA = false }, standing: Refused, says: "not a CA"},
		{name: "intermediate without certificate signing", inter: func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature }, standing: Refused, says: "key usage"},
		{name: "intermediate without key usage", inter: func(c *x509.Certificate) { c.KeyUsage = 0 }, standing: Trusted},
		{name: "root with path length 0", root: func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = 0, true }, standing: Refused, says: "path length"},
		{name: "intermediate with path length 0", inter: func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = 0, true }, standing: Trusted},
		{name: "intermediate for mail", inter: usage(x509.ExtKeyUsageEmailProtection), standing: Refused, says: "extended key usage"},
		{name: "intermediate for servers", inter: usage(x509.ExtKeyUsageServerAuth), standing: Trusted},
		{name: "intermediate for everything", inter: usage(x509.ExtKeyUsageAny), standing: Trusted},
		{name: "intermediate for another domain", inter: func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"fabrikam.com"} }, standing: Refused, says: "name constraints"},
		{name: "intermediate for this domain", inter: func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"contoso.com"} }, standing: Trusted},
		{name: "root not for this name", root: func(c *x509.Certificate) { c.ExcludedDNSDomains = []string{"sip.contoso.com"} }, standing: Refused, says: "name constraints"},
		{name: "a domain that only ends alike", inter: func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"ontoso.com"} }, standing: Refused, says: "name constraints"},
		{name: "address outside the permitted range", inter: func(c *x509.Certificate) { c.PermittedIPRanges = []*net.IPNet{&other} },
			leaf: func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(192, 0, 2, 1)} }, standing: Refused, says: "192.0.2.1"},
	}
	rootE, interE, leafE := newEntity(t, "Root"), newEntity(t, "Intermediate"), newEntity(t, "sip.contoso.com")
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			apply := func(m func(*x509.Certificate)) func(*x509.Certificate) {
				return func(c *x509.Certificate) {
					if m != nil {
						m(c)
					}
				}
			}
			root := certify(t, rootE, rootE, apply(test.root))
			inter := certify(t, interE, rootE, apply(test.inter))
			leaf := certify(t, leafE, interE, server, apply(test.leaf))
			got := forest(root, sent("edge1", leaf, inter)).Judge(chain(leaf, inter))
			if got.Standing != test.standing || !strings.Contains(got.Objection, test.says) {
				t.Errorf("standing %q (%s), want %q (%s)", got.Standing, got.Objection, test.standing, test.says)
			}
		})
	}
}

func usage(u x509.ExtKeyUsage) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{u} }
}

func TestJudgeWeakAndUnknownSignatures(t *testing.T) {
	t.Parallel()
	rootE, leafE := newRSAEntity(t, "Root"), newEntity(t, "sip.contoso.com")
	root := certify(t, rootE, rootE)
	leaf := certify(t, leafE, rootE, server)
	const md5WithRSA, md4WithRSA = 4, 3
	tests := []struct {
		name     string
		leaf     *edge.Certificate
		standing Standing
	}{
		{"SHA-1", certify(t, leafE, rootE, server, func(c *x509.Certificate) { c.SignatureAlgorithm = x509.SHA1WithRSA }), Trusted},
		{"MD5", restamp(t, leaf, rootE, md5WithRSA, crypto.MD5), Trusted},
		{"MD5 by another key", restamp(t, leaf, newRSAEntity(t, "Root"), md5WithRSA, crypto.MD5), Unknown},
		{"an algorithm that nobody can verify", restamp(t, leaf, rootE, md4WithRSA, crypto.SHA256), Unknown},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := forest(root, sent("edge1", test.leaf)).Judge(chain(test.leaf)); got.Standing != test.standing {
				t.Errorf("standing %q (%s), want %q", got.Standing, got.Objection, test.standing)
			}
		})
	}
}

func TestJudgePrefersThePathThatServesLongest(t *testing.T) {
	t.Parallel()
	oldE, newE, interE, leafE := newEntity(t, "Old Root"), newEntity(t, "New Root"), newEntity(t, "Intermediate"), newEntity(t, "leaf")
	newRoot := certify(t, newE, newE)
	cross := certify(t, newE, oldE, expired)
	expiredInter := certify(t, interE, newE, expired)
	inter := certify(t, interE, newE)
	leaf := certify(t, leafE, interE, server)

	sentAll := chain(leaf, expiredInter, inter, cross)
	got := forest(newRoot, sent("edge1", sentAll...)).Judge(sentAll)
	if got.Standing != Trusted || len(got.Expired(now())) != 0 {
		t.Errorf("good path beside an expired one: standing %q, expired %v", got.Standing, subjects(got.Expired(now())))
	}
	sentExpired := chain(leaf, expiredInter)
	got = forest(newRoot, sent("edge1", sentExpired...)).Judge(sentExpired)
	if diff := cmp.Diff([]string{"Intermediate"}, subjects(got.Expired(now()))); diff != "" {
		t.Errorf("expired intermediate alone (-want +got):\n%s", diff)
	}
}

// A leaf of a root that Mozilla trusts only for what it issued up to a day.
func TestJudgeRootConstrainedByDate(t *testing.T) {
	t.Parallel()
	rootE, leafE := newEntity(t, "Izenpe-like"), newEntity(t, "sip.contoso.com")
	root := certify(t, rootE, rootE)
	until := now().AddDate(0, -6, 0)
	afterwards := func(certs []*x509.Certificate) error {
		for _, c := range certs {
			if c.NotBefore.After(until) {
				return os.ErrDeadlineExceeded
			}
		}
		return nil
	}
	for _, test := range []struct {
		name     string
		from     time.Time
		standing Standing
	}{
		{"issued before that day", until.AddDate(0, 0, -1), Trusted},
		{"issued after that day", until.AddDate(0, 0, 1), Refused},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			leaf := certify(t, leafE, rootE, server, func(c *x509.Certificate) { c.NotBefore = test.from })
			f := New(t.Context(), nil, Options{OnlyRoots: true, Now: now()})
			a := f.authority(root)
			a.anchor, a.constraint = true, afterwards
			f.add(a)
			if got := f.Judge(chain(leaf)); got.Standing != test.standing {
				t.Errorf("standing %q (%s), want %q", got.Standing, got.Objection, test.standing)
			}
		})
	}
}

func TestSendersAndOnlyRoots(t *testing.T) {
	t.Parallel()
	rootE, interE, leafE := newEntity(t, "Root"), newEntity(t, "Intermediate"), newEntity(t, "leaf")
	root, inter, leaf := certify(t, rootE, rootE), certify(t, interE, rootE), certify(t, leafE, interE, server)
	extra := sent("edge3")
	extra.Presentations = []edge.Presentation{{Offer: edge.OfferWithoutSNI, Chain: chain(leaf, inter)}}
	f := forest(root, sent("edge1", leaf, inter), sent("edge2", leaf), extra)
	var members []string
	for _, e := range f.Senders(inter) {
		members = append(members, e.Member)
	}
	if diff := cmp.Diff([]string{"edge1", "edge3"}, members); diff != "" {
		t.Errorf("senders (-want +got):\n%s", diff)
	}
	if !f.Judge(chain(leaf, inter)).Given {
		t.Error("a path to a root of --roots is not said to be given")
	}
	for _, r := range publicRoots().byPrint {
		if New(t.Context(), nil, Options{OnlyRoots: true}).Judge(chain(r.parsed())).Standing == Trusted {
			t.Error("--only-roots still trusts the embedded roots")
		}
		break
	}
}

// The date shown is that of the module that is compiled in.
func TestRootsDateIsThatOfTheModule(t *testing.T) {
	t.Parallel()
	mod, err := os.ReadFile("../../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(mod), "golang.org/x/crypto/x509roots/fallback "+rootsVersion) {
		t.Errorf("go.mod does not require the embedded roots at %s", rootsVersion)
	}
	date := RootsDate()
	if date.Year() < 2026 || !strings.Contains(rootsVersion, date.Format("20060102")) {
		t.Errorf("roots date %v of version %s", date, rootsVersion)
	}
	if RootsOld(date, date.AddDate(0, 0, 89)) || !RootsOld(date, date.AddDate(0, 0, 91)) {
		t.Error("roots become old after 90 days, not earlier nor later")
	}
	if n := len(publicRoots().byPrint); n < 100 {
		t.Errorf("%d embedded roots", n)
	}
}
