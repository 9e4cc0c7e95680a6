package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"edgecert/report"
)

// A reminder keeps a job from saying the same every night: what has not changed
// since it was told is told again only after some time. A report tells all
// findings, so that one moment for the whole job does. Nil: every run tells.
type reminder struct {
	after time.Duration
	file  string // when a report was delivered last, RFC 3339
}

// newReminder reads --remind, for the job of a state directory.
func newReminder(after, state string) (*reminder, error) {
	if after == "" {
		return nil, nil
	}
	if state == "" {
		return nil, hintf("add --state DIR", "--remind without --state: nobody knows when it was told last")
	}
	d, err := time.ParseDuration(after)
	if days, ok := strings.CutSuffix(after, "d"); ok {
		var n uint64
		n, err = strconv.ParseUint(days, 10, 16) // 65535 days are within a Duration
		d = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || d <= 0 {
		return nil, hintf("write it as --remind 7d or --remind 36h", "--remind %q: no duration", after)
	}
	return &reminder{after: d, file: filepath.Join(state, "last-told")}, nil
}

// due says whether a report is to be told, if there is something to tell at all.
// No job starts on the second, so that a 24th less is enough. A moment that
// cannot be read, or lies ahead, is none.
func (m *reminder) due(r report.Report) bool {
	if m == nil || r.Evidence.Interrupted || r.Changes == nil || len(r.Changes) > 0 {
		return true
	}
	text, err := readAtMost(m.file, 100)
	if err != nil {
		return true
	}
	told, err := time.Parse(time.RFC3339, strings.TrimSpace(string(text)))
	since := r.Evidence.Finished.Sub(told)
	return err != nil || since < 0 || since >= m.after-m.after/24
}

// told notes that a report was delivered.
func (m *reminder) told(r report.Report) error {
	if m == nil {
		return nil
	}
	return writeFile(m.file, 0o600, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, r.Evidence.Finished.UTC().Format(time.RFC3339))
		return err
	})
}

// keep makes r the state. It notes first that r was told: should the scan then
// not be kept, its changes are told again.
func (s *sinks) keep(r report.Report, told bool) error {
	if told {
		if err := s.remind.told(r); err != nil {
			return err
		}
	}
	return s.state.keep(r)
}
