// Bench scans farms on loopback with the program and, in turn, with a bare loop
// of crypto/tls handshakes that judges nothing (loop (a)), and prints what the
// whole processes cost, as medians with their ratios.
//
// Usage:
//
//	bench [-n ENDPOINTS] [-rounds N] [-only FLEET] bin/edgecert
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"edgecert/scanner/lab/farm"
)

// A fleet is one farm and what is measured against it.
type fleet struct {
	name  string
	share int // of the endpoints, in percent
	spec  farm.Spec
	loop  []string   // arguments of loop (a)
	scans [][]string // arguments of scan
}

func fleets() []fleet {
	quick := []string{"--quick"}
	return []fleet{
		{name: "near", share: 100, loop: []string{"64"}, scans: [][]string{quick, nil}},
		{name: "near, TLS 1.2", share: 100, spec: farm.Spec{MaxVersion: 0x0303}, loop: []string{"64"}, scans: [][]string{quick}},
		{name: "distant", share: 50, spec: farm.Spec{Delay: 50 * time.Millisecond, Jitter: 100 * time.Millisecond}, loop: []string{"512"}, scans: [][]string{quick}},
		{name: "partly silent", share: 100, spec: farm.Spec{Mix: map[farm.Behaviour]int{farm.Tarpit: 5, farm.Closed: 5}},
			loop: []string{"4096"}, scans: [][]string{{"--quick", "--timeout", "5s"}, {"--timeout", "5s"}}},
	}
}

func main() {
	n := flag.Int("n", 10_000, "endpoints")
	rounds := flag.Int("rounds", 3, "of each command")
	only := flag.String("only", "", "this fleet alone")
	flag.Parse()
	args := flag.Args()
	var err error
	switch {
	case len(args) == 3 && args[0] == "loop":
		err = loop(os.Stdout, args[1], args[2])
	case len(args) == 3 && args[0] == "farm":
		err = serve(os.Stdout, os.Stdin, args[1], args[2])
	case len(args) == 3 && args[0] == "verify":
		err = verify(args[1], args[2])
	case len(args) == 1:
		err = bench(os.Stdout, args[0], *n, *rounds, *only)
	default:
		err = errors.New("usage: bench [-n ENDPOINTS] [-rounds N] [-only FLEET] bin/edgecert")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) // a program of its own, for make bench
	}
}

func bench(out io.Writer, program string, n, rounds int, only string) error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, f := range fleets() {
		if only != "" && f.name != only {
			continue
		}
		if err := measure(out, f, program, dir, n*f.share/100, rounds); err != nil {
			return fmt.Errorf("fleet %q: %w", f.name, err)
		}
	}
	return nil
}

func measure(out io.Writer, f fleet, program, dir string, n, rounds int) error {
	f.spec.Addresses = n / 2
	self, err := os.Executable()
	if err != nil {
		return err
	}
	// Everything large is a process of its own: a child's peak cannot read below
	// the size of the process that started it.
	stop, err := startFarm(self, f.spec, dir)
	if err != nil {
		return err
	}
	defer stop()
	targets, root, report := filepath.Join(dir, targetsFile), filepath.Join(dir, rootFile), filepath.Join(dir, "scan.json")
	commands := [][]string{append([]string{self, "loop", targets}, f.loop...)}
	names := []string{"loop (a) at " + f.loop[0]}
	for _, s := range f.scans {
		commands = append(commands, slices.Concat([]string{program, "scan", "-t", targets, "--roots", root, "-o", report}, s))
		names = append(names, strings.TrimSpace("scan "+strings.Join(s, " ")))
	}
	costs := make([][]cost, len(commands))
	for range rounds {
		for i, c := range commands {
			x, err := run(c, 2)
			if err != nil {
				return err
			}
			if i > 0 {
				if _, err := run([]string{self, "verify", report, filepath.Join(dir, truthFile)}, 0); err != nil {
					return fmt.Errorf("%s: %w", names[i], err)
				}
				info, err := os.Stat(report)
				if err != nil {
					return err
				}
				x.bytes = info.Size()
			}
			costs[i] = append(costs[i], x)
		}
	}
	return table(out, f.name, n, names, costs)
}

// A cost is what one run of a whole process took.
type cost struct {
	wall, cpu time.Duration
	peak      int64 // bytes
	bytes     int64 // of JSON
}

// tooLong ends a run that hangs.
const tooLong = 10 * time.Minute

// run lets a command end with up to worst: a scan with findings has done its job.
func run(command []string, worst int) (cost, error) {
	ctx, cancel := context.WithTimeout(context.Background(), tooLong)
	defer cancel()
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	start := time.Now()
	c.Stderr = os.Stderr
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() < 0 || exit.ExitCode() > worst) {
		return cost{}, fmt.Errorf("%s: %w", strings.Join(command, " "), err)
	}
	s := c.ProcessState
	return cost{wall: time.Since(start), cpu: s.UserTime() + s.SystemTime(), peak: peak(s)}, nil
}
