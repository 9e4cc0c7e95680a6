package main

import (
	"bytes"
	"io"
	"net"
	"os"

	"path/filepath"
	"strings"
	"testing"
)

// hostileInput meets every reader of files with what has no end, is nested
// without end, or lies about its size, under a ceiling of memory.
func hostileInput(t *testing.T, program string) {
	dir := t.TempDir()
	put := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	pool := "pool p\n  access a.example 443\n  member m1 127.0.0.1\n"
	targets := put("targets.txt", pool)
	inventory := put("inventory.txt", pool+"  inventory m1 /dev/stdin\n")
	saved := `{"schema":"edgecert.scan/1","started":`
	const endless = "/dev/zero"
	for _, c := range []struct {
		name         string
		begin, again string // of stdin; again: without end
		args         []string
	}{
		{"targets of zeros", "", "", []string{"targets", endless}},
		{"a targets file without end", "pool p\n", "  sip-domains a.example\n", []string{"scan", "-t", "-"}},
		{"a line without end", "pool p", "p", []string{"scan", "-t", "-"}},
		{"a topology of zeros", "", "", []string{"targets", "--topology", endless}},
		{"a topology nested without end", "<?xml version='1.0'?>", "<Topology>", []string{"scan", "-t", "-"}},
		{"an inventory nested without end", "", `{"a":[`, []string{"check", endless, "-t", inventory}},
		{"CLIXML nested without end", "<Objs>", "<LST>", []string{"check", endless, "-t", inventory}},
		{"columns without end", "Thumbprint,", "a,", []string{"check", endless, "-t", inventory}},
		{"a saved scan of zeros", "", "", []string{"report", endless}},
		{"a number without end", saved, "1", []string{"report", "-"}},
		{"a text without end", saved + `"`, "2", []string{"report", "-"}},
		{"a key without end", `{"`, "k", []string{"report", "-"}},
		{"lists nested without end", saved, "[", []string{"report", "-"}},
		{"blanks without end before the document", "", " \n", []string{"report", "-"}},
		{"an earlier scan of zeros", "", "", []string{"scan", "127.0.0.1:1", "--previous", endless}},
		{"a certificate of zeros", "", "", []string{"check", endless, "-t", targets}},
		{"certificates without end", "", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", []string{"check", "-", "-t", targets}},
		{"DER nested without end", "", "\x30\x80", []string{"check", "-", "-t", targets}},
		{"roots of zeros", "", "", []string{"scan", "127.0.0.1:1", "--roots", endless}},
		{"an expected certificate of zeros", "", "", []string{"scan", "127.0.0.1:1", "--expect", endless}},
		{"a client certificate of zeros", "", "", []string{"scan", "127.0.0.1:1", "--client-cert", endless}},
		{"a client's key of zeros", "", "", []string{"scan", "127.0.0.1:1", "--client-cert", targets, "--client-key", endless}},
		{"a webhook's URL of zeros", "", "", []string{"scan", "127.0.0.1:1", "--webhook", "@" + endless}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cmd := limited(t, "-d 300000", append([]string{program}, c.args...)...)
			var errOut strings.Builder
			cmd.Stdin, cmd.Stderr = io.MultiReader(strings.NewReader(c.begin), &again{text: c.again}), &errOut
			_ = cmd.Run() // what stdin was not read of is an error, too
			if err := inWords(cmd.ProcessState.ExitCode(), errOut.String()); err != nil || strings.Contains(errOut.String(), "memory ran out") {
				t.Errorf("%v\n%.2000s", err, errOut.String())
			}
		})
	}
}

// again is a text without end.
type again struct {
	text string
	rest []byte
}

func (a *again) Read(p []byte) (int, error) {
	if a.text == "" {
		return 0, io.EOF
	}
	if len(a.rest) == 0 {
		a.rest = bytes.Repeat([]byte(a.text), 1+(64<<10)/len(a.text))
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

// hostilePeers has a scan meet endpoints, a mail server and a webhook that talk
// without end, under a ceiling of memory. A mail that was not sent is 3.
func hostilePeers(t *testing.T, program string) {
	var endpoints []string
	for _, says := range []string{
		"\x00", "220 hello\r\n", "220 hello ", "HTTP/1.1 200 OK\r\nX: ",
		"\x16\x03\x03\x40\x00\x02\xff\xff\xff", // a ServerHello of 16 MB
		"\x16\x03\x03\x00\x04\x00\x00\x00\x00", // messages that say nothing
		"\x15\x03\x03\x00\x02\x01\x5a",         // warnings
		"\x16\x03\x03\x00\x00",                 // empty records
	} {
		endpoints = append(endpoints, talking(t, says))
	}
	args := append([]string{program, "scan", "--resolver", endpoints[0], "--retries", "0", "--timeout", "20s", "--format", "json",
		"--mail-to", "a@b.example", "--mail-from", "a@b.example", "--smtp", talking(t, "220 hello "), "--smtp-clear",
		"--webhook", "http://" + talking(t, "HTTP/1.1 200 OK\r\nX: aaaaaaaaaaaaaaa\r\n")}, endpoints...)
	cmd := limited(t, "-d 300000", args...)
	var out, errOut strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errOut
	_ = cmd.Run()
	if code := cmd.ProcessState.ExitCode(); code != exitUsage || strings.Count(out.String(), `"outcome":"failed"`) != len(endpoints) {
		t.Errorf("exit status %d\n%s\n%.2000s", code, errOut.String(), out.String())
	}
	for _, want := range []string{"more than 1024 KB", "webhook"} {
		if !strings.Contains(errOut.String(), want) {
			t.Errorf("stderr lacks %q: %s", want, errOut.String())
		}
	}
}

// talking is the address of a server that says the same again and again.
func talking(t *testing.T, says string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.Copy(conn, &again{text: says})
			}()
		}
	}()
	return l.Addr().String()
}
