package edge

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// A Capture is what one endpoint showed: facts, no judgement.
//
// Outcome, Stage and Fault go together: Captured has a Chain, and a Fault only
// where the peer refused us after its certificate; Failed has a Fault and no
// Chain; NoCertificate has neither.
type Capture struct {
	Endpoint
	Outcome   Outcome        `json:"outcome"`
	Stage     Stage          `json:"stage"`
	Fault     *Fault         `json:"error"`
	Chain     []*Certificate `json:"chain"`               // as sent, leaf first; shared between captures, never changed
	Cut       int            `json:"chain_cut,omitempty"` // certificates that were sent and not kept, for want of room
	TLS       *TLS           `json:"tls"`                 // nil without a certificate
	Proof                    // of the normal handshake
	Attempts  int            `json:"attempts"` // handshakes tried, retries included; the further ones are not
	Dial      time.Duration  `json:"-"`        // to the microsecond, as the document keeps both
	Handshake time.Duration  `json:"-"`
	// The further handshakes in the order in which they were made. One that the
	// end of the scan prevented is there, too, Failed with ClassInterrupted.
	Presentations []Presentation `json:"presentations"`
	Turn          *Turn          `json:"turn,omitempty"` // nil: not asked
	UDP           *Turn          `json:"udp,omitempty"`  // STUN/TURN on UDP 3478; nil: not asked
	XMPP          *XMPPStream    `json:"xmpp,omitempty"`
}

// Leaf is the first certificate sent, nil where none was.
func (c Capture) Leaf() *Certificate {
	if len(c.Chain) == 0 {
		return nil
	}
	return c.Chain[0]
}

// ClientCertificate is what the server wanted of ours.
type ClientCertificate string

// What a server may want. The zero value is: could not tell.
const (
	NotRequested ClientCertificate = "not-requested"
	Requested    ClientCertificate = "requested" // asked, and content without
	Required     ClientCertificate = "required"  // asked, and refused us without one
)

// TLS is what one handshake negotiated.
type TLS struct {
	Version           string            `json:"version"` // "TLS 1.2"
	Cipher            string            `json:"cipher"`  // the IANA name
	ClientCertificate ClientCertificate `json:"client_certificate"`
	AcceptableCAs     int               `json:"acceptable_cas"`                // how many distinguished names the CertificateRequest listed
	AcceptableCANames []string          `json:"acceptable_ca_names,omitempty"` // the names, bounded; fewer than AcceptableCAs where cut
	RequestCut        bool              `json:"request_cut,omitempty"`         // the CertificateRequest's list fills what its server can send
	Staple            []byte            `json:"ocsp_staple,omitempty"`         // OCSP response, DER; nil: none sent
	StapleCut         bool              `json:"ocsp_staple_cut,omitempty"`     // one was sent, and not kept for its size or for want of room
}

// An Offer is what a handshake offers.
type Offer string

// The offers of the further handshakes. One that was asked again, to tell
// chance from cause, stands again.
const (
	OfferNormal     Offer = "normal" // all versions, all suites, the service's name
	OfferSample     Offer = "sample" // the normal one again, as often as was asked for
	OfferWithoutSNI Offer = "without-sni"
	OfferTLS12      Offer = "tls12" // TLS 1.2 at most
	OfferTLS11      Offer = "tls11" // TLS 1.1 at most
	OfferRSA        Offer = "rsa"   // certificates with RSA keys alone
	OfferECDSA      Offer = "ecdsa"
)

// A Presentation is what one further handshake showed.
type Presentation struct {
	Offer   Offer          `json:"offer"`
	Version string         `json:"version"` // as negotiated; empty where it never was
	Outcome Outcome        `json:"outcome"`
	Fault   *Fault         `json:"error"`
	Chain   []*Certificate `json:"chain"`
	Cut     int            `json:"chain_cut,omitempty"`
	Proof
}

// Leaf is the first certificate sent, nil where none was.
func (p Presentation) Leaf() *Certificate {
	if len(p.Chain) == 0 {
		return nil
	}
	return p.Chain[0]
}

// A Proof says whether the server showed that it holds its certificate's key.
// It counts once per endpoint and leaf. The zero value is that of a handshake
// without a certificate.
type Proof struct {
	State  ProofState `json:"proof"`
	Reason string     `json:"proof_reason,omitempty"` // why it was not seen, or what is wrong: see Why
}

