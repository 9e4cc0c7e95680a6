package audit

import (
	"fmt"
	"slices"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/edge"
)

func keyNotProved() Rule {
	return Rule{
		ID: idNotProved, Family: "trust", Wire: true, Severity: Error,
		Short: "presents its certificate without its key", Mend: remedy.ByCertificate,
		Title: "the handshake is not signed by the presented certificate's key",
		Doc: `The server presents a certificate, and signs the handshake with a key that is not the certificate's: a PFX made of a
certificate and a key that do not belong together, or a renewed certificate beside the old key. Every client checks that
signature, so nobody can connect, however good the certificate looks.

Where the server ended the handshake before it had to prove its key, or where the certificate could only be read by hand,
this rule could not tell.

How to fix it: on the member, certutil -repairstore my SERIAL joins the certificate with its key where the key is there;
else import the PFX that has both, assign it with Set-CsCertificate and restart the Edge services.`,
		Source: `RFC 8446 section 4.4.3 and RFC 5246 section 7.4.3: the signature proves possession of the private key of the certificate, and the client must verify it`,
		Run: eachBunch(unproved, func(w *world, b bunch) Finding {
			leaf := disprovedLeaf(b.first)
			return Finding{
				Certificates: certs(leaf),
				Message:      fmt.Sprintf("%s: certificate %s is presented without its key (%s); %s", whoIsShutOut(b.first, leaf), w.short(leaf), proofOf(b.first, leaf).Why(), w.where(b.at)),
				Fix:          "import the PFX that holds the certificate with its key, assign it and restart the services",
			}
		}),
	}
}

// proofs are the proofs that each leaf of an endpoint was presented with, but
// without SNI.
func proofs(c edge.Capture, leaf *edge.Certificate) []edge.Proof {
	if len(c.Presentations) == 0 {
		return []edge.Proof{c.Proof}
	}
	var out []edge.Proof
	for _, p := range slices.Concat(equal(c)...) {
		if p.Offer != edge.OfferWithoutSNI && p.Leaf() != nil && p.Leaf().Fingerprint == leaf.Fingerprint {
			out = append(out, p.Proof)
		}
	}
	return out
}

// proofOf is what became of a leaf's proof, once per endpoint: one handshake that
// proved it makes up for those that were cut off, and for none that disproved it.
func proofOf(c edge.Capture, leaf *edge.Certificate) edge.Proof {
	all := proofs(c, leaf)
	for _, state := range []edge.ProofState{edge.Disproved, edge.Proved, edge.NotSeen} {
		if i := slices.IndexFunc(all, func(p edge.Proof) bool { return p.State == state }); i >= 0 {
			return all[i]
		}
	}
	return edge.Proof{State: edge.NotSeen, Reason: "it was not recorded"}
}

// disprovedLeaf is the first leaf whose key an endpoint does not hold, nil where
// there is none.
func disprovedLeaf(c edge.Capture) *edge.Certificate {
	leaf, _ := edge.Find(c.Leaves(), func(leaf *edge.Certificate) bool { return proofOf(c, leaf).State == edge.Disproved })
	return leaf
}

func whoIsShutOut(c edge.Capture, leaf *edge.Certificate) string {
	if slices.ContainsFunc(proofs(c, leaf), func(p edge.Proof) bool { return p.State == edge.Proved }) {
		return "not everybody can connect"
	}
	return "nobody can connect"
}

func unproved(_ *world, r *result, i int, c edge.Capture) string {
	if c.Leaf() == nil && !silent(c) {
		r.unseen(i)
	}
	if leaf := disprovedLeaf(c); leaf != nil {
		return leaf.Fingerprint.String()
	}
	for _, leaf := range c.Leaves() {
		if p := proofOf(c, leaf); p.State == edge.NotSeen {
			r.couldNotTell("no proof of key was seen: "+p.Why(), i)
		} else {
			r.pass()
		}
	}
	return ""
}
