package edge

import (
	"cmp"
	"net"
	"net/netip"
	"strconv"
)

// An Endpoint is one address and port to dial, and what is expected there.
type Endpoint struct {
	Pool        string     `json:"-"`
	Member      string     `json:"member"` // a member's name; its address where DNS found it; VIPMember behind a load balancer
	Role        Role       `json:"role"`
	FQDN        string     `json:"fqdn"`                   // sent as SNI where it is a name; empty: none is sent
	Address     netip.Addr `json:"address"`                // invalid where the name has no address: then Fault says why
	Port        int        `json:"port"`                   // the port dialed
	ServicePort int        `json:"service_port,omitempty"` // the service's port, which rules go by; differs from Port behind tunnels
	VIP         bool       `json:"vip,omitempty"`          // a load balancer's address
	Samples     int        `json:"samples,omitempty"`      // handshakes wanted by default: 0 and 1 are one
	Fault       *Fault     `json:"-"`                      // planned, but nothing can be dialed
	Source      string     `json:"source,omitempty"`       // where it comes from: "targets.txt:7", "A of sip.contoso.com"
}

// HostPort is the address and port as net.Dial takes them, or the name and
// port where there is no address.
func (e Endpoint) HostPort() string {
	return net.JoinHostPort(cmp.Or(e.AddressText(), e.FQDN), strconv.Itoa(e.Port))
}

// AddressText is the address, or nothing where there is none.
func (e Endpoint) AddressText() string {
	if !e.Address.IsValid() {
		return ""
	}
	return e.Address.String()
}

// Dialed is HostPort, or the member and port where there is neither name nor
// address.
func (e Endpoint) Dialed() string {
	if e.FQDN == "" && !e.Address.IsValid() {
		return net.JoinHostPort(e.Member, strconv.Itoa(e.Port))
	}
	return e.HostPort()
}

// Place says where an endpoint is, in few words: "edge2 webcon:443", with the
// service's port, by which people know it; a loose endpoint is the name or
// address and port it was given as.
func (e Endpoint) Place() string {
	if e.Role != Other {
		return e.Member + " " + e.Column()
	}
	if e.FQDN != "" {
		return net.JoinHostPort(e.FQDN, strconv.Itoa(e.Port))
	}
	return e.Dialed()
}

// PortOfService is the port that rules go by, and that an administrator knows:
// behind a tunnel another one is dialed.
func (e Endpoint) PortOfService() int { return cmp.Or(e.ServicePort, e.Port) }

// Column is the service and port an endpoint stands for: "webcon:443".
func (e Endpoint) Column() string { return string(e.Role) + ":" + strconv.Itoa(e.ServicePort) }

// Stage is how far the conversation with an endpoint came.
type Stage string

// The stages, each including those before it.
const (
	StageDNS         Stage = "dns"         // no address to dial
	StageDial        Stage = "dial"        // no connection
	StageHandshake   Stage = "handshake"   // connected, no certificate
	StageCertificate Stage = "certificate" // certificate seen, handshake not finished
	StageDone        Stage = "done"
)

// Outcome is what a capture brought. The zero value is none of them.
type Outcome string

// The outcomes.
const (
	Captured      Outcome = "captured"
	NoCertificate Outcome = "no-certificate" // alive, and by its protocol presents none (MS-TURN, XMPP without TLS)
	Failed        Outcome = "failed"
)

// ErrorClass is the closed set of reasons why something went wrong.
type ErrorClass string

// The error classes.
const (
	ClassDNS            ErrorClass = "dns"
	ClassRefused        ErrorClass = "refused"
	ClassTimeout        ErrorClass = "timeout"
	ClassReset          ErrorClass = "reset" // RST, or closed without a word
	ClassUnreachable    ErrorClass = "unreachable"
	ClassNotTLS         ErrorClass = "not-tls"
	ClassTLSAlert       ErrorClass = "tls-alert"
	ClassProtocol       ErrorClass = "protocol" // TLS that breaks its own rules
	ClassTooLarge       ErrorClass = "too-large"
	ClassBadCertificate ErrorClass = "bad-certificate"
	ClassInterrupted    ErrorClass = "interrupted" // the scan ended first: says nothing of the endpoint
	ClassLocal          ErrorClass = "local"       // our own side: a proxy that refuses us, descriptors that are spent
)

// ErrorClasses returns the closed set.
func ErrorClasses() []ErrorClass {
	return []ErrorClass{ClassDNS, ClassRefused, ClassTimeout, ClassReset, ClassUnreachable, ClassNotTLS,
		ClassTLSAlert, ClassProtocol, ClassTooLarge, ClassBadCertificate, ClassInterrupted, ClassLocal}
}

// A Fault is why a capture, or one handshake of it, went no further. It is an
// error; its message may carry bytes from the network.
type Fault struct {
	Class   ErrorClass `json:"class"`
	Message string     `json:"message"`
}

// Error is the message with its class in front.
func (f *Fault) Error() string { return string(f.Class) + ": " + f.Message }
