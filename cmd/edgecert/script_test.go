package main

import (
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"edgecert/scanner/edge"
	"edgecert/scanner/lab"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"edgecert": main})
}

// TestScripts runs the built command, one behaviour a file of testdata.
func TestScripts(t *testing.T) {
	t.Parallel()
	keys := &lab.KeyRing{}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"lab":      func(ts *testscript.TestScript, _ bool, args []string) { raise(ts, keys, args) },
			"exits":    exits,
			"renew":    renew,
			"terminal": terminal,
			"screen":   screenShows,
			"resize":   resize,
			"keys":     typeKeys,
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("NO_COLOR", "1")
			env.Setenv("LANG", "C.UTF-8")
			env.Values[labKey{}] = &scriptLab{}
			return nil
		},
	})
}

// raise starts an Edge pool on loopback: `lab [FAULT]...`. It writes
// targets.txt and roots.pem, and sets $RESOLVER and $LAB, which holds the flags
// to scan it with.
func raise(ts *testscript.TestScript, keys *lab.KeyRing, faults []string) {
	spec := lab.Healthy(time.Now())
	spec.Keys = keys
	for _, f := range faults {
		mutate, ok := labFaults()[f]
		if !ok {
			ts.Fatalf("lab: no fault %q", f)
		}
		mutate(&spec)
	}
	l, err := lab.Start(context.Background(), spec)
	ts.Check(err)
	ts.Defer(l.Close)
	if new := l.Renewed("edge1", edge.WebConf, 443); new != nil {
		ts.Setenv("NEW", fmt.Sprintf("%x", sha1.Sum(new.DER)))
		ts.Check(os.WriteFile(ts.MkAbs("new.cer"), new.DER, 0o600))
	}
	ts.Setenv("LEAF", fmt.Sprintf("%x", sha1.Sum(l.Leaf("edge1", edge.WebConf, 443).DER)))
	ts.Value(labKey{}).(*scriptLab).Lab = l
	_, _, err = writeLab(l, ts.MkAbs("."))
	ts.Check(err)
	ts.Setenv("RESOLVER", l.Resolver())
	ts.Setenv("WEBCON", l.Address("edge1", edge.WebConf, 443).String())
}

// labFaults are the faults that scripts order.
func labFaults() map[string]func(*lab.Spec) {
	webcon2 := func(s *lab.Spec) *lab.Cell { return s.Cell("edge2", edge.WebConf, 443) }
	return map[string]func(*lab.Spec){
		"renewal": func(s *lab.Spec) { s.Cells = lab.Renewal(s.Now).Cells },
		"renewed-lacks-fabrikam": func(s *lab.Spec) {
			for _, c := range s.Cells {
				leaf := &c.Renewed.Leaf
				leaf.Names = slices.DeleteFunc(slices.Clone(leaf.Names), func(name string) bool { return name == "sip.fabrikam.com" })
			}
		},
		"edge2-webcon-down":    func(s *lab.Spec) { webcon2(s).Speaks = lab.Closed },
		"edge2-webcon-tarpit":  func(s *lab.Spec) { webcon2(s).Speaks = lab.Tarpit },
		"edge2-webcon-http":    func(s *lab.Spec) { webcon2(s).Speaks = lab.HTTP },
		"edge2-webcon-renewed": func(s *lab.Spec) { webcon2(s).Chain.Leaf.Issue = 2 },
		"edge2-webcon-tls10":   func(s *lab.Spec) { webcon2(s).MinVersion = 0x0301 },
	}
}

// exits runs a command and demands its exit status: `exits 2 edgecert scan …`.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}
