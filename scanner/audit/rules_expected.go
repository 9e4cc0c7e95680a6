package audit

import (
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/edge"
)

const idExpected = "expected-not-presented"

func expectedNotPresented() Rule {
	return Rule{
		ID: idExpected, Family: "consistency", Wire: true, Severity: Error,
		Short: "does not present the certificate that was meant", Mend: remedy.ByCertificate, Later: true,
		Title: "an endpoint presents another certificate than the one that was meant (--expect, or a line expect)",
		Doc: `Somebody said which certificate the services are meant to have, and they present another one. A renewal that
reached no member at all looks healthy in every other way: all members agree, on the old certificate, until it ends. Mostly
the certificate was imported and not assigned, assigned and the services not restarted, or assigned on some of the members.
An A/V Edge that presents no certificate, as it should, is not asked. What is meant is itself held against the rules before
it is presented: if it fails them, that is told first, and no step installs it.

How to fix it: import the certificate that is meant on the members that are named, assign it there, and restart the services:
    Import-CsCertificate -Path C:\edge.pfx -Password (Read-Host) -PrivateKeyExportable $true
    Set-CsCertificate -Type AccessEdgeExternal,DataEdgeExternal,AudioVideoAuthentication -Thumbprint (Read-Host)
    Stop-CsWindowsService; Start-CsWindowsService
edgecert watch shows how it arrives.`,
		Source:  `"Set-CsCertificate ... assigns it", and services present the new one after a restart (Microsoft, Set-CsCertificate; field reports); the same certificate sits on each Edge Server of a pool ("Certificate requirements for external user access in Lync Server 2013")`,
		Applies: func(w *world) bool { return len(w.pool.Expect) > 0 },
		Run:     eachBunch(otherThanExpected, tellExpected),
	}
}

// Expects is the certificate that an endpoint is asked for; nil where nobody
// said which, and where by its protocol it presents none.
func Expects(p edge.Pool, c edge.Capture) *edge.Expectation {
	if silent(c) {
		return nil
	}
	return p.Expected(c.Endpoint.Role)
}

// PresentsOnly says whether every certificate that an endpoint presents is the
// one that was meant.
func PresentsOnly(c edge.Capture, x edge.Expectation) bool {
	leaves := c.Leaves()
	return len(leaves) > 0 && !slices.ContainsFunc(leaves, func(leaf *edge.Certificate) bool { return !x.Matches(leaf) })
}

func otherThanExpected(w *world, r *result, i int, c edge.Capture) string {
	switch x := Expects(w.pool, c); {
	case x == nil:
	case c.Leaf() == nil:
		r.unseen(i)
	case PresentsOnly(c, *x):
		r.pass()
	default:
		return w.expectedKey(c)
	}
	return ""
}

// expectedKey is what an endpoint is asked for with the others of its group;
// empty: nothing.
func (w *world) expectedKey(c edge.Capture) string {
	x := Expects(w.pool, c)
	switch {
	case x == nil:
		return ""
	case w.pool.Listed():
		return x.Thumbprint
	default:
		return fmt.Sprint(w.pool.Group(c.Endpoint.Role)) + x.Thumbprint
	}
}

func tellExpected(w *world, b bunch) Finding {
	x := *Expects(w.pool, b.first)
	var leaves []*edge.Certificate
	for _, i := range b.at {
		for _, leaf := range w.captures[i].Leaves() {
			if !x.Matches(leaf) && !edge.Holds(leaves, leaf) {
				leaves = append(leaves, leaf)
			}
		}
	}
	var parts []string
	for _, leaf := range leaves {
		at := slices.DeleteFunc(slices.Clone(b.at), func(i int) bool { return !edge.Holds(w.captures[i].Leaves(), leaf) })
		parts = append(parts, w.present(at)+" "+w.tell(leaf))
	}
	asked := len(w.those(func(c edge.Capture) bool { return c.Leaf() != nil && w.expectedKey(c) == b.key }))
	return Finding{
		Certificates: leaves,
		Subjects:     []string{strings.ToUpper(x.Thumbprint)},
		Message: fmt.Sprintf("expected %s, which %d of %d endpoints present; %s",
			meantText(x), asked-len(b.at), asked, strings.Join(parts, "; ")),
	}
}
