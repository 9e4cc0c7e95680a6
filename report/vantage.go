package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// VantageDiffers is the rule of what Merge finds: the same endpoint shows one
// thing from here and another from there. It needs several scans, so that it
// stands in no catalogue of rules for one.
const VantageDiffers = "vantage-differs"

// A VantageScan is one of the scans that were laid side by side.
type VantageScan struct {
	Name     string        `json:"name"`
	Host     string        `json:"host"`
	Started  time.Time     `json:"started"`
	Finished time.Time     `json:"finished"`
	Verdict  audit.Verdict `json:"verdict"`
}

// A NamedReport is a scan and what its vantage point is called: "inside". An
// empty name stands for the host that scanned.
type NamedReport struct {
	Name   string
	Report Report
}

// Merge lays scans of the same pools, made from several vantage points, side by
// side. The result is a Report like any other, so that every format renders it:
// each member has a row for each vantage, "edge1 @inside" above "edge1
// @outside", one letter stands for one certificate in all of them, a finding
// that all share is listed once, and the others say where they were seen from.
// What differs between vantages is a finding of the rule VantageDiffers.
//
// Changes is nil. The scans stand in Vantage.Scans; a merged report cannot be
// judged again, since its rows are no members, and is no input of Merge.
func Merge(scans []NamedReport) (Report, error) {
	if len(scans) < 2 {
		return Report{}, fmt.Errorf("%d scan: two or more vantage points can be compared", len(scans))
	}
	scans = slices.Clone(scans)
	nameVantages(scans)
	first := scans[0].Report
	out := Report{Schema: Schema, Tool: first.Tool, Started: first.Started, Finished: first.Finished, Policy: first.Policy,
		Certificates: map[string]Certificate{}}
	var names []string
	for _, s := range scans {
		r := s.Report
		if len(r.Vantage.Scans) > 0 {
			return Report{}, fmt.Errorf("%s is of several vantage points already: give the scans that it was made of", s.Name)
		}
		names = append(names, s.Name)
		out.Vantage.Scans = append(out.Vantage.Scans, VantageScan{s.Name, r.Vantage.Host, r.Started, r.Finished, r.Verdict})
		out.Interrupted = out.Interrupted || r.Interrupted
		if r.Started.Before(out.Started) {
			out.Started = r.Started
		}
		if r.Finished.After(out.Finished) {
			out.Finished = r.Finished
		}
		out.Trust.HostRoots = out.Trust.HostRoots || r.Trust.HostRoots
		out.Trust.HostTrusted = append(out.Trust.HostTrusted, r.Trust.HostTrusted...)
		if r.Trust.Revocation != nil && out.Trust.Revocation == nil {
			out.Trust.Revocation = maps.Clone(r.Trust.Revocation)
		}
		maps.Copy(out.Trust.Revocation, r.Trust.Revocation)
		maps.Copy(out.Certificates, r.Certificates)
	}
	slices.Sort(out.Trust.HostTrusted)
	out.Trust.HostTrusted = slices.Compact(out.Trust.HostTrusted)
	out.Vantage.Host = strings.Join(names, ", ")
	for _, views := range samePools(scans) {
		p := mergePool(views, len(scans), out.Certificates)
		out.Coverage = out.Coverage.add(p.Coverage())
		out.Pools = append(out.Pools, p)
	}
	out.Verdict = verdict(out)
	return normalize(out), nil
}

// nameVantages fills in names and tells equal ones apart.
func nameVantages(scans []NamedReport) {
	count := map[string]int{}
	for i := range scans {
		s := &scans[i]
		if s.Name == "" {
			s.Name = s.Report.Vantage.Host
		}
		if s.Name == "" {
			s.Name = "vantage"
		}
		if count[s.Name]++; count[s.Name] > 1 {
			s.Name = fmt.Sprintf("%s (%d)", s.Name, count[s.Name])
		}
	}
}

// view is one pool as seen from one vantage.
type view struct {
	vantage string
	pool    Pool
}

// samePools brings the views of one pool together, in order of appearance.
func samePools(scans []NamedReport) [][]view {
	var out [][]view
	at := map[string]int{}
	for _, s := range scans {
		for _, p := range s.Report.Pools {
			i, known := at[p.Name]
			if !known {
				i = len(out)
				at[p.Name] = i
				out = append(out, nil)
			}
			out[i] = append(out[i], view{s.Name, p})
		}
	}
	return out
}

