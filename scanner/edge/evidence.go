package edge

import (
	"net/netip"
	"strings"
	"time"
)

// Evidence is everything a scan brought home. Judging it needs nothing else
// but a policy and the time, so it can be judged again from a file.
type Evidence struct {
	Started, Finished time.Time
	Host              string // the machine that looked: the vantage
	Interrupted       bool
	Asked             Asked
	Shard             *Shard // nil: the whole
	Missing           []int  // the shards that are not in it, where several were joined
	Pools             []Pool
	Captures          []Capture // in the order of the endpoints
	HostRoots         bool      // this host's root store was asked as well
	HostTrusted       map[Fingerprint]bool
	Revocation        map[Fingerprint]Revocation // nil: not asked
}

// Asked is what a scan was told to do, recorded by whoever scans.
type Asked struct {
	Quick    bool   `json:"quick"`    // no further handshakes
	Samples  int    `json:"samples"`  // handshakes per address; 0: as each endpoint has it
	UDP      bool   `json:"udp"`      // A/V on UDP 3478, too
	Resolver string `json:"resolver"` // HOST:PORT, or SystemResolver

	Part bool `json:"part,omitempty"` // some pools of the targets were left out (--pool)
}

// A Shard is the share of the targets that a scan took, from 1.
type Shard struct {
	Index int `json:"index"`
	Of    int `json:"of"`
}

// ByPool is the captures of each pool. They share memory with ev: those of ten
// thousand endpoints are not worth a copy each time that they are looked at.
func (ev Evidence) ByPool() map[string][]Capture {
	out := make(map[string][]Capture, len(ev.Pools))
	for i := 0; i < len(ev.Captures); {
		name, end := ev.Captures[i].Endpoint.Pool, i+1
		for end < len(ev.Captures) && ev.Captures[end].Endpoint.Pool == name {
			end++
		}
		if run := ev.Captures[i:end:end]; out[name] == nil {
			out[name] = run
		} else {
			out[name] = append(out[name], run...)
		}
		i = end
	}
	return out
}

// LookupStatus tells "there is none" from "could not find out".
type LookupStatus string

// What a DNS lookup can say.
const (
	Found   LookupStatus = "found"
	Absent  LookupStatus = "absent" // NXDOMAIN, or no record of that type
	Unknown LookupStatus = "failed" // SERVFAIL, refused, no answer
)

// SystemResolver is what DNS.Resolver says where nobody named a resolver.
const SystemResolver = "system"

// DNS is what a resolver said of a pool.
type DNS struct {
	Resolver string       `json:"resolver"` // HOST:PORT, or SystemResolver
	Names    []NameAnswer `json:"names"`    // one for every service name, and for sip.<domain> of every SIP domain
	SRV      []SRVAnswer  `json:"srv"`      // for every SIP domain, one a kind
}

// Name is what DNS said of a name; the zero answer where it was not asked.
func (d *DNS) Name(name string) NameAnswer {
	if d != nil {
		if a, ok := Find(d.Names, func(a NameAnswer) bool { return strings.EqualFold(a.Name, name) }); ok {
			return a
		}
	}
	return NameAnswer{Name: name}
}

// A NameAnswer is the addresses of a name.
type NameAnswer struct {
	Name      string       `json:"name"`
	Status    LookupStatus `json:"status"`
	Error     string       `json:"error"`
	CNAME     string       `json:"cname"`     // the canonical name where it is another; Microsoft 365's where the aliases lead through it
	Addresses []netip.Addr `json:"addresses"` // IPv4 first, each family sorted
}

// SRVKind says which of the three records an answer is for.
type SRVKind string

// The SRV records of an Edge pool.
const (
	SRVFederation SRVKind = "federation" // _sipfederationtls._tcp
	SRVClient     SRVKind = "client"     // _sip._tls
	SRVXMPP       SRVKind = "xmpp"       // _xmpp-server._tcp
)

// Query is the name that is asked for a SIP domain.
func (k SRVKind) Query(domain string) string {
	switch k {
	case SRVFederation:
		return "_sipfederationtls._tcp." + domain
	case SRVClient:
		return "_sip._tls." + domain
	default:
		return "_xmpp-server._tcp." + domain
	}
}

