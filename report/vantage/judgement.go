package vantage

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"edgecert/report"
	"edgecert/scanner/audit"
)

// addJudgement adds what was said of one view to the merged pool: a finding that
// every view has stands once, blaming the cells of all of them; the others say
// where they were seen from.
func addJudgement(p *report.Pool, w *whence, views []view, at int) {
	v := views[at]
	everywhere := map[int]bool{}               // findings that are of all views
	place := make([]int, len(v.pool.Findings)) // where each finding stands in p
	for i, f := range v.pool.Findings {
		shared := sharing(views, identity(v, f))
		if len(shared) == len(views) && len(views) > 1 {
			f.Cells = nil
			for n, g := range shared {
				f.Cells = append(f.Cells, moved(g.Cells, views[n].rows)...)
			}
			slices.Sort(f.Cells)
			f.Address = ""
			everywhere[i] = true
			if at > 0 { // told by the first vantage
				place[i] = slices.IndexFunc(p.Findings, func(o audit.Finding) bool {
					return o.Rule == f.Rule && slices.Equal(o.Cells, f.Cells) && slices.Equal(o.Subjects, f.Subjects)
				})
				continue
			}
		} else {
			f.Cells = moved(f.Cells, v.rows)
			f.Message = "seen from " + v.vantage + ": " + f.Message
			if f.Member != "" {
				f.Member = qualify(f.Member, v.vantage)
			}
		}
		f.Problem = -1
		place[i] = len(p.Findings)
		p.Findings = append(p.Findings, f)
	}
	problems := make([]int, len(v.pool.Problems))
	for i, problem := range v.pool.Problems {
		from := v.vantage
		if slices.ContainsFunc(problem.Findings, func(f int) bool { return everywhere[f] }) {
			from = ""
		}
		problem.Findings = moved(problem.Findings, place)
		problems[i] = slices.IndexFunc(p.Problems, func(o audit.Problem) bool { return slices.Equal(o.Findings, problem.Findings) })
		if problems[i] < 0 {
			problems[i] = len(p.Problems)
			p.Problems = append(p.Problems, problem)
		} else {
			from = ""
		}
		w.problems[problems[i]] = from
		for _, f := range problem.Findings {
			p.Findings[f].Problem = problems[i]
		}
	}
	for _, s := range v.pool.Steps {
		s.Problems = moved(s.Problems, problems)
		same := slices.IndexFunc(p.Steps, func(o audit.Step) bool {
			return o.Text == s.Text && slices.Equal(o.Commands, s.Commands) && slices.Equal(o.On, s.On)
		})
		if same >= 0 {
			all := append(slices.Clone(p.Steps[same].Problems), s.Problems...)
			slices.Sort(all)
			p.Steps[same].Problems, w.steps[same] = slices.Compact(all), ""
			continue
		}
		if !slices.ContainsFunc(s.Problems, func(problem int) bool { return w.problems[problem] == "" }) {
			w.steps[len(p.Steps)] = v.vantage
		}
		p.Steps = append(p.Steps, s)
	}
	for _, u := range v.pool.Untold {
		u.Reason, u.Cells = "seen from "+v.vantage+": "+u.Reason, moved(u.Cells, v.rows)
		p.Untold = append(p.Untold, u)
	}
}

// whence says from which vantage alone a problem was seen, and a step is advised,
// by their place in the merged pool.
type whence struct{ problems, steps map[int]string }

// tell lets problems and steps begin with it, as findings do: what is wrong from
// there may be right from elsewhere.
func (w whence) tell(p *report.Pool) {
	for i, from := range w.problems {
		if from != "" {
			p.Problems[i].Headline = headlineFrom(from, p.Problems[i].Headline)
		}
	}
	for i, from := range w.steps {
		if from != "" {
			p.Steps[i].Text = "as seen from " + from + ": " + p.Steps[i].Text
		}
	}
}

// headlineFrom keeps a headline as short as any, and loses its end, where names
// are, not its middle, where certificates are.
func headlineFrom(from, headline string) string {
	const most, name = 120, 40
	from = "from " + report.Elide(from, name, "...") + ": "
	if room := most - report.TextWidth(from); len(headline) > room {
		headline = headline[:room-3] + "..."
	}
	return from + headline
}

// sharing are the findings of all views that are the same as one.
func sharing(views []view, id string) []audit.Finding {
	var out []audit.Finding
	for _, v := range views {
		if at, known := v.byID[id]; known {
			out = append(out, v.pool.Findings[at])
		}
	}
	return out
}

// identity is what makes a finding the same from two vantages: its rule and
// severity, the spots that it blames, and what it is about.
func identity(v view, f audit.Finding) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", f.Rule, f.Severity)
	for _, at := range f.Cells {
		fmt.Fprintf(&b, " %+v", spotOf(v.pool.Captures[at].Endpoint))
	}
	return b.String() + strings.Join(f.Subjects, " ")
}

// moved puts indexes where they are now.
func moved(indexes, to []int) []int {
	out := make([]int, len(indexes))
	for i, at := range indexes {
		out[i] = to[at]
	}
	slices.Sort(out)
	return out
}

// sortFindings puts findings and problems worst first, and what refers to them
// after them.
func sortFindings(p *report.Pool) {
	order := func(n int, severity func(int) audit.Severity) (sorted, place []int) {
		sorted, place = make([]int, n), make([]int, n)
		for i := range sorted {
			sorted[i] = i
		}
		slices.SortStableFunc(sorted, func(a, b int) int { return cmp.Compare(severity(a).Rank(), severity(b).Rank()) })
		for now, was := range sorted {
			place[was] = now
		}
		return sorted, place
	}
	findings, findingAt := order(len(p.Findings), func(i int) audit.Severity { return p.Findings[i].Severity })
	problems, problemAt := order(len(p.Problems), func(i int) audit.Severity { return p.Problems[i].Severity })
	fs, ps := make([]audit.Finding, 0, len(findings)), make([]audit.Problem, 0, len(problems))
	for _, i := range findings {
		f := p.Findings[i]
		if f.Problem >= 0 {
			f.Problem = problemAt[f.Problem]
		}
		fs = append(fs, f)
	}
	for _, i := range problems {
		problem := p.Problems[i]
		problem.Findings = moved(problem.Findings, findingAt)
		ps = append(ps, problem)
	}
	for i := range p.Steps {
		p.Steps[i].Problems = moved(p.Steps[i].Problems, problemAt)
	}
	p.Findings, p.Problems = fs, ps
}
