package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"edgecert/report"
	"edgecert/report/formats"
	"edgecert/scanner/audit"
)

// A job that runs every night, a few seconds early or late, with --remind 7d.
func TestRemind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := scanOf("p").Evidence.Finished
	format, _ := formats.Named("table")
	bad, worse := audit.VerdictWarning, audit.VerdictError
	var previous *report.Report
	night := func(name string, at time.Duration, verdict audit.Verdict, told bool) {
		t.Helper()
		r := scanOf("p")
		r.Evidence.Finished = first.Add(at)
		r.Verdict, r.Pools[0].Verdict = verdict, verdict
		remind, err := newReminder("7d", dir)
		if err != nil {
			t.Fatal(err)
		}
		state, err := openState(dir)
		if err != nil {
			t.Fatal(err)
		}
		s := &sinks{flags: outputFlags{quiet: true}, format: format, previous: previous, state: state, remind: remind}
		defer s.close()
		var out strings.Builder
		a := &app{out: &out, ui: newUI(&out)}
		if err := a.deliver(t.Context(), r, s, "warning"); err != nil {
			t.Fatal(err)
		}
		if (out.Len() > 0) != told {
			t.Errorf("%s: printed %q", name, out.String())
		}
		if want := map[audit.Verdict]int{bad: exitWarning, worse: exitError, audit.VerdictOK: exitOK}[verdict]; a.status != want {
			t.Errorf("%s: status %d, want %d", name, a.status, want)
		}
		previous = &r
	}
	day := 24 * time.Hour
	night("the first night", 0, bad, true)
	night("the next", day, bad, false)
	night("the one before a week is over", 6*day, bad, false)
	night("a week later, seconds early", 7*day-9*time.Second, bad, true)
	night("the night after", 8*day, bad, false)
	night("a change", 9*day, worse, true)
	night("a week after the one before the change", 14*day, worse, false)
	night("a week after the change", 16*day, worse, true)
	night("all is well again", 17*day, audit.VerdictOK, true)
	night("and stays well", 30*day, audit.VerdictOK, false)
	night("bad again", 31*day, bad, true)
	night("a clock that went back", 20*day, bad, true)
	if err := os.WriteFile(dir+"/last-told", []byte("never\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	night("a moment that cannot be read", 21*day, bad, true)
	night("it is written anew", 22*day, bad, false)
}

func TestRemindRefuses(t *testing.T) {
	t.Parallel()
	for _, after := range []string{"7", "d", "-7d", "0d", "0s", "-1h", "1.5d", "99999d", "a week"} {
		if m, err := newReminder(after, "state"); err == nil {
			t.Errorf("%q is taken: %v", after, m.after)
		}
	}
	if _, err := newReminder("7d", ""); err == nil {
		t.Error("it is taken without a state")
	}
	if m, err := newReminder("36h", "state"); err != nil || m.after != 36*time.Hour {
		t.Errorf("36h: %v, %v", m, err)
	}
}
