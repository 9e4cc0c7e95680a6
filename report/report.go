// Package report is the JSON document of a scan and one function per format
// that renders it. It is pure: a Report goes in, bytes come out, so a saved
// scan renders exactly as a live one.
//
//	Evidence + Judgements + Policy ─ New ─→ Report ─→ Table, CSV, HTML, … (Formats)
//	   ↑                                     ↑  │
//	   └───────────── Evidence ──────────────┤ JSON
//	   (judge again, by another policy)      │  ↓
//	                                       Load ← file
//
// Strings in a Report are what the network said; every format makes them
// harmless for its own medium (Clean for terminals and logs).
package report

import (
	"strings"
	"time"

	"edgecert/scanner/audit"
	"edgecert/scanner/audit/trust"
	"edgecert/scanner/edge"
)

// Schema names the version of the document; report/schema.json describes it.
const Schema = "edgecert.scan/1"

// A Report is the whole document. Every slice and map is non-nil, so that
// JSON shows [] and {} and never drops a field; times are UTC.
type Report struct {
	Schema       string                 `json:"schema"`
	Tool         Tool                   `json:"tool"`
	Started      time.Time              `json:"started"`
	Finished     time.Time              `json:"finished"`
	Vantage      Vantage                `json:"vantage"`
	Interrupted  bool                   `json:"interrupted"`
	Asked        edge.Asked             `json:"asked"`
	Shard        *edge.Shard            `json:"shard"` // null: the whole
	Verdict      audit.Verdict          `json:"verdict"`
	Coverage     Coverage               `json:"coverage"`
	Policy       Policy                 `json:"policy"`
	Pools        []Pool                 `json:"pools"`
	Certificates map[string]Certificate `json:"certificates"` // by SHA-256, lower hex
	Trust        Trust                  `json:"trust"`
	Changes      []Change               `json:"changes"` // null: no previous scan; []: nothing changed
}

// Tool is the program that scanned.
type Tool struct {
	Name        string `json:"name"`
	Version     string `json:"version"`
	PublicRoots string `json:"public_roots"` // the day of Mozilla's root list within it, 2006-01-02
}

// source is what a report stands on, for people: the program and its roots,
// which say nothing where other roots alone were trusted.
func (r Report) source() []string {
	facts := []string{strings.TrimSpace(r.Tool.Name + " " + r.Tool.Version)}
	day, err := time.Parse(time.DateOnly, r.Tool.PublicRoots)
	if err != nil || r.Policy.OnlyRoots {
		return facts
	}
	roots := "public roots of " + r.Tool.PublicRoots
	if trust.RootsOld(day, r.Finished) {
		roots += ", more than 90 days old"
	}
	return append(facts, roots)
}

// Vantage is where the scan looked from: the host, or the names of the vantage
// points where several scans were laid side by side (Merge).
type Vantage struct {
	Host  string        `json:"host"`
	Scans []VantageScan `json:"scans"` // [] for a scan from one place
}

// Coverage counts planned endpoints by what became of them.
type Coverage struct {
	Planned       int `json:"planned"`
	Captured      int `json:"captured"`
	NoCertificate int `json:"no_certificate"`
	Failed        int `json:"failed"`
}

// Policy is what the scan was judged with, so that it can be judged so again.
type Policy struct {
	Profile    string            `json:"profile"`
	WarnDays   int               `json:"warn_days"`
	ErrorDays  int               `json:"error_days"`
	Severities map[string]string `json:"severities"`
	Allow      []string          `json:"allow"`
	Roots      []string          `json:"roots"` // SHA-256 of the roots given; the PEM is in Certificates
	OnlyRoots  bool              `json:"only_roots"`
}

// Trust is what this host and the revocation services said of certificates:
// evidence that cannot be had again from a file.
type Trust struct {
	HostRoots   bool                       `json:"host_roots"`   // the host's own root store was asked
	HostTrusted []string                   `json:"host_trusted"` // leaves it trusts, SHA-256
	Revocation  map[string]edge.Revocation `json:"revocation"`   // by SHA-256; null: not asked
}

