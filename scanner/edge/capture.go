package edge

import "time"

// A Capture is what one endpoint showed: facts, no judgement.
//
// Outcome, Stage and Fault go together: Captured has a Chain, and a Fault only
// where the peer refused us after its certificate; Failed has a Fault and no
// Chain; NoCertificate has neither.
type Capture struct {
	Endpoint  Endpoint
	Outcome   Outcome
	Stage     Stage
	Fault     *Fault
	Chain     []*Certificate // as sent, leaf first; shared between captures, never changed
	TLS       *TLS           // nil without a certificate
	Attempts  int            // handshakes tried, retries included; the extra ones are not
	Dial      time.Duration
	Handshake time.Duration
	Extra     Extra
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
	Version           string // "TLS 1.2"
	Cipher            string // the IANA name
	ClientCertificate ClientCertificate
	AcceptableCAs     int      // how many distinguished names the CertificateRequest listed
	AcceptableCANames []string // the names, bounded; fewer than AcceptableCAs where cut
	RequestCut        bool     // the CertificateRequest's list fills what its server can send
	Staple            []byte   // OCSP response, DER; nil: none sent
}

// Extra is what the further handshakes with an endpoint showed. A nil pointer
// means: not tried.
type Extra struct {
	WithoutSNI *Handshake  `json:"without_sni"`
	Legacy     *Handshake  `json:"legacy"` // offered TLS 1.1 at most
	TLS12      *Handshake  `json:"tls12"`  // offered TLS 1.2 at most
	Samples    *Samples    `json:"samples"`
	Turn       *Turn       `json:"turn"`
	UDP        *Turn       `json:"udp"` // STUN/TURN on UDP 3478
	XMPP       *XMPPStream `json:"xmpp"`
}

// A Handshake is the outcome of one extra handshake.
type Handshake struct {
	Outcome Outcome        `json:"outcome"`
	Fault   *Fault         `json:"error"`
	Version string         `json:"version"` // as negotiated; empty where it never was
	Chain   []*Certificate `json:"chain"`
}

// Leaf is the first certificate sent, nil where none was.
func (h *Handshake) Leaf() *Certificate {
	if h == nil || len(h.Chain) == 0 {
		return nil
	}
	return h.Chain[0]
}

// Samples counts what repeated identical handshakes with one address brought,
// the first one included.
type Samples struct {
	Planned int      `json:"planned"`
	Failed  int      `json:"failed"`
	Seen    []Sample `json:"seen"` // by first appearance
}

// A Sample is one leaf and how often it came.
type Sample struct {
	Certificate *Certificate `json:"certificate"`
	Count       int          `json:"count"`
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