// qualify names a member as seen from a vantage.
func qualify(member, vantage string) string { return strings.TrimSpace(member + " @" + vantage) }

func mergePool(views []view, scans int, certs map[string]Certificate) Pool {
	first := views[0].pool
	p := Pool{Name: first.Name, SIPDomains: first.SIPDomains, Services: first.Services, Plan: first.Plan,
		Rules: map[string]audit.Outcome{}, Verdict: first.Verdict}
	for _, v := range views {
		if badness(v.pool.Verdict) > badness(p.Verdict) {
			p.Verdict = v.pool.Verdict
		}
		for rule, o := range v.pool.Rules {
			if gravity(o) > gravity(p.Rules[rule]) {
				p.Rules[rule] = o
			}
		}
	}
	p.Endpoints = sideBySide(views)
	byID, _ := letters(p)
	views = slices.Clone(views)
	for i, v := range views {
		views[i] = relabel(v, byID, certs)
	}
	differing := differences(views, byID, certs)
	for _, f := range differing {
		if v := verdictOf(f.Severity); badness(v) > badness(p.Verdict) {
			p.Verdict = v
		}
	}
	switch {
	case len(differing) > 0:
		p.Rules[VantageDiffers] = audit.Found
	case len(views) < scans, slices.ContainsFunc(p.Endpoints, func(e Endpoint) bool { return e.Outcome == edge.Failed }):
		p.Rules[VantageDiffers] = audit.CouldNotTell
	default:
		p.Rules[VantageDiffers] = audit.Pass
	}
	p.Findings = append(differing, sharedFindings(views)...)
	slices.SortStableFunc(p.Findings, func(a, b Finding) int { return badness(verdictOf(b.Severity)) - badness(verdictOf(a.Severity)) })
	return p
}

// gravity orders the outcomes of a rule: what one vantage found stands, and
// what one could not tell is not passed because another could.
func gravity(o audit.Outcome) int {
	return slices.Index([]audit.Outcome{audit.NotApplicable, audit.Pass, audit.CouldNotTell, audit.Found}, o)
}

func verdictOf(s audit.Severity) audit.Verdict {
	switch s {
	case audit.Error:
		return audit.VerdictError
	case audit.Warning:
		return audit.VerdictWarning
	default:
		return audit.VerdictOK
	}
}

// sideBySide lists the endpoints of all views, those of one member under each
// other, with the vantage in the member's name.
func sideBySide(views []view) []Endpoint {
	var members []string
	rows := map[string][]Endpoint{}
	for _, v := range views {
		for _, e := range v.pool.Endpoints {
			member := rowName(e)
			if _, known := rows[member]; !known {
				members = append(members, member)
			}
			e.Member = qualify(e.Member, v.vantage)
			rows[member] = append(rows[member], e)
		}
	}
	var out []Endpoint
	for _, m := range members {
		out = append(out, rows[m]...)
	}
	return out
}

// sharedFindings lists a finding that every view has once, and the others with
// the vantage they were seen from.
func sharedFindings(views []view) []Finding {
	type seen struct{ key, wording string }
	count := map[seen]int{}
	id := func(f Finding) seen {
		return seen{f.Rule + "\x00" + string(f.Severity) + "\x00" + f.Member + "\x00" + string(f.Role) + "\x00" + f.FQDN, wording(f.Message)}
	}
	for _, v := range views {
		once := map[seen]bool{}
		for _, f := range v.pool.Findings {
			if k := id(f); !once[k] {
				once[k] = true
				count[k]++
			}
		}
	}
	var out []Finding
	told := map[seen]bool{}
	for _, v := range views {
		for _, f := range v.pool.Findings {
			k := id(f)
			if len(views) > 1 && count[k] == len(views) {
				if told[k] && v.vantage != views[0].vantage {
					continue // told by the first vantage
				}
				told[k] = true
			} else {
				f.Message = "seen from " + v.vantage + ": " + f.Message
				if f.Member != "" {
					f.Member = qualify(f.Member, v.vantage)
				}
			}
			out = append(out, f)
		}
	}
	return out
}
