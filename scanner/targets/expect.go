package targets

import (
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/edge"
	"edgecert/scanner/targets/syntax"
)

// unmarked is an `expect` line without the marks of direction that Windows'
// certificate dialog puts before a thumbprint. Nowhere else does a targets file
// take what does not print.
func unmarked(line string) string {
	if !strings.HasPrefix(strings.TrimLeftFunc(line, syntax.IsBlank), "expect") {
		return line
	}
	return strings.Map(func(r rune) rune {
		if r == '\u200e' || r == '\u200f' {
			return -1
		}
		return r
	}, line)
}

// expect reads `expect [ROLE] FILE|THUMBPRINT`. A file is read by whoever has its
// password.
func (p *parser) expect(args []string) {
	x := edge.Expectation{Source: p.place()}
	if role := edge.Role(args[0]); len(args) > 1 && slices.Contains(edgeRoles(), role) {
		x.Role, args = role, args[1:]
	}
	x.Text = strings.Join(args, " ")
	if print, ok := edge.ParseThumbprint(x.Text); ok {
		x.Text, x.Thumbprint = print, print
	} else if len(args) > 1 {
		p.fail("a file's name with blanks stands in double quotes; a thumbprint has 40 or 64 hexadecimal digits", "%q is neither a file nor a thumbprint", x.Text)
		return
	}
	if x.Text == "" {
		p.fail("", "an empty file name")
		return
	}
	for i, other := range p.draft.pool.Expect {
		if other.Role == x.Role {
			p.fail("", "`expect` stands twice for %s: first in line %d", expectedOf(x.Role), p.draft.expects[i])
			return
		}
	}
	p.draft.pool.Expect = append(p.draft.pool.Expect, x)
	p.draft.expects = append(p.draft.expects, p.line)
}

func expectedOf(r edge.Role) string {
	if r == "" {
		return "the pool"
	}
	return string(r)
}

// checkExpect demands that an expectation is for a service of the pool, and
// that a group has one.
func (p *parser) checkExpect(d *draft) {
	first := map[edge.Role]int{} // a group by its first role
	for i, x := range d.pool.Expect {
		role := x.Role
		if role == "" {
			role = d.pool.Services[0].Role
		}
		if _, ok := d.pool.Service(role); !ok {
			p.failAt(d.expects[i], fmt.Sprintf("add a line `%s NAME`", role), "`expect %s`, and the pool has no such service", role)
			continue
		}
		group := d.pool.Group(role)[0]
		if line, twice := first[group]; twice {
			p.failAt(d.expects[i], "they share one certificate: see `certificates`", "`expect %s` is for the same certificate as line %d", expectedOf(x.Role), line)
		}
		first[group] = d.expects[i]
	}
}
