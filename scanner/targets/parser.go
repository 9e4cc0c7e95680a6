package targets

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
	"edgecert/scanner/targets/syntax"
)

// A parser reads one targets file, line by line. It goes on after an error, so
// that one run tells everything that is wrong.
type parser struct {
	name    string
	rules   []string
	line    int
	errs    []mistake
	pools   []edge.Pool
	loose   []edge.Loose
	seen    map[edge.Loose]bool // loose endpoints without their source
	domains []Domain
	named   map[string]int // pool name to the line of its first description
	draft   *draft         // the pool that is being described, nil outside of one
	outside bool           // a line of a pool stood where none is described
}

// A draft is a pool that is being described, with what finish needs to point
// at the line that is wrong.
type draft struct {
	pool        edge.Pool
	line        int            // of `pool`
	said        map[string]int // directives to the line where they stand first
	members     []memberLine   // one for each member
	memberNames map[string]int // a member's name in lower case to its line
	hosts       []edge.Service // `name` lines, whose role and ports follow from the kind
	expects     []int          // the line of each expectation
	apart       bool           // `certificates per-service`
	vips        []int          // the line of each VIP
	inventories []int          // the line of each inventory file
	errors      int            // that there were before it
	clean       bool           // no line of it is wrong: what is missing was never there
	skip        bool           // its header is wrong: its lines are read, and not kept
}

// A memberLine is what a member's line says beyond edge.Member.
type memberLine struct {
	line int
	dns  map[edge.Role]bool // services with ROLE=dns
}

func newParser(name string, rules []string) *parser {
	return &parser{name: name, rules: rules, seen: map[edge.Loose]bool{}, named: map[string]int{}}
}

// file is what was read, once nothing was wrong.
func (p *parser) file() File {
	f := File{Pools: p.pools, Domains: p.domains}
	if len(p.loose) > 0 {
		f.Pools = append(f.Pools, edge.Pool{Name: string(edge.LoosePool), Kind: edge.LoosePool, Source: p.name, Loose: p.loose})
	}
	return f
}

func (p *parser) run(text string) {
	table := directives()
	for line := range strings.SplitSeq(text, "\n") {
		p.line++
		if len(line) > limits.TargetsLine {
			p.fail("", "a line of %d bytes: at most %d are read", len(line), limits.TargetsLine)
			break
		}
		args, err := syntax.Words(unmarked(line))
		if err != nil {
			p.fail("", "%v", err)
			continue
		}
		if i := slices.IndexFunc(args, func(a string) bool { return a != syntax.Printable(a) }); i >= 0 {
			p.fail("", "a character that does not print in %q", args[i])
			continue
		}
		if len(args) > 0 {
			p.directive(table, args)
		}
		if len(p.errs) > maxErrors { // one more is kept, to say that there are more
			break
		}
	}
	p.endPool()
}

// directive carries out one line.
func (p *parser) directive(table []directive, args []string) {
	d, known := edge.Find(table, func(d directive) bool { return d.word == args[0] })
	if !known {
		p.other(table, args)
		return
	}
	if d.inPool && p.draft == nil {
		if p.outside { // told for the first of them
			return
		}
		p.outside = true
		p.fail("a pool begins with `pool NAME`; a `domain` or HOST:PORT line ends it", "`%s` outside a pool", d.word)
		return
	}
	if n := len(args) - 1; n < d.least || d.most > 0 && n > d.most {
		p.fail(d.usage(), "`%s` with %s", d.word, countOf(n, "word"))
		return
	}
	if d.once && !p.once(d.word) {
		return
	}
	if _, before := p.said(d.word); d.inPool && !before {
		p.draft.said[d.word] = p.line
	}
	d.run(p, args[1:])
}

// said is the line in which a directive of this pool stands first.
func (p *parser) said(word string) (int, bool) {
	if p.draft == nil {
		return 0, false
	}
	line, ok := p.draft.said[word]
	return line, ok
}

// once notes a directive that a pool may hold a single time.
func (p *parser) once(word string) bool {
	if first, twice := p.draft.said[word]; twice {
		p.fail("", "`%s` stands twice in pool %q: first in line %d", word, p.draft.pool.Name, first)
		return false
	}
	p.draft.said[word] = p.line
	return true
}

