package targets

import (
	"slices"
	"strings"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
	"edgecert/scanner/targets/syntax"
)

// A directive is one word that a line may begin with.
type directive struct {
	word   string
	args   string          // what follows it, as the usage shows it
	least  int             // words that must follow
	most   int             // words that may follow; 0: any number
	inPool bool            // belongs to a pool
	once   bool            // stands once a pool
	kinds  []edge.PoolKind // the kinds of pool it belongs to; none: all
	run    func(p *parser, args []string)
}

func (d directive) usage() string { return "`" + d.word + " " + d.args + "`" }

// directives is the grammar, in the order in which a pool is described.
func directives() []directive {
	pool := func(word, args string, least, most int, run func(*parser, []string)) directive {
		return directive{word: word, args: args, least: least, most: most, inPool: true, run: run}
	}
	once := func(word, args string, least, most int, run func(*parser, []string)) directive {
		d := pool(word, args, least, most, run)
		d.once = true
		return d
	}
	only := func(d directive, kinds ...edge.PoolKind) directive {
		d.kinds = kinds
		return d
	}
	return []directive{
		{word: "pool", args: "NAME", run: (*parser).beginPool},
		{word: "domain", args: "NAME", least: 1, most: 1, run: (*parser).domainLine},
		once("kind", "edge|web|internal|partner", 1, 1, (*parser).kind),
		only(pool("sip-domains", "NAME...", 1, 0, (*parser).sipDomains), edge.EdgePool, edge.PartnerPool),
		only(once("access", "NAME [PORT]...", 1, 0, service(edge.Access, 443, 5061)), edge.EdgePool, edge.PartnerPool),
		only(once("webcon", "NAME [PORT]...", 1, 0, service(edge.WebConf, 443)), edge.EdgePool),
		only(once("av", "NAME [PORT]...", 1, 0, service(edge.AV, 443)), edge.EdgePool),
		only(once("xmpp", "NAME [PORT]", 1, 2, service(edge.XMPP, 5269)), edge.EdgePool),
		only(pool("name", "NAME... [PORT]...", 1, 0, (*parser).nameLine), edge.WebPool, edge.InternalPool),
		pool("member", "NAME ADDRESS... or NAME ROLE=ADDRESS[:PORT[,PORT]]...", 1, 0, (*parser).member),
		pool("vip", "ADDRESS... or ROLE=ADDRESS[:PORT[,PORT]]...", 1, 0, (*parser).vip),
		only(once("public-im", "aol", 1, 1, (*parser).publicIM), edge.EdgePool),
		only(once("client-auth", "required|allowed|forbidden", 1, 1, (*parser).clientAuth), edge.EdgePool),
		only(pool("extra-names", "NAME...", 1, 0, (*parser).extraNames), edge.EdgePool),
		once("issuer", "public|private", 1, 1, (*parser).issuer),
		only(once("certificates", "one|per-service|ROLE+ROLE ROLE...", 1, 0, (*parser).certificates), edge.EdgePool),
		pool("expect", "[ROLE] FILE|THUMBPRINT", 1, 0, (*parser).expect),
		only(pool("inventory", "MEMBER|* FILE", 2, 2, (*parser).inventory), edge.EdgePool, edge.InternalPool),
		pool("severity", "RULE error|warning|info", 2, 2, (*parser).severity),
		pool("allow", "RULE...", 1, 0, (*parser).allow),
	}
}

func (p *parser) beginPool(args []string) {
	p.endPool()
	name := strings.Join(args, " ") // more than one word is no name, and told as such
	p.draft = &draft{pool: edge.Pool{Name: name, Kind: edge.EdgePool, Source: p.place()}, line: p.line, said: map[string]int{}, memberNames: map[string]int{}, errors: len(p.errs), skip: true}
	if name == "" {
		p.fail("`pool NAME`", "`pool` without a name")
		return
	}
	if !syntax.PlainWord(name) {
		p.fail("one word of letters, digits and punctuation", "%q is no name of a pool", name)
		return
	}
	if name == string(edge.LoosePool) || name == string(edge.CommandLinePool) {
		p.fail("", "pool name %q is taken: it holds endpoints that belong to no pool", name)
		return
	}
	if first, twice := p.named[name]; twice {
		p.fail("", "pool %q is described twice: first in line %d", name, first)
		return
	}
	if len(p.named) == limits.Pools {
		p.fail("", "more than %d pools", limits.Pools)
		return
	}
	p.named[name] = p.line
	p.draft.skip = false
}

func (p *parser) domainLine(args []string) {
	p.endPool()
	name, err := syntax.CleanName(args[0])
	if err != nil {
		p.fail(syntax.NameHint(args[0]), "%v", err)
		return
	}
	if !strings.Contains(name, ".") {
		p.fail("a SIP domain has a dot, as in contoso.com", "%q is no SIP domain", args[0])
		return
	}
	if slices.ContainsFunc(p.domains, func(d Domain) bool { return d.Name == name }) {
		return
	}
	if len(p.domains) == limits.Domains {
		p.fail("", "more than %d domains", limits.Domains)
		return
	}
	p.domains = append(p.domains, Domain{Name: name, Source: p.place()})
}

// service returns what reads a service's line, with the ports it has where
// the line gives none (domain facts: Access 443 and 5061, the others 443, XMPP
// 5269).
func service(role edge.Role, defaults ...int) func(*parser, []string) {
	return func(p *parser, args []string) {
		name, err := syntax.CleanName(args[0])
		if err != nil {
			hint := syntax.NameHint(args[0])
			if strings.Contains(err.Error(), "is an address") {
				hint = "a service is named as clients know it; addresses stand with `member`"
			}
			p.fail(hint, "%v", err)
			return
		}
		ports := defaults
		if len(args) > 1 {
			if ports, err = syntax.ParsePorts(args[1:]); err != nil {
				p.fail(syntax.NameHint(strings.Join(args[1:], " ")), "%v", err)
				return
			}
		}
		s := edge.Service{Role: role, FQDN: name, Ports: slices.Clone(ports), Source: p.place()}
		p.draft.pool.Services = append(p.draft.pool.Services, s)
	}
}

func (p *parser) sipDomains(args []string) {
	p.names(&p.draft.pool.SIPDomains, args)
}

func (p *parser) extraNames(args []string) {
	p.names(&p.draft.pool.ExtraNames, args)
}

// names adds names to a list that holds each once.
func (p *parser) names(list *[]string, args []string) {
	for _, arg := range args {
		name, err := syntax.CleanName(arg)
		if err != nil {
			p.fail(syntax.NameHint(arg), "%v", err)
			continue
		}
		if len(*list) == limits.NamesOfPool {
			p.fail("", "more than %d names", limits.NamesOfPool)
			return
		}
		if !slices.Contains(*list, name) {
			*list = append(*list, name)
		}
	}
}
