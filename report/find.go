package report

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/edge"
)

// Find says where a certificate is, by its serial number, in either order of
// its bytes, or its SHA-1 or SHA-256 thumbprint: a line a place, which of the
// handshakes showed it there, the inventory's records of it, and the members'
// stores that hold it. An error is about the number.
func Find(r Report, number string) ([]string, error) {
	digits := strings.Map(func(c rune) rune {
		if strings.ContainsRune(": -\u200e", c) { // as Windows copies it
			return -1
		}
		return c
	}, strings.ToLower(strings.TrimPrefix(number, "0x")))
	bytes, err := hex.DecodeString(digits)
	if err != nil || len(bytes) == 0 {
		return nil, edge.Hintf("give a serial number or a thumbprint as hex digits", "%.80q is no serial number or thumbprint", number)
	}
	slices.Reverse(bytes)
	reversed := hex.EncodeToString(bytes)
	named := map[edge.Fingerprint]bool{}
	is := func(c *edge.Certificate) bool {
		known, ok := named[c.Fingerprint]
		if !ok {
			serial := trimSerial(c.Serial())
			known = c.Fingerprint.String() == digits || c.Thumbprint() == digits ||
				serial != "" && (serial == trimSerial(digits) || serial == trimSerial(reversed))
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
			if serial := trimSerial(record.Serial); record.Thumbprint == digits || serial != "" && (serial == trimSerial(digits) || serial == trimSerial(reversed)) {
				how := "assigned"
				if record.Staged {
					how = "staged"
				}
				out = append(out, fmt.Sprintf("%s: %s has it %s as %s: %s, %s", Clean(p.Plan.Name), Clean(record.Member), how, Clean(record.Use),
					Clean(CommonName(record.Subject)), Expiry(record.NotAfter, r.Now())))
			}
		}
		for _, s := range p.Plan.Stores {
			if slices.Contains(s.CA, digits) {
				out = append(out, fmt.Sprintf("%s: %s has it in the store for intermediate CAs", Clean(p.Plan.Name), Clean(s.Member)))
			}
			if slices.Contains(s.Root, digits) {
				out = append(out, fmt.Sprintf("%s: %s has it in the store for trusted roots", Clean(p.Plan.Name), Clean(s.Member)))
			}
		}
	}
	return out, nil
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
