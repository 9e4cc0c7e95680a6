package remedy

import (
	"slices"

	"edgecert/scanner/audit/finding"
	"edgecert/scanner/edge"
)

// Restart makes the services take the certificate that is assigned, after the
// sessions have ended.
func Restart() []string { return []string{"Stop-CsWindowsService -Graceful", "Start-CsWindowsService"} }

// RestartAlone is for members that have the right certificate assigned already.
func RestartAlone(members []string) finding.Step {
	return finding.Step{On: members, Text: "the certificate is assigned already, only the restart is missing", Restart: true}
}

// InTurn is the end of a step that takes members out of service.
func InTurn(members []string) string {
	if len(members) == 1 {
		return ""
	}
	return ", one member after the other"
}

// worded puts a step's restart into words and commands.
func worded(s finding.Step) finding.Step {
	if !s.Restart {
		return s
	}
	if len(s.Commands) > 0 { // else the text says it
		s.Text += " and restart"
	}
	s.Text += InTurn(s.On)
	s.Commands = append(slices.Clone(s.Commands), Restart()...)
	s.Restart = false
	return s
}

// plan is the steps, worded, with one restart for each member before the plan has
// to wait.
func (p *planner) plan() []finding.Step {
	var out []finding.Step
	from := 0
	for _, to := range append(p.breaks, len(p.steps)) {
		out = append(out, edge.Map(restartOnce(p.steps[from:to], p.order), worded)...)
		from = to
	}
	return out
}

func (p *planner) order(a, b string) int {
	return slices.Index(p.members, a) - slices.Index(p.members, b)
}

// restartOnce has members that several steps restart wait for the last of them:
// each restart ends sessions. A way that may not be taken restarts nobody else.
func restartOnce(steps []finding.Step, order func(a, b string) int) []finding.Step {
	sure, times := map[string]int{}, map[string]int{}
	count := func(in map[string]int, optional bool) {
		for _, s := range steps {
			if s.Optional == optional && (!optional || !slices.ContainsFunc(s.On, func(m string) bool { return sure[m] == 0 })) {
				for _, m := range restarted(s) {
					in[m]++
				}
			}
		}
	}
	count(sure, false)
	count(times, true)
	joins := func(s finding.Step) bool {
		return slices.ContainsFunc(restarted(s), func(m string) bool { return sure[m]+times[m] > 1 }) &&
			(!s.Optional || !slices.ContainsFunc(s.On, func(m string) bool { return sure[m] == 0 }))
	}
	once, last := finding.Step{Text: "restart", Restart: true}, -1
	for i, s := range steps {
		if joins(s) {
			once.On, once.Problems, last = union(once.On, s.On), union(once.Problems, s.Problems), i
		}
	}
	slices.SortFunc(once.On, order)
	var out []finding.Step
	for i, s := range steps {
		if joins(s) {
			s.Restart = false
		}
		if s.Restart || len(s.Commands) > 0 || !joins(steps[i]) {
			out = append(out, s)
		}
		if i == last {
			out = append(out, once)
		}
	}
	return out
}

// restarted are the members that a step restarts.
func restarted(s finding.Step) []string {
	if !s.Restart {
		return nil
	}
	return s.On
}

func union[T comparable](a, b []T) []T {
	for _, x := range b {
		if !slices.Contains(a, x) {
			a = append(a, x)
		}
	}
	return a
}