// Why is the reason. Nearly all further handshakes have the one that is left out.
func (p Proof) Why() string {
	if p.State == NotSeen && p.Reason == "" {
		return "the certificate was read by hand"
	}
	return p.Reason
}

// ProofState is what became of a proof.
type ProofState string

// The states of a proof.
const (
	Proved    ProofState = "proved"
	Disproved ProofState = "disproved" // the handshake is signed by another key than the certificate's
	NotSeen   ProofState = "not-seen"
)

// Offered is what the handshakes with one offer showed.
func (c Capture) Offered(o Offer) []Presentation {
	return Keep(c.Presentations, func(p Presentation) bool { return p.Offer == o })
}

// Leaves are the distinct leaves of all presentations, that of the normal
// handshake first. What comes without SNI is not among them: it is for whoever
// asks for no name.
func (c Capture) Leaves() []*Certificate {
	if c.Leaf() == nil {
		return nil
	}
	out := []*Certificate{c.Leaf()}
	for _, p := range c.Presentations {
		if leaf := p.Leaf(); leaf != nil && p.Offer != OfferWithoutSNI && !Holds(out, leaf) {
			out = append(out, leaf)
		}
	}
	return out
}

// Chains are the distinct chains of all presentations, that of the normal
// handshake first; what comes without SNI is not among them.
func (c Capture) Chains() [][]*Certificate {
	if c.Leaf() == nil {
		return nil
	}
	out := [][]*Certificate{c.Chain}
	for _, p := range c.Presentations {
		if len(p.Chain) == 0 || p.Offer == OfferWithoutSNI {
			continue
		}
		if !slices.ContainsFunc(out, func(o []*Certificate) bool { return SameChain(o, p.Chain) }) {
			out = append(out, p.Chain)
		}
	}
	return out
}

// SameChain compares two chains certificate by certificate.
func SameChain(a, b []*Certificate) bool {
	return slices.EqualFunc(a, b, func(x, y *Certificate) bool { return x == y || x.Fingerprint == y.Fingerprint })
}

// ChainText names a chain by the SHA-256 of its certificates, parted by blanks.
func ChainText(chain []*Certificate) string {
	return strings.Join(Map(chain, func(c *Certificate) string { return c.Fingerprint.String() }), " ")
}

// Presents says whether any handshake, but one without SNI, showed a leaf.
func (c Capture) Presents(leaf *Certificate) bool {
	return slices.ContainsFunc(c.Leaves(), func(l *Certificate) bool { return l.Fingerprint == leaf.Fingerprint })
}

// NotRun says whether the scan ended before it came to the endpoint.
func (c Capture) NotRun() bool {
	return c.Leaf() == nil && c.Fault != nil && c.Fault.Class == ClassInterrupted
}

// StoppedAnswering says whether the endpoint reset, or let go by in silence, a
// hello equal to one that it had answered before, and did not answer it again.
func (c Capture) StoppedAnswering() bool {
	answered := map[Offer]bool{OfferNormal: c.Leaf() != nil}
	lost := map[Offer]bool{}
	for _, p := range c.Presentations {
		o := p.Offer
		if o == OfferSample {
			o = OfferNormal
		}
		if p.Fault == nil || p.Leaf() != nil {
			answered[o], lost[o] = true, false
			continue
		}
		switch p.Fault.Class {
		case ClassReset, ClassTimeout, ClassRefused, ClassUnreachable:
			lost[o] = answered[o]
		}
	}
	return slices.Contains(slices.Collect(maps.Values(lost)), true)
}

// Turn is what an MS-TURN or TURN conversation showed. A nil Fault with Live
// false means: pseudo-TLS was answered, the relay was not asked.
type Turn struct {
	PseudoTLS bool   `json:"pseudo_tls"` // the pseudo ServerHello of [MS-TURN] 2.1.1 came
	Live      bool   `json:"live"`       // an Allocate request was answered in kind; over UDP a Binding request, too
	ErrorCode int    `json:"error_code"` // of the answer: 401 as a rule
	Realm     string `json:"realm"`
	Software  string `json:"software"`
	Version   string `json:"version"` // MS-Version
	Fault     *Fault `json:"error"`
}

// XMPPStream is what an XMPP stream showed before its TLS.
type XMPPStream struct {
	StartTLS  string `json:"starttls"` // "offered", "required", "not-offered"; empty: no stream
	DirectTLS bool   `json:"direct_tls"`
	From      string `json:"from"` // the name the server gave itself
}
