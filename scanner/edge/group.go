package edge

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"unicode"
)

// IsEdge reports whether p is a pool of Edge Servers: what nobody said is one.
func (p Pool) IsEdge() bool { return p.Kind == EdgePool || p.Kind == "" }

// Listed reports whether p is made of a list of endpoints instead of services.
func (p Pool) Listed() bool { return p.Kind == CommandLinePool || p.Kind == LoosePool }

// groups is the partition of p's roles by certificate, each group and its roles
// in role order.
func (p Pool) groups() [][]Role {
	var out [][]Role
	for _, s := range p.Services {
		if slices.ContainsFunc(out, func(g []Role) bool { return slices.Contains(g, s.Role) }) {
			continue
		}
		out = append(out, p.Group(s.Role))
	}
	return out
}

// Apart are groups of one role each: every service has its own certificate.
func (p Pool) Apart() [][]Role {
	return Map(p.Services, func(s Service) []Role { return []Role{s.Role} })
}

// Group are the roles of p that share one certificate with r, r among them. A
// role that no group names belongs to the group of Access.
func (p Pool) Group(r Role) []Role {
	named := func(r Role) int {
		return slices.IndexFunc(p.Groups, func(g []Role) bool { return slices.Contains(g, r) })
	}
	own := named(r)
	if own < 0 {
		own = named(Access)
	}
	var group []Role
	for _, s := range p.Services {
		at := named(s.Role)
		if at < 0 {
			at = named(Access)
		}
		if at == own && !slices.Contains(group, s.Role) {
			group = append(group, s.Role)
		}
	}
	if !slices.Contains(group, r) { // a role without a service, as that of a listed endpoint
		group = append(group, r)
	}
	return group
}

// ParseThumbprint reads a SHA-1 or SHA-256 in hexadecimal as Windows shows and
// pastes it, in any case, with blanks, colons or hyphens between, and with the
// invisible mark of direction in front, or as OpenSSL prints it ("sha1
// Fingerprint="); false where s is none.
func ParseThumbprint(s string) (string, bool) {
	digits := strings.ToLower(strings.Map(func(r rune) rune {
		if r == ' ' || r == ':' || r == '-' || r == '\t' || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zs, r) {
			return -1
		}
		return r
	}, s))
	for _, label := range []string{"sha256", "sha1", "fingerprint", "thumbprint", "="} {
		digits = strings.TrimPrefix(digits, label)
	}
	raw, err := hex.DecodeString(digits)
	return digits, err == nil && (len(raw) == sha1.Size || len(raw) == sha256.Size)
}

// SharesWithAccess reports whether the service of a role has the certificate of
// Access.
func (p Pool) SharesWithAccess(r Role) bool { return slices.Contains(p.Group(r), Access) }

// Assigned is what the inventory says is assigned to a member's service, and
// whether it does.
func (p Pool) Assigned(member string, r Role) (InventoryRecord, bool) {
	return Find(p.Inventory, func(rec InventoryRecord) bool {
		return rec.Member == member && rec.Use == CertificateType(r) && !rec.Staged
	})
}

// An Expectation is a certificate that was meant for the services of a group.
type Expectation struct {
	Role        Role         `json:"role"`        // empty: the group of Access, or every listed endpoint
	Text        string       `json:"text"`        // as it was given: a file's name or a thumbprint
	Thumbprint  string       `json:"thumbprint"`  // SHA-1 or SHA-256 in lower hex
	Certificate *Certificate `json:"certificate"` // nil where only the thumbprint is known

	Chain  []*Certificate `json:"chain,omitempty"` // with what the file holds beside it, as a server would send them
	File   *CheckedFile   `json:"file,omitempty"`  // nil where only the thumbprint is known
	Source string         `json:"source"`
}

// Matches reports whether c is the certificate that was meant.
func (x Expectation) Matches(c *Certificate) bool {
	if c == nil {
		return false
	}
	if x.Certificate != nil {
		return x.Certificate.Fingerprint == c.Fingerprint
	}
	return x.Thumbprint != "" && (strings.EqualFold(x.Thumbprint, c.Thumbprint()) || strings.EqualFold(x.Thumbprint, c.Fingerprint.String()))
}

// Expected is the certificate that was meant for the service of a role, nil
// where nobody said.
func (p Pool) Expected(r Role) *Expectation {
	group := p.Group(r)
	for i, x := range p.Expect {
		if slices.Contains(group, x.Role) {
			return &p.Expect[i]
		}
	}
	for i, x := range p.Expect {
		if x.Role == "" && (p.Listed() || slices.Contains(group, Access) || !slices.ContainsFunc(p.Services, isAccess)) {
			return &p.Expect[i]
		}
	}
	return nil
}

func isAccess(s Service) bool { return s.Role == Access }
