// Package edge holds the nouns of edgecert: what an administrator describes
// (Pool, Member, Service), what is dialed (Endpoint), what was seen (Capture,
// Certificate, DNS, InventoryRecord) and all of it together (Evidence).
//
// They are plain values that flow one way:
//
//	targets, topology, DNS ─→ Pool ─→ Endpoint ─ scanner ─→ Capture ─→ Evidence ─ audit ─→ report
//
// The package opens no connection, reads no file and no clock, so whatever
// imports only this package is as pure as it is.
package edge

import (
	"net/netip"
	"slices"
)

// Role says which Edge service an endpoint belongs to, in the words of the
// targets file and of the JSON report.
type Role string

// The roles, in the order in which every report lists them.
const (
	Access   Role = "access"
	WebConf  Role = "webcon"
	AV       Role = "av"
	XMPP     Role = "xmpp"
	Web      Role = "web"      // a name of a pool of kind web
	Internal Role = "internal" // a name of a pool of kind internal
	Other    Role = "other"    // a loose endpoint, or a host of the command line
)

// Roles returns the roles in report order.
func Roles() []Role { return []Role{Access, WebConf, AV, XMPP, Web, Internal, Other} }

// Order is the place of r in report order; an unknown role sorts last.
func (r Role) Order() int {
	if i := slices.Index(Roles(), r); i >= 0 {
		return i
	}
	return len(Roles())
}

// Title is the service's name as Microsoft writes it.
func (r Role) Title() string {
	switch r {
	case Access:
		return "Access Edge"
	case WebConf:
		return "Web Conferencing Edge"
	case AV:
		return "A/V Edge"
	case XMPP:
		return "XMPP proxy"
	case Web:
		return "web service"
	case Internal:
		return "internal interface"
	default:
		return "endpoint"
	}
}

// PoolKind is what a pool of servers is.
type PoolKind string

// The kinds of pool: four that a targets file describes, two that a list of
// endpoints makes.
const (
	EdgePool        PoolKind = "edge"
	InternalPool    PoolKind = "internal"     // the internal side of an Edge pool: a private CA is normal
	WebPool         PoolKind = "web"          // web services behind a reverse proxy
	PartnerPool     PoolKind = "partner"      // somebody else's federation host
	CommandLinePool PoolKind = "command-line" // hosts of the command line: all must present one certificate
	LoosePool       PoolKind = "loose"        // endpoints judged each alone
)

// ClientAuth is what a pool expects of the client authentication EKU.
type ClientAuth string

// The expectations. The zero value allows the EKU and does not ask for it.
const (
	ClientAuthAllowed   ClientAuth = ""
	ClientAuthRequired  ClientAuth = "required" // also what `public-im aol` means
	ClientAuthForbidden ClientAuth = "forbidden"
)

// VIPMember is the member name of endpoints behind a load balancer's address.
// No member may be called so.
const VIPMember = "vip"

// EveryMember stands for all members of a pool in `inventory * FILE`.
const EveryMember = "*"

// A Pool is what somebody says an Edge pool is. Names are A-labels in lower
// case without a trailing dot, each listed once.
type Pool struct {
	Name       string    `json:"name"`
	Kind       PoolKind  `json:"kind"`
	Source     string    `json:"source"` // where it is described: "targets.txt:3", "command line", "DNS of contoso.com"
	SIPDomains []string  `json:"sip_domains"`
	Services   []Service `json:"services"` // in role order; of a kind web or internal one for each name
	Members    []Member  `json:"members"`  // in the order described; empty: found by DNS
	VIPs       []Address `json:"vips"`     // load balancers: sampled, never taken for a member
	Loose      []Loose   `json:"loose"`    // for CommandLinePool and LoosePool, instead of the above; empty once they were dialed

	ClientAuth    ClientAuth    `json:"client_auth"`
	PublicIMAOL   bool          `json:"public_im_aol"`
	PrivateIssuer bool          `json:"private_issuer"` // `issuer private`
	Groups        [][]Role      `json:"groups"`         // roles that share a certificate, of every service of the pool; empty: all share one
	XMPPDeclared  bool          `json:"xmpp_declared"`  // `certificates` says where XMPP belongs
	Expect        []Expectation `json:"expect"`         // the certificates that were meant
	ExtraNames    []string      `json:"extra_names"`

	Severities map[string]string `json:"severities"` // `severity RULE LEVEL`: rule ID to error, warning, info
	Allow      []string          `json:"allow"`      // `allow RULE`: findings of these rules are dropped

	InventoryFiles []InventoryFile   `json:"inventory_files"`
	Inventory      []InventoryRecord `json:"inventory"`
	Stores         []Store           `json:"stores"`
	DNS            *DNS              `json:"dns"`   // nil: not asked
	Notes          []string          `json:"notes"` // what was guessed, completed or disagrees, a sentence each

	File *CheckedFile `json:"file"` // nil: endpoints were scanned; else this file was judged instead
}