// other reads a line that begins with no directive: HOST:PORT, or a mistake.
func (p *parser) other(table []directive, args []string) {
	if strings.Contains(args[0], "://") {
		p.fail("a loose endpoint is HOST:PORT, without scheme and path", "%q is a URL", args[0])
		return
	}
	if strings.HasPrefix(args[0], "//") || strings.HasPrefix(args[0], ";") || strings.HasPrefix(args[0], "--") {
		p.fail("a comment begins with #", "%q begins no line", args[0])
		return
	}
	known := edge.Map(table, func(d directive) string { return d.word })
	bare := strings.TrimSuffix(args[0], ":")
	if strings.Contains(args[0], ":") && !slices.Contains(known, bare) {
		p.looseLine(args)
		return
	}
	hint := cmp.Or(syntax.DidYouMean(bare, known), endpointHint(args),
		"a line begins with one of "+strings.Join(known, ", ")+", or is a HOST:PORT")
	p.fail(hint, "unknown word %q", args[0])
}

// endpointHint is the way out for a line that looks like a host, with a port
// behind a blank or a comma perhaps.
func endpointHint(args []string) string {
	words := strings.FieldsFunc(strings.Join(args, " "), func(r rune) bool { return r == ' ' || r == ',' })
	if len(words) == 0 {
		return ""
	}
	name, err := syntax.CleanName(words[0])
	_, notIP := netip.ParseAddr(words[0])
	switch {
	case notIP == nil:
		name = words[0]
	case err != nil || !strings.Contains(name, "."):
		return ""
	}
	if len(words) > 1 {
		if _, err := syntax.ParsePort(words[1]); err != nil {
			return ""
		}
		return "a loose endpoint is " + net.JoinHostPort(name, words[1])
	}
	if notIP == nil {
		return fmt.Sprintf("a loose endpoint is %s; a pool's address stands behind `member NAME`", net.JoinHostPort(name, "PORT"))
	}
	return fmt.Sprintf("`domain %s` finds the pool of a SIP domain; a loose endpoint is %s:PORT", name, name)
}

// looseLine reads HOST:PORT [sni=NAME]. What stands twice is kept once.
func (p *parser) looseLine(args []string) {
	const usage = "a loose endpoint is HOST:PORT [sni=NAME]"
	p.endPool()
	host, port, err := syntax.SplitHostPort(args[0])
	if err != nil {
		p.fail(usage, "%v", err)
		return
	}
	l := edge.Loose{Host: host, Port: port}
	for _, option := range args[1:] {
		value, isSNI := strings.CutPrefix(option, "sni=")
		if !isSNI || l.SNI != "" {
			p.fail(usage, "%q behind a loose endpoint", option)
			return
		}
		if l.SNI, err = syntax.CleanName(value); err != nil {
			p.fail(usage, "%v", err)
			return
		}
	}
	if p.seen[l] {
		return
	}
	p.seen[l] = true
	if len(p.loose) == limits.LooseEndpoints {
		p.fail("", "more than %d loose endpoints", limits.LooseEndpoints)
		return
	}
	l.Source = p.place()
	p.loose = append(p.loose, l)
}

// A mistake is an error with its line.
type mistake struct {
	line int
	err  *edge.HintError
}

// failed is everything that is wrong, by line; nil where nothing is.
func (p *parser) failed() error {
	slices.SortStableFunc(p.errs, func(a, b mistake) int { return a.line - b.line })
	var all syntax.Errors
	for i, m := range p.errs {
		if i == maxErrors {
			all = append(all, syntax.At(p.name, 0, "", "more is wrong than is shown here"))
			break
		}
		all = append(all, m.err)
	}
	return all.OrNil()
}

// place is the source of what this line says.
func (p *parser) place() string { return fmt.Sprintf("%s:%d", p.name, p.line) }

// fail notes an error in this line.
func (p *parser) fail(hint, format string, args ...any) { p.failAt(p.line, hint, format, args...) }

func (p *parser) failAt(line int, hint, format string, args ...any) {
	p.errs = append(p.errs, mistake{line, syntax.At(p.name, line, hint, format, args...)})
}

func countOf(n int, noun string) string {
	switch n {
	case 0:
		return "no " + noun
	case 1:
		return "1 " + noun
	default:
		return fmt.Sprintf("%d %ss", n, noun)
	}
}
