package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgecert/report"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// scanOf is a report of one empty pool.
func scanOf(pool string) report.Report {
	at := time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)
	ev := edge.Evidence{Started: at, Finished: at.Add(time.Second), Host: "jump1", Pools: []edge.Pool{{Name: pool, Kind: edge.EdgePool}}}
	return report.New(ev, []audit.Judgement{{Pool: pool, Verdict: audit.VerdictOK}}, audit.Policy{}, report.Tool{Name: "edgecert", Version: "1"})
}

func mustOpen(t *testing.T, dir string) *state {
	t.Helper()
	s, err := openState(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.close() })
	return s
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestStateKeepsTheLastScan(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "made", "here")
	s := mustOpen(t, dir)
	if r, err := s.previous(t.Context(), []string{"edge-emea"}); r != nil || err != nil {
		t.Fatalf("first run: %v, %v", r, err)
	}
	kept := scanOf("edge-emea")
	if err := s.keep(kept); err != nil {
		t.Fatal(err)
	}
	cut := scanOf("edge-emea")
	cut.Evidence.Interrupted, cut.Evidence.Host = true, "other"
	if err := s.keep(cut); err != nil {
		t.Fatal(err)
	}
	got, err := s.previous(t.Context(), []string{"edge-us", "edge-emea"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(kept.Evidence.Host, got.Evidence.Host); diff != "" {
		t.Error("an interrupted scan took the place of a whole one", diff)
	}
	if diff := cmp.Diff([]string{"last-scan.json", "lock"}, files(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestStateIsForOneRunAtATime(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := mustOpen(t, dir)
	_, err := openState(dir)
	if err == nil || !strings.Contains(err.Error(), "in use by another run") {
		t.Fatalf("second run: %v", err)
	}
	if _, hint := explain(err); hint == "" {
		t.Error("no hint")
	}
	if err := first.close(); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, dir)
}

func TestStateThatCannotBeTrusted(t *testing.T) {
	t.Parallel()
	var whole strings.Builder
	if err := report.JSON(&whole, scanOf("edge-emea")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, text, want string }{
		{"cut in half", whole.String()[:whole.Len()/2], "damaged"},
		{"empty", "", "empty"},
		{"zeros after a power cut", strings.Repeat("\x00", 4096), "no report of edgecert"},
		{"of a later schema", strings.Replace(whole.String(), "edgecert.scan/1", "edgecert.scan/9", 1), "edgecert.scan/9"},
		{"of another job", strings.ReplaceAll(whole.String(), "edge-emea", "edge-us"), "other pools (edge-us)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			name := filepath.Join(dir, "last-scan.json")
			if err := os.WriteFile(name, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := mustOpen(t, dir).previous(t.Context(), []string{"edge-emea"})
			if err == nil || r != nil {
				t.Fatalf("trusted: %v, %v", r, err)
			}
			if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), name) {
				t.Errorf("%q names neither %q nor the file", err, c.want)
			}
			if _, hint := explain(err); hint == "" {
				t.Error("no hint")
			}
			if left, _ := os.ReadFile(name); string(left) != c.text {
				t.Error("the damaged state was changed")
			}
		})
	}
}

// TestFullDisk: the disk is full after the first bytes; the old file stays and
// nothing else is left.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "scan.json")
	if err := os.WriteFile(name, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	err := writeFile(name, publicFile, func(w io.Writer) error {
		if _, err := w.Write(make([]byte, 100_000)); err != nil {
			return err
		}
		return syscall.ENOSPC
	})
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), name) {
		t.Errorf("%v does not say what is wrong and where", err)
	}
	if got, _ := os.ReadFile(name); string(got) != "old" {
		t.Errorf("the old file is gone: %q", got)
	}
	if diff := cmp.Diff([]string{"scan.json"}, files(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestWriteFileLeavesDevicesAlone(t *testing.T) {
	t.Parallel()
	if err := writeFile(os.DevNull, publicFile, func(w io.Writer) error { _, err := io.WriteString(w, "x"); return err }); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Errorf("%s is %v, %v", os.DevNull, info, err)
	}
}

// TestKilledRun kills a real process in the middle of keeping its scan: the old
// state stands, the lock is free, and the next run clears up.
func TestKilledRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := mustOpen(t, dir)
	if err := errors.Join(s.keep(scanOf("edge-emea")), s.close()); err != nil {
		t.Fatal(err)
	}
	victim := exec.Command(os.Args[0], "-test.run=^TestVictim$")
	victim.Env = append(os.Environ(), "EDGECERT_VICTIM="+dir)
	out, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	var line string
	if _, err := fmt.Fscanln(out, &line); err != nil || line != "writing" {
		t.Fatalf("the victim said %q, %v", line, err)
	}
	if _, err := openState(dir); err == nil {
		t.Error("the state was free while the victim wrote")
	}
	_ = victim.Process.Kill()
	_ = victim.Wait()
	if len(files(t, dir)) != 3 {
		t.Errorf("no temporary file to clear up: %v", files(t, dir))
	}
	s = mustOpen(t, dir)
	if r, err := s.previous(t.Context(), nil); err != nil || r == nil {
		t.Errorf("the old state is gone: %v, %v", r, err)
	}
	if diff := cmp.Diff([]string{"last-scan.json", "lock"}, files(t, dir)); diff != "" {
		t.Error(diff)
	}
}

// TestVictim is the process that TestKilledRun kills; by itself it does nothing.
func TestVictim(t *testing.T) {
	dir := os.Getenv("EDGECERT_VICTIM")
	if dir == "" {
		return
	}
	s := mustOpen(t, dir)
	_ = writeFile(s.file, 0o600, func(w io.Writer) error {
		_, _ = w.Write(make([]byte, 100_000))
		fmt.Println("writing")
		time.Sleep(time.Minute) // the kill comes first
		return nil
	})
}

func TestWorthReading(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		mutate func(*report.Report)
		want   bool
	}{
		{"well, never compared", func(*report.Report) {}, false},
		{"well, and nothing changed", func(r *report.Report) { r.Changes = []report.Change{} }, false},
		{"well, and something changed", func(r *report.Report) { r.Changes = []report.Change{{Kind: report.MemberAppeared}} }, true},
		{"a warning", func(r *report.Report) { r.Verdict = audit.VerdictWarning }, true},
		{"an error", func(r *report.Report) { r.Verdict = audit.VerdictError }, true},
		{"a silent endpoint whose finding is allowed", func(r *report.Report) { r.Coverage.Failed = 1 }, true},
		{"interrupted", func(r *report.Report) { r.Evidence.Interrupted = true }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := scanOf("edge-emea")
			c.mutate(&r)
			if got := worthReading(r); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
