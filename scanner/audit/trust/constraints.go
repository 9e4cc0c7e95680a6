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

const upn = "1.3.6.1.4.1.311.20.2.3" // the user principal name of Windows

// nameText is a name as people read it.
func nameText(n edge.GeneralName) string {
	switch n.Form {
	case edge.IPAddress:
		return net.IP(n.Value).String()
	case edge.DirectoryName:
		return edge.NameText(n.Value)
	case edge.OtherName:
		return n.Kind + ":" + text(n)
	default:
		return string(n.Value)
	}
}

// text is the string within an otherName.
func text(n edge.GeneralName) string {
	value := n.Value
	var wrapped, text cryptobyte.String
	var tag cbasn1.Tag
	if value.ReadASN1(&wrapped, cbasn1.Tag(0).ContextSpecific().Constructed()) && wrapped.ReadAnyASN1(&text, &tag) {
		return string(text)
	}
	return ""
}

// A subtrees is the name constraints of one CA.
type subtrees struct{ permitted, excluded []edge.GeneralName }

func extension(c *x509.Certificate, last int) (cryptobyte.String, bool) {
	x, ok := edge.Find(c.Extensions, func(x pkix.Extension) bool { return x.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, last}) })
	return cryptobyte.String(x.Value), ok
}

// readSubtrees reads RFC 5280 section 4.2.1.10: all of it, for what is not read
// may be what excludes a name.
func readSubtrees(value cryptobyte.String) (t subtrees, ok bool) {
	var all cryptobyte.String
	if !value.ReadASN1(&all, cbasn1.SEQUENCE) || !value.Empty() {
		return t, false
	}
	for n, list := range []*[]edge.GeneralName{&t.permitted, &t.excluded} {
		var trees, one cryptobyte.String
		var present bool
		if !all.ReadOptionalASN1(&trees, &present, cbasn1.Tag(n).ContextSpecific().Constructed()) {
			return t, false
		}
		for !trees.Empty() {
			if !trees.ReadASN1(&one, cbasn1.SEQUENCE) {
				return t, false
			}
			base, ok := edge.ReadGeneralName(&one)
			if !ok || !atAnyDepth(one) || !isBase(base) {
				return t, false
			}
			*list = append(*list, base)
		}
	}
	return t, all.Empty()
}

// atAnyDepth: the minimum is always 0, and mostly absent; there is no maximum.
func atAnyDepth(distances cryptobyte.String) bool {
	return len(distances) == 0 || bytes.Equal(distances, []byte{0x80, 1, 0})
}

// isBase says whether a name can be the base of a constraint: an address has
// its mask there.
func isBase(n edge.GeneralName) bool {
	return n.Form != edge.IPAddress || len(n.Value) == 2*4 || len(n.Value) == 2*16
}

// namesOf are the names of c that constraints are about: those of the SAN, and
// the subject as a directory name; ok is false where they cannot all be read.
func namesOf(c *x509.Certificate) (out []edge.GeneralName, ok bool) {
	out, ok = edge.GeneralNames(c)
	if len(c.RawSubject) > 2 { // an empty sequence is no name
		out = append(out, edge.GeneralName{Form: edge.DirectoryName, Value: c.RawSubject})
	}
	return out, ok
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
	names, ok := namesOf(below)
	if !ok {
		unsure = fmt.Sprintf("the names of %q, which %q constrains, cannot all be read", below.Subject, ca.Subject)
	}
	for _, n := range names {
		permitted, excluded := ofForm(n, trees.permitted), ofForm(n, trees.excluded)
		if len(permitted)+len(excluded) == 0 {
			continue
		}
		if !judged(n) {
			unsure = fmt.Sprintf("the name constraints of %q on names of the form %s cannot be judged", ca.Subject, formName(n))
			continue
		}
		if slices.ContainsFunc(excluded, func(t edge.GeneralName) bool { return within(n, t, true) }) ||
			len(permitted) > 0 && !slices.ContainsFunc(permitted, func(t edge.GeneralName) bool { return within(n, t, false) }) {
			return nameText(n), ""
		}
	}
	return "", unsure
}

func ofForm(n edge.GeneralName, list []edge.GeneralName) []edge.GeneralName {
	return edge.Keep(list, func(t edge.GeneralName) bool { return t.Form == n.Form && t.Kind == n.Kind })
}

func judged(n edge.GeneralName) bool {
	switch n.Form {
	case edge.RFC822Name, edge.DNSName, edge.DirectoryName, edge.URIName, edge.IPAddress:
		return true
	default:
		return n.Form == edge.OtherName && n.Kind == upn
	}
}

func formName(n edge.GeneralName) string {
	if n.Form == edge.OtherName {
		return n.Kind
	}
	return fmt.Sprintf("[%d]", n.Form)
}

// within says whether a name lies in a subtree; of one that is excluded,
// whether anything that the name stands for does.
func within(n, tree edge.GeneralName, excluded bool) bool {
	switch n.Form {
	case edge.DNSName:
		domain := string(tree.Value)
		if excluded { // a dot at the end makes no name of another domain well
			domain = strings.TrimSuffix(domain, ".")
		}
		return inDomain(string(n.Value), domain) || excluded && reaches(string(n.Value), domain)
	case edge.IPAddress:
		half := len(tree.Value) / 2
		return len(n.Value) == half && bytes.Equal(masked(n.Value, tree.Value[half:]), masked(tree.Value[:half], tree.Value[half:]))
	case edge.DirectoryName:
		return inDirectory(n.Value, tree.Value)
	case edge.RFC822Name:
		return inMail(string(n.Value), string(tree.Value))
	case edge.OtherName:
		return inMail(text(n), text(tree))
	default:
		return inURI(string(n.Value), string(tree.Value))
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
// "*.contoso.com" is secret.contoso.com, too (CVE-2025-61727), and so is that of
// "s*.contoso.com" to whoever takes a wildcard within a label.
func reaches(name, domain string) bool {
	labels, above := strings.Split(strings.ToLower(name), "."), strings.Split(strings.ToLower(domain), ".")
	if !strings.Contains(name, "*") || len(labels) != len(above) {
		return false
	}
	for i, label := range labels {
		before, after, wild := strings.Cut(label, "*")
		if label != above[i] && !(wild && len(above[i]) > 0 && strings.HasPrefix(above[i], before) && strings.HasSuffix(above[i], strings.TrimLeft(after, "*"))) {
			return false
		}
	}
	return true
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
