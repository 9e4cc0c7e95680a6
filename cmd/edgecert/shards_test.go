//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"edgecert/report"
	"edgecert/scanner/lab"
	"edgecert/scanner/lab/peer"
	"edgecert/scanner/targets"
)

// shares is how many parts the manifests of docs/shards make.
const shares = 4

// TestSharesUnderSchedulers runs the files of docs/shards over a fleet of three
// pools and two endpoints of a list, and joins the parts: they are the whole, and
// without one of them they are incomplete.
func TestSharesUnderSchedulers(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	slurm := document(t, "docs/shards/slurm.sh")
	kubernetes := regexp.MustCompile(`(?m)^ +- \|\n((?: {14}.*\n)+)`).FindStringSubmatch(document(t, "docs/shards/kubernetes.yaml"))
	if kubernetes == nil || !strings.Contains(document(t, "docs/shards/kubernetes.yaml"), fmt.Sprintf("completions: %d\n", shares)) ||
		!strings.Contains(slurm, fmt.Sprintf("#SBATCH --array=1-%d\n", shares)) {
		t.Fatalf("the Job runs %q", kubernetes)
	}
	inPod := strings.ReplaceAll(kubernetes[1], "/etc/edgecert/", "")
	t.Run("GNU parallel", func(t *testing.T) {
		t.Parallel()
		peer.Program(t, "parallel", "parallel")
		dir := f.folder(t)
		f.sh(t, dir, document(t, "docs/shards/parallel.sh"), nil)
		f.joins(t, dir)
		if page, err := os.ReadFile(filepath.Join(dir, "edge.html")); err != nil || !bytes.Contains(page, []byte("edge-c")) {
			t.Errorf("the page: %d bytes, %v", len(page), err)
		}
	})
	for name, of := range map[string]func(i int) (string, []string){
		"Slurm": func(i int) (string, []string) {
			return slurm, []string{fmt.Sprintf("SLURM_ARRAY_TASK_ID=%d", i+1), fmt.Sprintf("SLURM_ARRAY_TASK_COUNT=%d", shares)}
		},
		"Kubernetes": func(i int) (string, []string) { return inPod, []string{fmt.Sprintf("JOB_COMPLETION_INDEX=%d", i)} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := f.folder(t)
			for i := range shares {
				script, env := of(i)
				f.sh(t, dir, script, env)
			}
			f.joins(t, dir)
		})
	}
}

// TestAnsibleTakesAShare has the command of the playbook understood.
func TestAnsibleTakesAShare(t *testing.T) {
	t.Parallel()
	line := regexp.MustCompile(`argv: \[edgecert, (.*)\]`).FindStringSubmatch(document(t, "docs/shards/ansible.yml"))
	if line == nil {
		t.Fatal("the playbook starts nothing")
	}
	argv := strings.Split(regexp.MustCompile(`"\{\{.*?\}\}/\{\{.*?\}\}"`).ReplaceAllString(line[1], "2/4"), ", ")
	if err := parses(argv); err != nil {
		t.Errorf("%q: %v", argv, err)
	}
	at := strings.Join(argv, " ")
	if _, err := targets.ParseShard("2/4"); err != nil || !strings.Contains(at, "--shard 2/4 ") || !strings.Contains(at, "-o .edgecert-part.json") {
		t.Errorf("%s (%v)", at, err)
	}
}

// A fleet is three pools on loopback, and a program before edgecert that has it
// scan them: whom to trust and to ask is nothing that a manifest should name.
type fleet struct{ targets, bin string }

func newFleet(t *testing.T) fleet {
	t.Helper()
	f := fleet{bin: t.TempDir()}
	var roots []byte
	resolver, keys := "", &lab.KeyRing{}
	for _, name := range []string{"edge-a", "edge-b", "edge-c"} {
		spec := lab.Healthy(time.Now())
		spec.Pool, spec.Keys = name, keys
		l, err := lab.Start(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(l.Close)
		f.targets += l.Targets()
		roots, resolver = append(roots, l.Roots()...), l.Resolver()
		if name != "edge-c" {
			f.targets += l.Address("edge1", "access", 443).String() + "\n"
		}
	}
	edgecert, err := exec.LookPath("edgecert")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(f.bin, "roots.pem")
	before := fmt.Sprintf("#!/bin/sh\ncase $1 in scan) shift; exec '%s' scan --roots '%s' --resolver %s --timeout 60s --quick \"$@\";; esac\nexec '%[1]s' \"$@\"\n", edgecert, file, resolver)
	for name, data := range map[string][]byte{file: roots, filepath.Join(f.bin, "edgecert"): []byte(before)} {
		if err := os.WriteFile(name, data, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// folder holds the targets.
func (f fleet) folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "targets.txt"), []byte(f.targets), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// sh runs a script, as sh reads it, in a folder. Its status is the worst verdict
// that a share may have.
func (f fleet) sh(t *testing.T, dir, script string, env []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-eu", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "PATH="+f.bin+":"+os.Getenv("PATH"), "HOME="+dir), env...)
	out, err := cmd.CombinedOutput()
	if exit := cmd.ProcessState.ExitCode(); exit > exitError || exit < 0 {
		t.Fatalf("%v: %s", err, out)
	}
}

// joins holds the parts in a folder, joined, against the fleet.
func (f fleet) joins(t *testing.T, dir string) {
	t.Helper()
	parts, err := filepath.Glob(filepath.Join(dir, "part-*.json"))
	if err != nil || len(parts) != shares {
		t.Fatalf("parts: %v, %v", parts, err)
	}
	for _, missing := range []int{0, 1} {
		var out, errOut bytes.Buffer
		status := run(t.Context(), append([]string{"report", "--format", "json"}, parts[missing:]...), strings.NewReader(""), &out, &errOut)
		r, err := report.Load(t.Context(), &out)
		if err != nil {
			t.Fatalf("%v: %s", err, errOut.String())
		}
		switch c := r.Coverage; {
		case missing == 0 && (len(r.Pools) != 4 || c.Planned != 3*12+2 || c.Failed > 0 || len(r.Evidence.Missing) > 0 || r.Evidence.Interrupted):
			t.Errorf("joined: %d pools, %+v, missing %v", len(r.Pools), c, r.Evidence.Missing)
		case missing > 0 && (status != exitError || len(r.Evidence.Missing) != missing):
			t.Errorf("without one part: exit status %d, missing %v", status, r.Evidence.Missing)
		}
	}
}