// An SRVAnswer is the records of one query.
type SRVAnswer struct {
	Kind    SRVKind      `json:"kind"`
	Domain  string       `json:"domain"` // the SIP domain asked for
	Query   string       `json:"query"`
	Status  LookupStatus `json:"status"`
	Error   string       `json:"error"`
	Records []SRV        `json:"records"` // by priority, then weight, heaviest first
	Route   string       `json:"-"`       // the other pool of the run that it leads to: see Related
}

// SRV is one record.
type SRV struct {
	Target   string `json:"target"`
	Port     int    `json:"port"`
	Priority int    `json:"priority"`
	Weight   int    `json:"weight"`
}

// Revocation is what was found out of one certificate's revocation.
type Revocation struct {
	Status    RevocationStatus `json:"status"`
	Source    string           `json:"source"` // "OCSP http://…", "CRL http://…"
	RevokedAt time.Time        `json:"revoked_at"`
	Reason    string           `json:"reason"`
	Error     string           `json:"error"` // why it is unknown
}

// RevocationStatus is a revocation's state. The zero value is none.
type RevocationStatus string

// The states of revocation.
const (
	Good              RevocationStatus = "good"
	Revoked           RevocationStatus = "revoked"
	RevocationUnknown RevocationStatus = "unknown"
)

// CollectInventory is the PowerShell that prints the inventory of a member. Use
// is made text there: PowerShell 5 writes an enumeration into JSON as a number,
// which nobody outside the product can translate.
const CollectInventory = `Get-CsCertificate | Select-Object @{n='Use';e={$_.Use.ToString()}},Thumbprint,SerialNumber,Subject,Issuer,` +
	`NotBefore,NotAfter,AlternativeNames,EffectiveDate | ConvertTo-Json -Depth 4`

// An InventoryRecord is one certificate of one member as Get-CsCertificate
// printed it: what the wire never shows.
type InventoryRecord struct {
	Member     string    `json:"member"`
	Use        string    `json:"use"`        // AccessEdgeExternal, DataEdgeExternal, AudioVideoAuthentication, XmppServer, Internal
	Thumbprint string    `json:"thumbprint"` // SHA-1, lower hex
	Serial     string    `json:"serial"`     // lower hex, no separators
	Subject    string    `json:"subject"`
	Issuer     string    `json:"issuer"`
	NotBefore  time.Time `json:"not_before"`
	NotAfter   time.Time `json:"not_after"`
	Names      []string  `json:"names"`
	Staged     bool      `json:"staged"`    // assigned with -Roll, not in use yet
	Effective  time.Time `json:"effective"` // from when on, where the file says so
	Started    time.Time `json:"started"`   // when the service of its use started last; zero: not said
	Source     string    `json:"source"`    // file and record
}

// A Store is what the stores for CA certificates of a member hold, as the file
// says that `edgecert collect` gathers.
type Store struct {
	Member    string              `json:"member"`
	CA        []string            `json:"ca"`        // thumbprints, SHA-1, lower hex
	Root      []string            `json:"root"`      // likewise
	Sorted    bool                `json:"sorted"`    // the file says what is misplaced
	Misplaced []StoredCertificate `json:"misplaced"` // in Root and not self-signed
	Source    string              `json:"source"`    // file and record
}

// A StoredCertificate is a certificate in a store, as Windows shows it.
type StoredCertificate struct {
	Thumbprint string `json:"thumbprint"` // SHA-1, lower hex
	Subject    string `json:"subject"`
	Issuer     string `json:"issuer"`
}

// KeyStatus is what a certificate file says of the private key.
type KeyStatus string

// The states of a private key in a file.
const (
	KeyAbsent     KeyStatus = "absent"
	KeyMatches    KeyStatus = "matches"
	KeyDiffers    KeyStatus = "differs"    // there is one, and it belongs to another certificate
	KeyUnreadable KeyStatus = "unreadable" // there is one, of a kind that cannot be compared
)

// A CheckedFile is the certificate file that a pool was judged against before
// it is assigned: what a chain on the wire does not show.
type CheckedFile struct {
	Name     string    `json:"name"`
	Format   string    `json:"format"` // "PEM", "DER", "PKCS#7", "PFX"
	Key      KeyStatus `json:"key"`
	Provider string    `json:"provider"` // of a PFX: the Windows provider that held the key; empty: not said
}
