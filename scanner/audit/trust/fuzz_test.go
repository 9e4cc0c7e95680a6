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
