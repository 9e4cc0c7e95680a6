package syntax

import (
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/net/idna"
)

// CleanName is a DNS name as the rest of the program knows it: A-labels in
// lower case without the trailing dot. Unicode is mapped as Windows 8 and later
// and .NET do it: IDNA 2008 by UTS #46, non-transitional (Microsoft, IdnMapping
// class). An underscore passes: it is the rule name-not-dns-safe that tells
// about it.
func CleanName(s string) (string, error) {
	name := strings.TrimSuffix(s, ".")
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return "", fmt.Errorf("%q is an address, not a name", s)
	}
	if !isASCII(name) {
		profile := idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false),
			idna.BidiRule(), idna.VerifyDNSLength(true))
		ascii, err := profile.ToASCII(name)
		if err != nil {
			return "", fmt.Errorf("%q is no international domain name: %v", s, err)
		}
		name = strings.TrimSuffix(ascii, ".")
	}
	name = strings.ToLower(name)
	return name, checkName(s, name)
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > 0x7e }) < 0
}

// checkName applies the limits of RFC 1035, 2.3.4, and the letters, digits and
// hyphens of RFC 1123, 2.1, with the underscore that Windows names may hold.
func checkName(shown, name string) error {
	if name == "" {
		return fmt.Errorf("%q is an empty name", shown)
	}
	if strings.Contains(name, "*") {
		return fmt.Errorf("%q is a wildcard: a name is expected", shown)
	}
	if len(name) > 253 {
		return fmt.Errorf("a name of %d characters: DNS allows 253", len(name))
	}
	for label := range strings.SplitSeq(name, ".") {
		switch {
		case label == "":
			return fmt.Errorf("%q has an empty label", shown)
		case len(label) > 63:
			return fmt.Errorf("%q has a label of %d characters: DNS allows 63", shown, len(label))
		case label[0] == '-' || label[len(label)-1] == '-':
			return fmt.Errorf("%q has a label that begins or ends in a hyphen", shown)
		}
		for _, c := range []byte(label) {
			if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-_", rune(c)) {
				return fmt.Errorf("%q is no DNS name: %q is not allowed in one", shown, string(rune(c)))
			}
		}
	}
	if last := name[strings.LastIndexByte(name, '.')+1:]; strings.Trim(last, "0123456789") == "" {
		return fmt.Errorf("%q is neither a name nor an IP address", shown)
	}
	return nil
}
