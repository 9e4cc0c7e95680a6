package lab

import (
	"net/netip"
	"time"

	"edgecert/scanner/edge"
)

// A Spec describes a lab. Healthy makes a good one; a world with a fault is
// that with one field changed.
type Spec struct {
	Now         time.Time
	Keys        *KeyRing // shared with other labs; nil: the lab's own
	Pool        string
	SIPDomains  []string
	Services    []edge.Service
	Members     []Member
	Cells       []Cell // every service and port of every member
	Authorities []Authority
	Lines       []string // further directives of the pool: "public-im aol"
	DNS         DNS
	Faults      []string // what is wrong here, in words, for whoever shows the lab
}

// A Member is one Edge Server of the lab. Its name may be edge.VIPMember.
type Member struct {
	Name string
	IP   netip.Addr // where it listens, a loopback address; invalid: 127.0.0.1
}

// Protocol is what answers on a port.
type Protocol string

// The protocols, from sane to hostile. The zero value is TLS.
const (
	TLS       Protocol = ""
	PseudoTLS Protocol = "pseudo-tls" // [MS-TURN] 2.1.1, then an Allocate error response
	StartTLS  Protocol = "starttls"   // XMPP, RFC 6120 section 5
	HTTP      Protocol = "http"       // plain HTTP on what should be TLS
	Banner    Protocol = "banner"     // Cell.Banner, unasked, as SSH and SMTP do
	Closed    Protocol = "closed"     // nothing listens: the connection is refused
	Tarpit    Protocol = "tarpit"     // accepts and says nothing
	Drip      Protocol = "drip"       // a handshake record, one byte every 100 ms
	Reset     Protocol = "reset"      // RST on the ClientHello
	HangUp    Protocol = "hang-up"    // closes on the ClientHello
)

// A Cell is one service and port of one member, and how it behaves.
type Cell struct {
	Member string
	Role   edge.Role
	Port   int // the service's port; the one listened on is Lab.Address

	Speaks     Protocol
	Chain      Chain
	WithoutSNI *Chain // presented where the client names no server
	NeedsSNI   bool   // refuses a client that names no server
	Alternate  *Chain // presented in every second handshake
	Older      *Chain // presented to a client that offers TLS 1.2 at most
	Second     *Chain // presented to a client that cannot take the first's type of key
	KeyOf      *Chain // whose key signs the handshakes instead of the right one
	Answers    int    // so many connections are served, and all further ones reset; 0: all are served
	Renewed    *Chain // presented instead of all these once the member is renewed (Lab.Renew)
	MinVersion uint16 // 0: TLS 1.2
	MaxVersion uint16 // 0: TLS 1.3

	ClientCert    edge.ClientCertificate // zero: not requested
	Refusal       Refusal                // of a client that brings none where it is required
	AcceptableCAs int                    // names in the CertificateRequest
	Staple        edge.RevocationStatus  // of an OCSP response stapled; zero: none
	Banner        string
	RealHello     RealHello // how an A/V Edge takes a ClientHello that is not the pseudo one
	NoRelay       bool      // pseudo-TLS is answered, an Allocate request is not
	NoStartTLS    bool      // an XMPP stream without STARTTLS, which is legitimate
}

// Refusal is how a server ends a handshake in which a required client
// certificate is missing.
type Refusal string

// The refusals. The zero value is the TLS alert.
const (
	RefuseByAlert Refusal = ""
	RefuseByReset Refusal = "reset"
	RefuseByClose Refusal = "close"
)

// RealHello is an A/V Edge's answer to real TLS, which no page documents: all
// three are plausible.
type RealHello string

// The answers. The zero value is the pseudo ServerHello.
const (
	FakeServerHello RealHello = ""
	CloseOnHello    RealHello = "close"
	SilentOnHello   RealHello = "silence"
)

// A Chain is what a server sends in its Certificate message.
type Chain struct {
	Leaf      Template
	Authority string // whose intermediate signs the leaf; empty: self-signed
	Send      []Part // nil: Leaf, Intermediate
}

// A Part is one certificate of a Certificate message.
type Part struct {
	Kind      PartKind
	Authority string // empty: the chain's own
	Raw       []byte // for Raw
}

// PartKind says which certificate of an authority a part is.
type PartKind string

// The parts.
const (
	LeafPart         PartKind = "leaf"
	IntermediatePart PartKind = "intermediate"
	RootPart         PartKind = "root"
	RawPart          PartKind = "raw" // bytes as given
)

// Cell is the cell of a member's service and port, to be changed; nil where
// the spec has none.
func (s *Spec) Cell(member string, role edge.Role, port int) *Cell {
	for i := range s.Cells {
		if c := &s.Cells[i]; c.Member == member && c.Role == role && c.Port == port {
			return c
		}
	}
	return nil
}

// Each calls f with every cell of a role; an empty role means all.
func (s *Spec) Each(role edge.Role, f func(*Cell)) {
	for i := range s.Cells {
		if role == "" || s.Cells[i].Role == role {
			f(&s.Cells[i])
		}
	}
}
