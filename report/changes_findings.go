package report

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// findingKey is where a finding stands. Its message is no part of it: "expires
// in 5 days" and "expires in 4 days" are one finding.
type findingKey struct {
	rule, member string
	role         edge.Role
	fqdn         string
	address      string
	port         int
}

// findings tells what is newly wrong, no longer wrong, or wrong to another
// degree.
func (d *poolDiff) findings() {
	d.toldOf, d.nowOf = byMember(d.told), byMember(d.is.Endpoints)
	old := map[findingKey][]Finding{}
	for _, f := range d.was.Findings {
		f = d.relocate(f)
		old[placeOf(f)] = append(old[placeOf(f)], f)
	}
	now := map[findingKey][]Finding{}
	for _, f := range d.is.Findings {
		now[placeOf(f)] = append(now[placeOf(f)], f)
	}
	var come, gone, other []Change
	for _, f := range d.is.Findings {
		k := placeOf(f)
		was, fresh, pairs := matchFindings(old[k], now[k])
		delete(now, k) // later ones of the same key are dealt with here
		old[k] = was
		for _, p := range pairs {
			other = append(other, d.severity(p[0], p[1])...)
		}
		for _, f := range fresh {
			if !d.toldAlready(f) {
				come = append(come, d.finding(FindingNew, "new: ", f, "", string(f.Severity)))
			}
		}
	}
	for _, f := range d.was.Findings {
		k := placeOf(d.relocate(f))
		for _, f := range old[k] {
			if !d.toldAlready(f) && d.couldTell(f) {
				gone = append(gone, d.finding(FindingGone, "gone: ", f, string(f.Severity), ""))
			}
		}
		delete(old, k)
	}
	d.changes = append(d.changes, slices.Concat(come, gone, other)...)
}

func placeOf(f Finding) findingKey {
	return findingKey{f.Rule, f.Member, f.Role, f.FQDN, f.Address, f.Port}
}

// relocate gives an old finding the address that its endpoint has now.
func (d *poolDiff) relocate(f Finding) Finding {
	for k, e := range d.moved {
		if k.member == f.Member && k.role == f.Role && k.address == f.Address && k.port == f.Port {
			f.Address, f.Port = e.Address, e.Port
			return f
		}
	}
	return f
}

// matchFindings pairs old and new findings of one key: those with the same words, then
// those that differ in figures alone, then those of one certificate that speak
// of the same names ("expires in 2 days", "expires tomorrow").
func matchFindings(was, is []Finding) (gone, fresh []Finding, pairs [][2]Finding) {
	gone, fresh = slices.Clone(was), slices.Clone(is)
	for _, same := range []func(a, b Finding) bool{
		func(a, b Finding) bool { return a.Message == b.Message },
		func(a, b Finding) bool { return wording(a.Message) == wording(b.Message) },
		func(a, b Finding) bool {
			return leafOf(a) == leafOf(b) && dnsWords(a.Message) == dnsWords(b.Message)
		},
	} {
		fresh = slices.DeleteFunc(fresh, func(f Finding) bool {
			i := slices.IndexFunc(gone, func(g Finding) bool { return same(g, f) })
			if i < 0 {
				return false
			}
			pairs = append(pairs, [2]Finding{gone[i], f})
			gone = slices.Delete(gone, i, i+1)
			return true
		})
	}
	return gone, fresh, pairs
}

// wording is a message without its figures, dates, thumbprints and serials.
func wording(message string) string {
	words := slices.DeleteFunc(strings.Fields(message), func(w string) bool {
		return strings.ContainsFunc(w, unicode.IsDigit) && dnsWords(w) == ""
	})
	return strings.Join(words, " ")
}

// dnsWords is the words of a message that look like DNS names: what a finding is
// about, where one rule has several at one place.
func dnsWords(message string) string {
	var out []string
	for _, w := range strings.FieldsFunc(message, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`,;:()[]"'`, r) }) {
		w = strings.Trim(w, ".")
		if strings.Contains(w, ".") && strings.ContainsFunc(w, unicode.IsLetter) {
			out = append(out, w)
		}
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), " ")
}

func leafOf(f Finding) string {
	if f.Certificate == nil {
		return ""
	}
	return *f.Certificate
}

// aboutCoverage are the rules whose finding says what an endpoint's event has
// said already.
func aboutCoverage(rule string) bool {
	return rule == "endpoint-unreachable" || rule == "tls-not-spoken" || rule == "dns-no-address"
}

func (d *poolDiff) toldAlready(f Finding) bool {
	return aboutCoverage(f.Rule) && slices.ContainsFunc(d.toldOf[f.Member], func(e Endpoint) bool { return coversCell(f, e) })
}

// byMember indexes cells, all of them under "": a finding without a member is
// about any. A list of loose endpoints has thousands of members and findings.
func byMember(cells []Endpoint) map[string][]Endpoint {
	index := map[string][]Endpoint{}
	for _, e := range cells {
		if e.Member != "" {
			index[e.Member] = append(index[e.Member], e)
		}
	}
	index[""] = cells
	return index
}

// coversCell says that e is among the cells that a finding is about; an empty
// field of the finding stands for any.
func coversCell(f Finding, e Endpoint) bool {
	return (f.Member == "" || f.Member == e.Member) && (f.Role == "" || f.Role == e.Role) &&
		(f.FQDN == "" || f.FQDN == e.FQDN) && (f.Address == "" || f.Address == e.Address) && (f.Port == 0 || f.Port == e.Port)
}

// couldTell says that a finding's absence means something: its rule had all it
// needed, and the cells that it was about were looked at and answered. What is
// not planned any more is told as vanished.
func (d *poolDiff) couldTell(f Finding) bool {
	if aboutCoverage(f.Rule) {
		return !d.cutShort
	}
	if d.is.Rules[f.Rule] == audit.CouldNotTell {
		return false
	}
	found := false
	for _, e := range d.nowOf[f.Member] {
		if !coversCell(f, e) {
			continue
		}
		found = true
		if e.Outcome == edge.Failed && f.Member != "" || notLooked(e) {
			return false
		}
	}
	return found || f.Member == ""
}

// severity tells that a finding is there still, and better or worse.
func (d *poolDiff) severity(was, is Finding) []Change {
	if was.Severity == is.Severity {
		return nil
	}
	return []Change{d.finding(FindingSeverity, fmt.Sprintf("was %s, is %s: ", was.Severity, is.Severity), is,
		string(was.Severity), string(is.Severity))}
}

// finding is the event of a finding. A reader of the message alone must see
// whether it came or went.
func (d *poolDiff) finding(kind, how string, f Finding, before, after string) Change {
	return Change{Kind: kind, Pool: d.is.Name, Member: f.Member, Role: f.Role, Address: f.Address, Port: f.Port,
		Before: before, After: after, Message: how + f.Rule + ": " + f.Message}
}
