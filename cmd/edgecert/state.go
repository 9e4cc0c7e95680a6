package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"edgecert/report"
	"edgecert/scanner/audit"
)

// A state is the directory of --state: the last scan and a lock. One directory
// is one job; an edited targets file stays the same job, so that an added
// member is told as one.
type state struct {
	file string // the last scan, as JSON
	lock *flock.Flock
}

const lastScan = "last-scan.json"

// openState takes the directory for this run and makes it where it is not
// there yet. It does not wait: two runs of one job at a time are a mistake of
// the schedule, and each would tell the other's changes as its own.
func openState(dir string) (*state, error) {
	if err := trusted(dir); err != nil {
		return nil, fmt.Errorf("--state %s: %w", dir, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the state directory: %w", err)
	}
	if !believable(dir) {
		return nil, hintf("chmod 700 it, or name a folder of your own", "--state %s: others may write to this folder, and could make up what it says", dir)
	}
	s := &state{file: filepath.Join(dir, lastScan), lock: flock.New(filepath.Join(dir, "lock"), flock.SetPermissions(0o600))}
	locked, err := s.lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking the state: %w", err)
	}
	if !locked {
		return nil, hintf("wait until it has ended, or give each job a --state of its own",
			"state %s is in use by another run of edgecert", dir)
	}
	if err := writable(s.file); err != nil {
		return nil, errors.Join(fmt.Errorf("--state %s: %w", dir, err), s.close())
	}
	sweepTemps(s.file, 0) // under the lock they are nobody's
	return s, nil
}

// previous is the last scan, nil where there is none yet. pools are the names
// of what is about to be scanned: a state in which none of them stands belongs
// to another job. A damaged state is an error: it is never trusted, and it is
// evidence that is not silently thrown away either.
func (s *state) previous(ctx context.Context, pools []string) (*report.Report, error) {
	f, err := os.Open(s.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the state: %w", err)
	}
	defer f.Close()
	r, err := report.Load(ctx, f)
	if err != nil {
		return nil, hintf("move the file away to start anew; the next scan then has nothing to be compared with",
			"state %s: %w", s.file, err)
	}
	var held []string
	for _, p := range r.Pools {
		if slices.Contains(pools, p.Plan.Name) {
			return &r, nil
		}
		held = append(held, report.Clean(p.Plan.Name))
	}
	if len(pools) == 0 || len(held) == 0 {
		return &r, nil
	}
	return nil, hintf("give each job a --state of its own, or move the file away to start anew",
		"state %s is of other pools (%s)", s.file, strings.Join(held, ", "))
}

// keep makes r the last scan. It is the last thing a run does: what could not
// be delivered is told again by the next one. An interrupted scan is not kept,
// since it says too little to be compared with.
func (s *state) keep(r report.Report) error {
	if r.Evidence.Interrupted {
		return nil
	}
	return writeFile(s.file, 0o600, func(w io.Writer) error { return report.JSON(w, r) })
}

// close gives the directory back.
func (s *state) close() error { return s.lock.Close() }

// worthReading is what --quiet prints and what is mailed: a warning, an error,
// something that could not be looked at, or a change.
func worthReading(r report.Report) bool {
	return r.Verdict != audit.VerdictOK || r.Evidence.Interrupted || r.Coverage.Failed > 0 || len(r.Changes) > 0
}

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
