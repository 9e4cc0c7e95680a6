package targets

import (
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/edge"
)

// certificates reads `one`, `per-service`, or groups of roles: those that are
// joined by + share one certificate. A role without a service is told when the
// pool ends.
func (p *parser) certificates(args []string) {
	pool := &p.draft.pool
	switch args[0] {
	case "one", "per-service":
		if len(args) > 1 {
			p.fail("", "%q behind `certificates %s`", args[1], args[0])
		}
		p.draft.apart = args[0] == "per-service"
		pool.XMPPDeclared = p.draft.apart
		return
	}
	seen := map[edge.Role]bool{}
	for _, arg := range args {
		var group []edge.Role
		for word := range strings.SplitSeq(arg, "+") {
			role := edge.Role(word)
			if !slices.Contains(edgeRoles(), role) {
				hint := "`certificates` takes one, per-service, or groups of access, webcon, av and xmpp, as in access+webcon av"
				if word == "" {
					hint = "no blank stands beside a +"
				}
				p.fail(hint, "unknown service %q in %q", word, arg)
				return
			}
			if seen[role] {
				p.fail("each service stands in one group", "%s stands twice in `certificates`", role)
				return
			}
			seen[role] = true
			group = append(group, role)
		}
		pool.Groups = append(pool.Groups, group)
	}
	pool.XMPPDeclared = seen[edge.XMPP]
}

// checkGroups checks the groups against the services, and completes them: what
// no group names goes with Access.
func (p *parser) checkGroups(d *draft) {
	pool := &d.pool
	for _, group := range pool.Groups {
		for _, r := range group {
			if _, ok := pool.Service(r); !ok {
				p.failAt(d.said["certificates"], fmt.Sprintf("add a line `%s NAME`, or leave it out", r),
					"`certificates` names %s, and the pool has no such service", r)
				return
			}
		}
	}
	switch {
	case d.apart:
		pool.Groups = pool.Apart()
	case len(pool.Groups) > 0:
		var complete [][]edge.Role
		for _, s := range pool.Services {
			if group := pool.Group(s.Role); group[0] == s.Role {
				complete = append(complete, group)
			}
		}
		pool.Groups = complete
	}
}

// groupsWord are the groups as the `certificates` line has them. XMPP is named
// only where it was: nobody declared it otherwise.
func groupsWord(p edge.Pool) []string {
	if !slices.ContainsFunc(p.Groups, func(g []edge.Role) bool { return len(g) > 1 }) && p.XMPPDeclared {
		return []string{"per-service"}
	}
	var words []string
	for _, group := range p.Groups {
		var roles []string
		for _, r := range group {
			if r != edge.XMPP || p.XMPPDeclared {
				roles = append(roles, string(r))
			}
		}
		words = append(words, strings.Join(roles, "+"))
	}
	return words
}
