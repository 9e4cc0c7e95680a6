package trust

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"net"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"edgecert/scanner/edge"
)

// The forms of a GeneralName (RFC 5280 section 4.2.1.6), as its tag.
const (
	otherName     = 0
	rfc822Name    = 1
	dNSName       = 2
	directoryName = 4
	uriName       = 6
	iPAddress     = 7
)

// A generalName is a name, or the base of a constraint, as sent.
type generalName struct {
	form  int
	kind  string // of otherName: its object identifier
	value cryptobyte.String
}

const upn = "1.3.6.1.4.1.311.20.2.3" // the user principal name of Windows

// String is the name as people read it.
func (n generalName) String() string {
	switch n.form {
	case iPAddress:
		return net.IP(n.value).String()
	case directoryName:
		return edge.NameText(n.value)
	case otherName:
		return n.kind + ":" + n.text()
	default:
		return string(n.value)
	}
}

// text is the string within an otherName.
func (n generalName) text() string {
	value := n.value
	var wrapped, text cryptobyte.String
	var tag cbasn1.Tag
	if value.ReadASN1(&wrapped, cbasn1.Tag(0).ContextSpecific().Constructed()) && wrapped.ReadAnyASN1(&text, &tag) {
		return string(text)
	}
	return ""
}

func readGeneralName(s *cryptobyte.String) (generalName, bool) {
	var n generalName
	var tag cbasn1.Tag
	if !s.ReadAnyASN1(&n.value, &tag) {
		return n, false
	}
	n.form = int(tag & 0x1f)
	if n.form == otherName {
		var id asn1.ObjectIdentifier
		if !n.value.ReadASN1ObjectIdentifier(&id) {
			return n, false
		}
		n.kind = id.String()
	}
	return n, true
}

// A subtrees is the name constraints of one CA.
type subtrees struct{ permitted, excluded []generalName }

func extension(c *x509.Certificate, last int) (cryptobyte.String, bool) {
	i := slices.IndexFunc(c.Extensions, func(x pkix.Extension) bool { return x.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, last}) })
	if i < 0 {
		return nil, false
	}
	return cryptobyte.String(c.Extensions[i].Value), true
}

// readSubtrees reads RFC 5280 section 4.2.1.10. The distances are always 0 and
// absent there.
func readSubtrees(value cryptobyte.String) (t subtrees, ok bool) {
	var all cryptobyte.String
	if !value.ReadASN1(&all, cbasn1.SEQUENCE) {
		return t, false
	}
	for n, list := range []*[]generalName{&t.permitted, &t.excluded} {
		var trees, one cryptobyte.String
		var present bool
		if !all.ReadOptionalASN1(&trees, &present, cbasn1.Tag(n).ContextSpecific().Constructed()) {
			return t, false
		}
		for !trees.Empty() {
			if !trees.ReadASN1(&one, cbasn1.SEQUENCE) {
				return t, false
			}
			base, ok := readGeneralName(&one)
			if !ok {
				return t, false
			}
			*list = append(*list, base)
		}
	}
	return t, true
}

// namesOf are the names of c that constraints are about: those of the SAN, and
// the subject as a directory name.
func namesOf(c *x509.Certificate) []generalName {
	var out []generalName
	if len(c.RawSubject) > 2 { // an empty sequence is no name
		out = append(out, generalName{form: directoryName, value: c.RawSubject})
	}
	var list cryptobyte.String
	if san, ok := extension(c, 17); ok && san.ReadASN1(&list, cbasn1.SEQUENCE) {
		for !list.Empty() {
			n, ok := readGeneralName(&list)
			if !ok {
				break
			}
			out = append(out, n)
		}
	}
	return out
}

// outside is the first name of below that the name constraints of ca do not
// allow; unsure is why it cannot be told. A form that a certificate does not
// carry constrains nothing.
func outside(ca, below *x509.Certificate) (name, unsure string) {
	value, ok := extension(ca, 30)
	if !ok {
		return "", ""
	}
	trees, ok := readSubtrees(value)
	if !ok {
		return "", fmt.Sprintf("the name constraints of %q cannot be read", ca.Subject)
	}
	for _, n := range namesOf(below) {
		permitted, excluded := trees.of(n, trees.permitted), trees.of(n, trees.excluded)
		if len(permitted)+len(excluded) == 0 {
			continue
		}
		if !judged(n) {
			unsure = fmt.Sprintf("the name constraints of %q on names of the form %s cannot be judged", ca.Subject, formName(n))
			continue
		}
		if slices.ContainsFunc(excluded, func(t generalName) bool { return within(n, t, true) }) ||
			len(permitted) > 0 && !slices.ContainsFunc(permitted, func(t generalName) bool { return within(n, t, false) }) {
			return n.String(), ""
		}
	}
	return "", unsure
}

