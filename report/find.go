package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/edge"
)

// Find says where a certificate is, by its serial number, in either order of
// its bytes, or its SHA-1 or SHA-256 thumbprint, or by the first digits of one,
// as headlines print them: a line a place, which of the handshakes showed it
// there, the inventory's records of it, and the members' stores that hold it. An
// error is about the number.
func Find(r Report, number string) ([]string, error) {
	n, ok := readNumber(number)
	if !ok {
		return nil, edge.Hintf("give a serial number or a thumbprint as hex digits", "%.80q is no serial number or thumbprint", number)
	}
	out := places(r, n)
	switch {
	case len(out) > 0:
	case len(n.digits) < minPrefix:
		return nil, edge.Hintf(fmt.Sprintf("give %d digits of its thumbprint or serial number, or more", minPrefix), "%.80q is no whole serial number here, and too short for the start of one", number)
	case len(n.digits) > 2*sha256.Size:
		return nil, edge.Hintf("a thumbprint has 40 digits, or 64 as SHA-256", "%.80q is too long for a serial number or thumbprint", number)
	}
	return out, nil
}

// minPrefix is how many digits tell certificates apart: headlines print so many.
const minPrefix = 8

// A number is what a certificate is looked up by, as small hex digits.
type number struct {
	digits   string
	reversed string // its bytes in the other order
}

func readNumber(s string) (number, bool) {
	digits := strings.Map(func(c rune) rune {
		if strings.ContainsRune(": -\u200e", c) { // as Windows copies it
			return -1
		}
		return c
	}, strings.ToLower(strings.TrimPrefix(s, "0x")))
	bytes, err := hex.DecodeString(strings.Repeat("0", len(digits)%2) + digits)
	if err != nil || len(bytes) == 0 {
		return number{}, false
	}
	slices.Reverse(bytes)
	return number{digits, hex.EncodeToString(bytes)}, true
}

// prints says that a thumbprint is this number, or begins with it.
func (n number) prints(thumbprint string) bool {
	return n.digits == thumbprint || len(n.digits) >= minPrefix && strings.HasPrefix(thumbprint, n.digits)
}

// serial says that a serial number is this number, or begins with it.
func (n number) serial(serial string) bool {
	trimmed, want := trimSerial(serial), trimSerial(n.digits)
	if trimmed == "" || want == "" {
		return false
	}
	return trimmed == want || trimmed == trimSerial(n.reversed) || len(n.digits) >= minPrefix && strings.HasPrefix(trimmed, want)
}

// places are those where the certificate of a number is.
func places(r Report, n number) []string {
	named := map[edge.Fingerprint]bool{}
	is := func(c *edge.Certificate) bool {
		known, ok := named[c.Fingerprint]
		if !ok {
			known = n.prints(c.Fingerprint.String()) || n.prints(c.Thumbprint()) || n.serial(c.Serial())
			named[c.Fingerprint] = known
		}
		return known
	}
	var out []string
	for _, p := range r.Pools {
		for i := range p.Captures {
			c := &p.Captures[i]
			if how, cert := shownHow(c, is); cert != nil {
				out = append(out, fmt.Sprintf("%s: %s (%s) presents it%s: %s, %s", Clean(p.Plan.Name), Clean(c.Place()), Clean(c.Dialed()), how,
					Clean(CommonName(cert.Subject())), Expiry(cert.NotAfter(), r.Now())))
			}
		}
		for _, record := range p.Plan.Inventory {
			if n.prints(record.Thumbprint) || n.serial(record.Serial) {
				how := "assigned"
				if record.Staged {
					how = "staged"
				}
				out = append(out, fmt.Sprintf("%s: %s has it %s as %s: %s, %s", Clean(p.Plan.Name), Clean(record.Member), how, Clean(record.Use),
					Clean(CommonName(record.Subject)), Expiry(record.NotAfter, r.Now())))
			}
		}
		for _, s := range p.Plan.Stores {
			if slices.ContainsFunc(s.CA, n.prints) {
				out = append(out, fmt.Sprintf("%s: %s has it in the store for intermediate CAs", Clean(p.Plan.Name), Clean(s.Member)))
			}
			if slices.ContainsFunc(s.Root, n.prints) {
				out = append(out, fmt.Sprintf("%s: %s has it in the store for trusted roots", Clean(p.Plan.Name), Clean(s.Member)))
			}
		}
	}
	return out
}

// shownHow says in which handshake, and where in its chain, an endpoint showed a
// certificate.
func shownHow(c *edge.Capture, is func(*edge.Certificate) bool) (string, *edge.Certificate) {
	if i := slices.IndexFunc(c.Chain, is); i >= 0 {
		return inChain(i), c.Chain[i]
	}
	for _, s := range c.Presentations {
		if i := slices.IndexFunc(s.Chain, is); i >= 0 {
			return inChain(i) + " to offer " + string(s.Offer), s.Chain[i]
		}
	}
	return "", nil
}

func inChain(i int) string {
	if i == 0 {
		return ""
	}
	return " behind its own certificate"
}

func trimSerial(s string) string { return strings.TrimLeft(s, "0") }
