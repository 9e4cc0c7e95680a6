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
	"strings"

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
	if foreign(dir) {
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
