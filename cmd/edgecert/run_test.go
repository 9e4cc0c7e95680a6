package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"edgecert/scanner/edge"
	"edgecert/scanner/lab"
)

var update = flag.Bool("update", false, "write the README's rule table anew")

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

// TestREADMERules holds the README's table of rules against the catalogue.
func TestREADMERules(t *testing.T) {
	t.Parallel()
	const name, begin, end = "../../README.md", "<!-- rules: written by make golden -->\n", "<!-- end of rules -->"
	readme, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(readme), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("the README has lost the marks around its table of rules")
	}
	var table bytes.Buffer
	if err := writeRules(&table, true); err != nil {
		t.Fatal(err)
	}
	want := head + begin + "\n" + table.String() + "\n" + end + tail
	if want == string(readme) {
		return
	}
	if !*update {
		t.Fatal("the README's table of rules is not the catalogue's: run make golden")
	}
	if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestProxyRefuses has a proxy that wants a login: nothing can be said of any
// endpoint, so neither file nor state is touched.
func TestProxyRefuses(t *testing.T) {
	t.Parallel()
	proxy, _ := listen(t)
	go func() {
		for {
			c, err := proxy.Accept()
			if err != nil {
				return
			}
			_, _ = bufio.NewReader(c).ReadString('\n')
			_, _ = io.WriteString(c, "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
			c.Close()
		}
	}()
	folder := t.TempDir()
	file, state := filepath.Join(folder, "scan.json"), filepath.Join(folder, "state")
	if err := os.WriteFile(file, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errOut bytes.Buffer
	status := run(t.Context(), []string{"scan", "127.0.0.1:443", "127.0.0.2:443", "--proxy", "http://" + proxy.Addr().String(),
		"-o", file, "--state", state}, strings.NewReader(""), &out, &errOut)
	if status != exitUsage || out.Len() > 0 || !strings.Contains(errOut.String(), "407") {
		t.Errorf("exit status %d, %d bytes on stdout, stderr %s", status, out.Len(), errOut.String())
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "before" {
		t.Errorf("the file holds %q, %v", b, err)
	}
	if kept, _ := filepath.Glob(filepath.Join(state, "*.json")); len(kept) > 0 {
		t.Errorf("the state holds %v", kept)
	}
}
