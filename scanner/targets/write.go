package targets

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"edgecert/scanner/edge"
	"edgecert/scanner/targets/syntax"
)

// Write prints a targets file that describes pools, with the source of each
// line as a comment. Load reads it back to the same pools, sources and what
// was asked or guessed (DNS, Notes, Inventory) aside; hosts of the command line
// come back as loose endpoints. A pool that was found but has no services is a
// `domain` line again. It fails on a name that no targets file can hold.
func Write(w io.Writer, pools []edge.Pool) error {
	var b bytes.Buffer
	b.WriteString("# Written by edgecert targets. Behind each line is where it comes from.\n")
	for _, p := range pools {
		b.WriteString("\n")
		var lines lines
		switch {
		case p.Listed():
			lines.loose(p)
		case len(p.Services) == 0:
			lines.note(p)
			for _, d := range p.SIPDomains {
				lines.add(p.Source, "domain", d)
			}
		default:
			lines.pool(p)
		}
		if lines.err != nil {
			return fmt.Errorf("writing pool %q: %w", p.Name, lines.err)
		}
		lines.print(&b)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// A line is a directive with its words, and where it comes from.
type line struct {
	text, source string
}

type lines struct {
	list []line
	err  error
}

// add appends a line. Words are quoted where they have to be.
func (l *lines) add(source string, words ...string) {
	for i, w := range words {
		if strings.Contains(w, `"`) || w != syntax.Printable(w) {
			l.err = fmt.Errorf("%q cannot stand in a targets file", w)
			return
		}
		if i > 0 && (w == "" || strings.ContainsFunc(w, syntax.IsBlank) || strings.ContainsAny(w, "#"+syntax.CurlyQuotes)) {
			words[i] = `"` + w + `"`
		}
	}
	l.list = append(l.list, line{strings.Join(words, " "), syntax.Printable(source)})
}

// note prints what was noted of a pool, for a reader.
func (l *lines) note(p edge.Pool) {
	for _, n := range p.Notes {
		l.list = append(l.list, line{text: "# " + syntax.Printable(n)})
	}
}

// print writes the lines with their sources in one column.
func (l *lines) print(b *bytes.Buffer) {
	const widest = 70 // beyond that a source follows its line directly
	width := 0
	for _, one := range l.list {
		if n := len([]rune(one.text)); one.source != "" && n <= widest {
			width = max(width, n)
		}
	}
	for _, one := range l.list {
		if one.source == "" {
			fmt.Fprintf(b, "%s\n", one.text)
			continue
		}
		fmt.Fprintf(b, "%-*s  # %s\n", width, one.text, one.source)
	}
}

func (l *lines) loose(p edge.Pool) {
	if p.Kind == edge.CommandLinePool {
		l.list = append(l.list, line{text: "# hosts of the command line, which had to present one certificate; here each is judged alone"})
	}
	for _, e := range p.Loose {
		words := []string{fmt.Sprintf("%s:%d", e.Host, e.Port)}
		if ip, err := netip.ParseAddr(e.Host); err == nil {
			words[0] = netip.AddrPortFrom(ip, uint16(e.Port)).String()
		}
		if e.SNI != "" {
			words = append(words, "sni="+e.SNI)
		}
		l.add(e.Source, words...)
	}
}

func (l *lines) pool(p edge.Pool) {
	l.add(p.Source, "pool", p.Name)
	l.note(p)
	if !p.IsEdge() {
		l.add("", "  kind", string(p.Kind))
	}
	l.names("  sip-domains", p.SIPDomains)
	for _, s := range p.Services {
		word := string(s.Role)
		if s.Role == edge.Web || s.Role == edge.Internal {
			word = "name"
		}
		words := []string{"  " + word, s.FQDN}
		for _, port := range s.Ports {
			words = append(words, fmt.Sprint(port))
		}
		l.add(s.Source, words...)
	}
	for _, m := range p.Members {
		l.add(m.Source, append([]string{"  member", m.Name}, memberWords(p, m)...)...)
	}
	for _, a := range p.VIPs {
		l.add(a.Source, "  vip", addressWord(a))
	}
	l.dnsMembers(p)
	l.settings(p)
}

// dnsMembers lists, as comments, the addresses that DNS knows where no member
// is named: they follow DNS with every scan, and may be fixed by hand.
func (l *lines) dnsMembers(p edge.Pool) {
	if len(p.Members) > 0 || p.DNS == nil {
		return
	}
	for _, a := range p.DNS.Names {
		if !slices.ContainsFunc(p.Services, func(s edge.Service) bool { return s.FQDN == a.Name }) {
			continue
		}
		for _, ip := range a.Addresses {
			l.list = append(l.list, line{text: fmt.Sprintf("  # by DNS: %s is at %s", syntax.Printable(a.Name), ip)})
		}
	}
}

func (l *lines) settings(p edge.Pool) {
	if p.PublicIMAOL {
		l.add("", "  public-im", "aol")
	} else if p.ClientAuth != edge.ClientAuthAllowed {
		l.add("", "  client-auth", string(p.ClientAuth))
	}
	l.names("  extra-names", p.ExtraNames)
	if p.PrivateIssuer && p.Kind != edge.InternalPool {
		l.add("", "  issuer", "private")
	}
	if len(p.Groups) > 0 {
		l.add("", append([]string{"  certificates"}, groupsWord(p)...)...)
	}
	for _, x := range p.Expect {
		words := []string{"  expect", x.Text}
		if x.Role != "" {
			words = slices.Insert(words, 1, string(x.Role))
		}
		l.add(x.Source, words...)
	}
	for _, f := range p.InventoryFiles {
		l.add(f.Source, "  inventory", f.Member, f.Path)
	}
	for _, rule := range slices.Sorted(maps.Keys(p.Severities)) {
		l.add("", "  severity", rule, p.Severities[rule])
	}
	l.names("  allow", p.Allow)
}

// names prints a list, a few of it a line.
func (l *lines) names(word string, list []string) {
	for few := range slices.Chunk(list, 6) {
		l.add("", append([]string{word}, few...)...)
	}
}

// memberWords are a member's addresses as its line has them. A service that no
// member has an address for is looked up in DNS, and says so.
func memberWords(p edge.Pool, m edge.Member) []string {
	words := edge.Map(m.Addresses, addressWord)
	for _, s := range p.Services {
		if s.Role != edge.XMPP && len(m.For(s.Role)) == 0 {
			words = append(words, string(s.Role)+"="+byDNS)
		}
	}
	return words
}

// addressWord is an address as a line has it: 203.0.113.10, access=203.0.113.10,
// access=[2001:db8::7]:20443,20061.
func addressWord(a edge.Address) string {
	text := a.IP.String()
	var ports []string
	for _, port := range a.Ports {
		if port != 0 {
			ports = append(ports, fmt.Sprint(port))
		}
	}
	if len(ports) > 0 {
		if a.IP.Is6() {
			text = "[" + text + "]"
		}
		text += ":" + strings.Join(ports, ",")
	}
	if a.Role == "" {
		return text
	}
	return string(a.Role) + "=" + text
}