// NeedsClientAuth says whether the pool's certificate must carry client
// authentication too.
func (p Pool) NeedsClientAuth() bool { return p.ClientAuth == ClientAuthRequired || p.PublicIMAOL }

// A Service is one external service of a pool: the name that clients use and
// the ports it is reached on.
type Service struct {
	Role   Role   `json:"role"`
	FQDN   string `json:"fqdn"`
	Ports  []int  `json:"ports"`
	Source string `json:"source"` // "targets.txt:5", "SRV _sip._tls.contoso.com", "guessed from the certificate's SAN"
}

// A Member is one Edge Server of a pool with its external addresses. It may
// lack those of a service, as every other member then does: the service's
// addresses are taken from DNS, where nobody knows whose is which (NAT).
type Member struct {
	Name      string    `json:"name"`
	Addresses []Address `json:"addresses"`
	Source    string    `json:"source"`
}

// An Address is where one service of a member (or a load balancer) is reached.
type Address struct {
	Role   Role       `json:"role"` // empty: every service of the pool
	IP     netip.Addr `json:"ip"`
	Ports  []int      `json:"ports"` // dialed instead of the service's ports, by position (0: that one is not dialed); empty: the service's own
	Source string     `json:"source"`
}

// A Loose is one HOST:PORT of a list.
type Loose struct {
	Host   string `json:"host"` // a name, or an IP address as text
	Port   int    `json:"port"`
	SNI    string `json:"sni"` // sent and judged instead of Host
	Source string `json:"source"`
}

// An InventoryFile is a file of Get-CsCertificate output named by a pool.
type InventoryFile struct {
	Member string `json:"member"`
	Path   string `json:"path"`
	Source string `json:"source"`
}

// Serves reports whether a stands for the service of a role.
func (a Address) Serves(r Role) bool { return a.Role == "" || a.Role == r }

// Own are the addresses that m gives for the service of a role, or for every
// service.
func (m Member) Own(r Role) []Address { return serving(m.Addresses, r) }

// For are the addresses on which the service of a role is reached on m. XMPP
// is reached where Access is, unless m says otherwise.
func (m Member) For(r Role) []Address { return reaching(m.Addresses, r) }

// VIPsFor are the load balancers before the service of a role.
func (p Pool) VIPsFor(r Role) []Address { return reaching(p.VIPs, r) }

func serving(list []Address, r Role) []Address {
	return Keep(list, func(a Address) bool { return a.Serves(r) })
}

func reaching(list []Address, r Role) []Address {
	out := serving(list, r)
	if len(out) > 0 || r != XMPP {
		return out
	}
	for _, a := range serving(list, Access) {
		out = append(out, Address{Role: XMPP, IP: a.IP, Source: a.Source})
	}
	return out
}

// Service returns the pool's service of a role, and whether it has one.
func (p Pool) Service(r Role) (Service, bool) {
	return Find(p.Services, func(s Service) bool { return s.Role == r })
}

// FQDN is the name of the pool's service of a role, empty where it has none.
func (p Pool) FQDN(r Role) string {
	s, _ := p.Service(r)
	return s.FQDN
}
