package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"edgecert/scanner/edge"
	"edgecert/scanner/lab"
)

var update = flag.Bool("update", false, "write anew what documents have from the code")

// TestInterrupted cancels a scan that waits for a silent server: what the
// others presented is reported, marked incomplete, and the status is 130.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	spec := lab.Healthy(time.Now())
	spec.Cell("edge2", edge.WebConf, 443).Speaks = lab.Tarpit
	l, err := lab.Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	targets, roots, err := writeLab(l, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	var out, errOut bytes.Buffer
	status := run(ctx, []string{"scan", "-t", targets, "--roots", roots, "--resolver", l.Resolver(),
		"--timeout", "60s", "--retries", "0", "--format", "json"}, strings.NewReader(""), &out, &errOut)
	if status != exitInterrupted {
		t.Errorf("exit status %d, want %d; stderr: %s", status, exitInterrupted, errOut.String())
	}
	for _, want := range []string{`"interrupted": true`, `"verdict": "incomplete"`, `"class":"interrupted"`, `"outcome":"captured"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report of an interrupted scan lacks %s", want)
		}
	}
}

// TestInterruptedWhileReadingStdin has nobody write the targets.
func TestInterruptedWhileReadingStdin(t *testing.T) {
	t.Parallel()
	silent, writer := io.Pipe()
	defer writer.Close()
	for _, command := range []string{"scan", "targets", "check=new.pem"} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var out, errOut bytes.Buffer
		args := append(strings.Split(command, "="), "-t", "-")
		if status := run(ctx, args, silent, &out, &errOut); status != exitInterrupted || out.Len() > 0 {
			t.Errorf("%s: exit status %d with %d bytes on stdout, want %d and none", command, status, out.Len(), exitInterrupted)
		}
		if !strings.Contains(errOut.String(), "interrupted") {
			t.Errorf("%s: stderr %q does not say why", command, errOut.String())
		}
	}
}

// TestInterruptedWhileDNSIsAsked has a resolver that says nothing: a list cut
// short would pass for a whole one, and of what was not asked nothing is known.
func TestInterruptedWhileDNSIsAsked(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"targets contoso.com --write", "scan contoso.com"} {
		_, resolver := listen(t)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			_, _, _ = resolver.ReadFrom(make([]byte, 512))
			cancel()
		}()
		var out, errOut bytes.Buffer
		args := append(strings.Fields(command), "--resolver", resolver.LocalAddr().String())
		if status := run(ctx, args, strings.NewReader(""), &out, &errOut); status != exitInterrupted {
			t.Errorf("%s: exit status %d, want %d; stderr: %s", command, status, exitInterrupted, errOut.String())
		}
		if strings.Contains(out.String(), "pool ") || strings.Contains(out.String(), "ERROR") {
			t.Errorf("%s: printed\n%s", command, out.String())
		}
	}
}

// TestDemoServes scans the demo's pool from elsewhere with what it prints.
func TestDemoServes(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	printed, w := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		defer w.Close()
		ended <- run(ctx, []string{"demo", "--serve"}, strings.NewReader(""), w, io.Discard)
	}()
	var files []string
	last := ""
	for lines := bufio.NewScanner(printed); !strings.HasPrefix(last, "edgecert scan ") && lines.Scan(); {
		last = lines.Text()
		if name, is := strings.CutPrefix(last, "# "); is {
			files = append(files, name)
		}
	}
	if len(files) != 3 {
		t.Fatalf("the demo printed %q, and last %q", files, last)
	}
	resolver := last[strings.LastIndexByte(last, ' ')+1:]
	status := run(t.Context(), []string{"scan", "-t", files[0], "--roots", files[1], "--resolver", resolver}, strings.NewReader(""), io.Discard, io.Discard)
	if status != exitError {
		t.Errorf("scanning it: exit status %d, want %d", status, exitError)
	}
	cancel()
	if status := <-ended; status != exitOK {
		t.Errorf("ending it: exit status %d, want %d", status, exitOK)
	}
	if _, err := os.Stat(files[0]); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the demo left %s behind: %v", files[0], err)
	}
}
