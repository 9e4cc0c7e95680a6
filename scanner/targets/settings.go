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
	id, level := p.rule(args[0]), strings.ToLower(args[1])
	if id == "" || !p.oneOf("severity", level, "error", "warning", "info") {
		return
	}
	if !p.once("severity " + id) {
		return
	}
	if p.draft.pool.Severities == nil {
		p.draft.pool.Severities = map[string]string{}
	}
	p.draft.pool.Severities[id] = level
}

func (p *parser) allow(args []string) {
	for _, text := range args {
		if id := p.rule(text); id != "" && !slices.Contains(p.draft.pool.Allow, id) {
			p.draft.pool.Allow = append(p.draft.pool.Allow, id)
		}
	}
}

// rule is the ID that was written, in capitals or not. It tells an unknown one,
// and returns nothing for it.
func (p *parser) rule(text string) string {
	id := strings.ToLower(text)
	known := slices.Contains(p.rules, id)
	if len(p.rules) == 0 { // the caller has no catalogue: the shape is all that can be checked
		known = syntax.PlainWord(id)
	}
	if known {
		return id
	}
	hint := syntax.DidYouMean(id, p.rules)
	if hint == "" {
		hint = "`edgecert rules` lists them"
	}
	p.fail(hint, "unknown rule %q", text)
	return ""
}