// A Pool is one pool with its judgement.
type Pool struct {
	Name       string                   `json:"name"`
	Verdict    audit.Verdict            `json:"verdict"`
	SIPDomains []string                 `json:"sip_domains"`
	Services   []Service                `json:"services"`
	Endpoints  []Endpoint               `json:"endpoints"`
	Findings   []Finding                `json:"findings"`
	Rules      map[string]audit.Outcome `json:"rules"`
	Plan       edge.Pool                `json:"plan"` // as described: what judging needs beyond the fields above
}

// A Service is one service of a pool.
type Service struct {
	Role  edge.Role `json:"role"`
	FQDN  string    `json:"fqdn"`
	Ports []int     `json:"ports"`
}

// An Endpoint is one planned cell and what it showed.
type Endpoint struct {
	Member      string       `json:"member"`
	Role        edge.Role    `json:"role"`
	FQDN        string       `json:"fqdn"`
	Address     string       `json:"address"` // empty where the name has none
	Port        int          `json:"port"`    // as dialed
	Outcome     edge.Outcome `json:"outcome"`
	Stage       edge.Stage   `json:"stage"`
	Error       *edge.Fault  `json:"error"`
	Certificate *string      `json:"certificate"` // the leaf's SHA-256
	Chain       []string     `json:"chain"`
	TLS         *TLS         `json:"tls"`
	Attempts    int          `json:"attempts"`
	TimingMS    Timing       `json:"timing_ms"`
	ServicePort int          `json:"service_port"`
	VIP         bool         `json:"vip"`
	Source      string       `json:"source"`
	edge.Proof
	Presentations []edge.Presentation `json:"presentations"` // the further handshakes
	Turn          *edge.Turn          `json:"turn"`
	UDP           *edge.Turn          `json:"udp"`
	XMPP          *edge.XMPPStream    `json:"xmpp"`
}

// TLS is what the handshake negotiated.
type TLS struct {
	Version           string                 `json:"version"`
	Cipher            string                 `json:"cipher"`
	ClientCertificate edge.ClientCertificate `json:"client_certificate"`
	AcceptableCAs     int                    `json:"acceptable_cas"`
	AcceptableCANames []string               `json:"acceptable_ca_names"`
	RequestCut        bool                   `json:"request_cut"`
	Staple            []byte                 `json:"ocsp_staple"` // DER in base64, null: none
}

// Timing is in milliseconds.
type Timing struct {
	Dial      float64 `json:"dial"`
	Handshake float64 `json:"handshake"`
}

// A Finding is audit.Finding as JSON.
type Finding struct {
	Rule        string         `json:"rule"`
	Severity    audit.Severity `json:"severity"`
	Member      string         `json:"member"`
	Role        edge.Role      `json:"role"`
	FQDN        string         `json:"fqdn"` // tells loose endpoints of one address apart
	Address     string         `json:"address"`
	Port        int            `json:"port"`
	Certificate *string        `json:"certificate"` // SHA-256, null where none is concerned
	Message     string         `json:"message"`
	Fix         string         `json:"fix"`
}

// A Certificate is one certificate of any chain, roots given included.
type Certificate struct {
	Subject            string    `json:"subject"`
	Issuer             string    `json:"issuer"`
	Serial             string    `json:"serial"`
	ThumbprintSHA1     string    `json:"thumbprint_sha1"`
	SPKISHA256         string    `json:"spki_sha256"`
	NotBefore          time.Time `json:"not_before"`
	NotAfter           time.Time `json:"not_after"`
	DNSNames           []string  `json:"dns_names"`
	ExtendedKeyUsage   []string  `json:"extended_key_usage"` // "serverAuth", "clientAuth", …, else the OID
	KeyType            string    `json:"key_type"`           // "RSA", "EC", "Ed25519", "unknown"
	KeyBits            int       `json:"key_bits"`
	SignatureAlgorithm string    `json:"signature_algorithm"`
	IsCA               bool      `json:"is_ca"`
	ParseError         string    `json:"parse_error"`
	PEM                string    `json:"pem"`
}

// A Change is one event between the previous scan and this one.
type Change struct {
	Kind    string    `json:"kind"`
	Pool    string    `json:"pool"`
	Member  string    `json:"member"`
	Role    edge.Role `json:"role"`
	Address string    `json:"address"`
	Port    int       `json:"port"`
	Before  string    `json:"before"`
	After   string    `json:"after"`
	Message string    `json:"message"`
}
