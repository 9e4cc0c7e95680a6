package trust

import (
	"bytes"
	"crypto"
	"testing"

	"golang.org/x/crypto/ocsp"

	"edgecert/scanner/edge"
)

// A certificate of any bytes, as leaf and as issuer, and any staple with it,
// is judged without a crash; and what was signed by nobody is not trusted.
func FuzzJudge(f *testing.F) {
	rootE, interE, leafE := newEntity(f, "Root"), newEntity(f, "Intermediate"), newEntity(f, "leaf")
	root, inter, leaf := certify(f, rootE, rootE), certify(f, interE, rootE), certify(f, leafE, interE, server)
	staple, err := ocsp.CreateResponse(inter.X509, inter.X509, ocsp.Response{SerialNumber: leaf.X509.SerialNumber, ThisUpdate: now(), Certificate: inter.X509}, interE.key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(leaf.Raw, staple)
	f.Add(inter.Raw, []byte{})
	f.Add(bytes.Replace(leaf.Raw, []byte{0x02, 0x08}, []byte{0x04, 0x08}, 1), staple) // a serial that is no number
	f.Fuzz(func(t *testing.T, der, staple []byte) {
		c := edge.NewCertificate(der)
		for _, chain := range [][]*edge.Certificate{{c, inter}, {leaf, c}, {leaf, inter, c}} {
			forest := forest(root, sent("edge1", chain...))
			r := forest.Judge(chain)
			forest.Layout(chain)
			if r.Standing == Trusted && chain[0].Fingerprint != leaf.Fingerprint && !bytes.Equal(chain[0].X509.RawTBSCertificate, leaf.X509.RawTBSCertificate) &&
				!bytes.Equal(chain[0].X509.RawTBSCertificate, inter.X509.RawTBSCertificate) {
				t.Errorf("trusted: %x", der)
			}
			if len(r.Path) > 1 {
				JudgeOCSP(staple, r.Path[0].X509, r.Path[1].X509, "", now())
			}
		}
	})
}

// FuzzOCSP: an answer that is signed by nobody who may is never good, nor does
// it revoke anything.
func FuzzOCSP(f *testing.F) {
	interE, leafE := newEntity(f, "Intermediate"), newEntity(f, "leaf")
	inter, leaf := certify(f, interE, interE), certify(f, leafE, interE, server)
	signed := map[string]bool{}
	for status := range ocsp.Unknown + 1 {
		der, err := ocsp.CreateResponse(inter.X509, inter.X509, ocsp.Response{Status: status, SerialNumber: leaf.X509.SerialNumber,
			ThisUpdate: now(), NextUpdate: now().AddDate(0, 0, 1), RevokedAt: now()}, interE.key)
		if err != nil {
			f.Fatal(err)
		}
		r, err := ocsp.ParseResponse(der, inter.X509)
		if err != nil {
			f.Fatal(err)
		}
		signed[string(r.TBSResponseData)] = true
		f.Add(der)
		f.Add(der[:len(der)-1])
		f.Add(bytes.Replace(der, []byte{0x80, 0}, []byte{0x82, 0}, 1)) // good, as unknown
	}
	f.Add([]byte{0x30, 3, 0x0a, 1, 3}) // try later
	f.Fuzz(func(t *testing.T, der []byte) {
		got := JudgeOCSP(der, leaf.X509, inter.X509, "", now())
		if (got.Status == edge.RevocationUnknown) != (got.Error != "") {
			t.Errorf("%s with the reason %q", got.Status, got.Error)
		}
		if got.Status == edge.RevocationUnknown {
			return
		}
		if r, err := ocsp.ParseResponse(der, nil); err != nil || !signed[string(r.TBSResponseData)] {
			t.Errorf("%s by an answer that nobody signed (%v)", got.Status, err)
		}
	})
}

// A response by a key that costs more than any CA's is not verified.
func TestDearRespondersAreNotVerified(t *testing.T) {
	t.Parallel()
	interE, leafE := newRSAEntity(t, "Intermediate"), newEntity(t, "leaf")
	inter, leaf := certify(t, interE, interE), certify(t, leafE, interE, server)
	delegate := certifyKey(t, "responder", dear(t), interE)
	response := func(by *edge.Certificate, key crypto.Signer) []byte {
		der, err := ocsp.CreateResponse(inter.X509, by.X509, ocsp.Response{SerialNumber: leaf.X509.SerialNumber, ThisUpdate: now(), NextUpdate: now().AddDate(0, 0, 1), Certificate: by.X509}, key)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	if dearSigner(response(inter, interE.key), inter.X509) || !dearSigner(response(delegate, interE.key), inter.X509) {
		t.Error("the responder's own key decides")
	}
}
