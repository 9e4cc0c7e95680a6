package targets

import (
	"slices"
	"strings"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
	"edgecert/scanner/targets/syntax"
)

// oneOf tells that a word is none of those a directive takes.
func (p *parser) oneOf(word, got string, allowed ...string) bool {
	if slices.Contains(allowed, got) {
		return true
	}
	p.fail("`"+word+"` takes "+strings.Join(allowed, ", "), "%q behind `%s`", got, word)
	return false
}

func (p *parser) publicIM(args []string) {
	if !p.oneOf("public-im", args[0], "aol") {
		return
	}
	if p.draft.pool.ClientAuth == edge.ClientAuthForbidden {
		p.fail("AOL wants the client authentication EKU", "`public-im aol` against `client-auth forbidden`")
	}
	p.draft.pool.PublicIMAOL = true
	p.draft.pool.ClientAuth = edge.ClientAuthRequired
}

func (p *parser) clientAuth(args []string) {
	if !p.oneOf("client-auth", args[0], "required", "allowed", "forbidden") {
		return
	}
	if p.draft.pool.PublicIMAOL && args[0] != "required" {
		p.fail("AOL wants the client authentication EKU", "`client-auth %s` against `public-im aol`", args[0])
		return
	}
	switch args[0] {
	case "required":
		p.draft.pool.ClientAuth = edge.ClientAuthRequired
	case "forbidden":
		p.draft.pool.ClientAuth = edge.ClientAuthForbidden
	}
}

func (p *parser) issuer(args []string) {
	if p.oneOf("issuer", args[0], "public", "private") {
		p.draft.pool.PrivateIssuer = args[0] == "private"
	}
}

func (p *parser) inventory(args []string) {
	list := &p.draft.pool.InventoryFiles
	if len(*list) == limits.Inventories {
		p.fail("", "more than %d inventory files", limits.Inventories)
		return
	}
	if args[1] == "" {
		p.fail("", "an empty file name")
		return
	}
	p.draft.inventories = append(p.draft.inventories, p.line)
	*list = append(*list, edge.InventoryFile{Member: args[0], Path: args[1], Source: p.place()})
}

func (p *parser) severity(args []string) {
	if !p.rule(args[0]) || !p.oneOf("severity", args[1], "error", "warning", "info") {
		return
	}
	if !p.once("severity " + args[0]) {
		return
	}
	if p.draft.pool.Severities == nil {
		p.draft.pool.Severities = map[string]string{}
	}
	p.draft.pool.Severities[args[0]] = args[1]
}

func (p *parser) allow(args []string) {
	for _, rule := range args {
		if p.rule(rule) && !slices.Contains(p.draft.pool.Allow, rule) {
			p.draft.pool.Allow = append(p.draft.pool.Allow, rule)
		}
	}
}

// rule tells an unknown rule ID.
func (p *parser) rule(id string) bool {
	known := slices.Contains(p.rules, id)
	if len(p.rules) == 0 { // the caller has no catalogue: the shape is all that can be checked
		known = syntax.PlainWord(id) && strings.ToLower(id) == id
	}
	if known {
		return true
	}
	hint := syntax.DidYouMean(id, p.rules)
	if hint == "" {
		hint = "`edgecert rules` lists them"
	}
	p.fail(hint, "unknown rule %q", id)
	return false
}