func (subtrees) of(n generalName, list []generalName) []generalName {
	return edge.Keep(list, func(t generalName) bool { return t.form == n.form && t.kind == n.kind })
}

func judged(n generalName) bool {
	switch n.form {
	case rfc822Name, dNSName, directoryName, uriName, iPAddress:
		return true
	default:
		return n.form == otherName && n.kind == upn
	}
}

func formName(n generalName) string {
	if n.form == otherName {
		return n.kind
	}
	return fmt.Sprintf("[%d]", n.form)
}

// within says whether a name lies in a subtree; of one that is excluded,
// whether anything that the name stands for does.
func within(n, tree generalName, excluded bool) bool {
	switch n.form {
	case dNSName:
		return inDomain(string(n.value), string(tree.value)) || excluded && reaches(string(n.value), string(tree.value))
	case iPAddress:
		half := len(tree.value) / 2
		return len(n.value) == half && bytes.Equal(masked(n.value, tree.value[half:]), masked(tree.value[:half], tree.value[half:]))
	case directoryName:
		return inDirectory(n.value, tree.value)
	case rfc822Name:
		return inMail(string(n.value), string(tree.value))
	case otherName:
		return inMail(n.text(), tree.text())
	default:
		return inURI(string(n.value), string(tree.value))
	}
}

func masked(ip, mask []byte) []byte {
	out := bytes.Clone(ip)
	for i := range out {
		out[i] &= mask[i]
	}
	return out
}

func inDirectory(name, tree []byte) bool {
	parts, ok := edge.NameParts(name)
	base, okBase := edge.NameParts(tree)
	return ok && okBase && len(parts) >= len(base) && slices.Equal(parts[:len(base)], base)
}

// inDomain: "contoso.com" covers itself and everything below it, ".contoso.com"
// only what is below, "" everything. A wildcard counts as a name below its
// domain.
func inDomain(name, domain string) bool {
	name, domain = strings.ToLower(strings.TrimSuffix(name, ".")), strings.ToLower(domain)
	if domain == "" {
		return true
	}
	if rest, dotted := strings.CutPrefix(domain, "."); dotted {
		return strings.HasSuffix(name, "."+rest)
	}
	return name == domain || strings.HasSuffix(name, "."+domain)
}

// reaches says whether a wildcard stands for a name of the domain: that of
// "*.contoso.com" is secret.contoso.com, too (CVE-2025-61727).
func reaches(name, domain string) bool {
	parent, wild := strings.CutPrefix(strings.ToLower(name), "*.")
	_, above, ok := strings.Cut(strings.ToLower(domain), ".")
	return wild && ok && above == parent
}

// inMail: "admin@contoso.com" is one mailbox, "contoso.com" those of a host,
// ".contoso.com" those of all hosts below; "@contoso.com" is what Windows
// writes for a host.
func inMail(name, tree string) bool {
	box, host, ok := cutLast(name, "@")
	treeBox, treeHost, isBox := cutLast(tree, "@")
	switch {
	case !ok:
		return false
	case isBox && treeBox != "":
		return box == treeBox && strings.EqualFold(host, treeHost)
	case isBox:
		return strings.EqualFold(host, treeHost)
	default:
		return onHost(host, tree)
	}
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func onHost(host, tree string) bool {
	if strings.HasPrefix(tree, ".") {
		return inDomain(host, tree)
	}
	return tree == "" || strings.EqualFold(host, tree)
}

// inURI holds the host of a URI against a constraint.
func inURI(name, tree string) bool {
	_, rest, ok := strings.Cut(name, "://")
	if !ok {
		return false
	}
	host := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host = rest[:i]
	}
	if _, after, user := cutLast(host, "@"); user {
		host = after
	}
	host, _, _ = strings.Cut(host, ":")
	return onHost(host, tree)
}
