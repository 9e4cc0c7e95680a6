package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"edgecert/scanner/audit"
)

// maxPluginLine keeps the line under the 1024 bytes that old monitoring
// daemons cut at.
const maxPluginLine = 1000

// Nagios writes the one line of a monitoring plugin (Monitoring Plugins
// Development Guidelines, 2.1 and 2.6): "EDGECERT STATUS - text|perfdata". The
// status is what the exit status says, by failOn ("error", "never", else
// warnings, too); an incomplete scan is CRITICAL.
//
// The text is the headline of the worst problem; it holds nothing that a
// certificate says, since monitoring systems hand this line to shells.
func Nagios(w io.Writer, r Report, failOn string) error {
	errors, warnings := 0, 0
	for _, p := range r.Pools {
		errors += Count(p.Findings, audit.Error)
		warnings += Count(p.Findings, audit.Warning)
	}
	c := r.Coverage
	facts := []string{fmt.Sprintf("%d of %d endpoints seen", c.Planned-c.Failed, c.Planned)}
	if p := r.OfFile(); p != nil {
		facts[0] = p.FileVerdict()
		if n := len(r.Lost()); n > 0 { // they are the certificate's words
			facts[0] += ", but it loses " + Plural(n, "name")
		}
	}
	if untold := Untold(r.Pools); len(untold) > 0 {
		facts = append(facts, "could not tell: "+untold[0])
		if more := len(untold) - 1; more > 0 {
			facts = append(facts, "and for "+Plural(more, "more reason"))
		}
	}
	if r.Evidence.Interrupted {
		facts = append(facts, "interrupted")
	}
	end, known := firstExpiry(r)
	if known {
		facts = append(facts, "first certificate "+Expiry(end, r.Now()))
	}
	if errors+warnings > 0 {
		facts = append(worst(r), facts...)
	}
	switch {
	case r.Changes == nil:
	case len(r.Changes) == 0:
		facts = append(facts, "nothing changed")
	default:
		facts = append(facts, Plural(len(r.Happened()), "change"))
	}
	perf := fmt.Sprintf("errors=%d;;0;0 warnings=%d;0;;0 planned=%d;;;0 captured=%d;;;0;%d failed=%d;;0;0;%d time=%.3fs;;;0",
		errors, warnings, c.Planned, c.Captured, c.Planned, c.Failed, c.Planned, r.Evidence.Finished.Sub(r.Evidence.Started).Seconds())
	if r.Changes != nil {
		perf += fmt.Sprintf(" changes=%d;;;0", len(r.Changes))
	}
	if known {
		perf += fmt.Sprintf(" days_left=%d", DaysLeft(end, r.Now()))
	}
	text := "EDGECERT " + pluginStatus(r, failOn) + " - " + pluginText(strings.Join(facts, "; "))
	if room := maxPluginLine - len(perf); len(text) > room {
		text = text[:room-3] + "..."
	}
	_, err := fmt.Fprintf(w, "%s|%s\n", text, perf)
	return err
}

// pluginStatus goes with the exit status. An interrupted scan has one of its own,
// whatever may fail.
func pluginStatus(r Report, failOn string) string {
	switch {
	case failOn == "never" && !r.Evidence.Interrupted, r.Verdict == audit.VerdictOK, r.Verdict == audit.VerdictWarning && failOn == "error":
		return "OK"
	case r.Verdict == audit.VerdictWarning:
		return "WARNING"
	default:
		return "CRITICAL"
	}
}

// pluginText keeps printable ASCII without the signs that end the text or that
// Nagios itself counts as illegal in output (illegal_macro_output_chars).
func pluginText(s string) string {
	var b strings.Builder
	for _, c := range Clean(s) {
		switch {
		case strings.ContainsRune("`~$&|'\"<>", c):
			b.WriteByte('_')
		case c >= 0x80:
			EscapeRune(&b, c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// worst is the headline of the worst problem with its pool, and how many more
// there are. What belongs to no problem is named by rule and place.
func worst(r Report) []string {
	var first string
	more := 0
	tell := func(text string) {
		if first == "" {
			first = text
		} else {
			more++
		}
	}
	pools := r.WorstFirst()
	for _, s := range []audit.Severity{audit.Error, audit.Warning} {
		for _, p := range pools {
			for _, problem := range p.Problems {
				if problem.Severity == s {
					tell(p.Plan.Name + ": " + problem.Headline)
				}
			}
			for _, f := range p.Findings {
				if f.Severity == s && (f.Problem < 0 || len(p.Problems) == 0) {
					tell(strings.TrimSpace(p.Plan.Name + ": " + f.Rule + " " + p.Where(f)))
				}
			}
		}
	}
	if more == 0 {
		return []string{first}
	}
	return []string{first, "and " + Plural(more, "more problem")}
}

// firstExpiry is the first end among all leaves, and whether any is known.
func firstExpiry(r Report) (time.Time, bool) {
	var first time.Time
	for _, p := range r.Pools {
		if end := p.FirstExpiry(); !end.IsZero() && (first.IsZero() || end.Before(first)) {
			first = end
		}
	}
	return first, !first.IsZero()
}
