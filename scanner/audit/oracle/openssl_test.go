package oracle

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"edgecert/scanner/edge"
)

// A verdict is what is wrong with a world, in the words that both sides share.
type verdict map[fault]bool

type fault string

const (
	purpose   fault = "purpose"   // the leaf is no server certificate
	hostname  fault = "hostname"  // its names do not cover the one asked for
	validity  fault = "validity"  // the leaf's dates
	authority fault = "authority" // the dates of a CA above it
	path      fault = "path"      // no sound path to a root
)

// openssl judges worlds with `openssl verify`, which takes many files a call.
// It stops at a name that does not match, hence a call with and one without it.
func openssl(t *testing.T, program string, worlds []*world) []verdict {
	t.Helper()
	dir := t.TempDir()
	var roots, sent bytes.Buffer
	var files []string
	for i, w := range worlds {
		file := fmt.Sprintf("%d.pem", i)
		files = append(files, file)
		write(t, filepath.Join(dir, file), toPEM(w.chain[:1]))
		sent.Write(toPEM(w.sent))
		if w.trust != nil {
			roots.Write(toPEM([]*edge.Certificate{w.trust}))
		}
	}
	write(t, filepath.Join(dir, "roots"), roots.Bytes())
	write(t, filepath.Join(dir, "sent"), sent.Bytes())
	out := make([]verdict, len(worlds))
	for i := range out {
		out[i] = verdict{}
	}
	base := []string{"verify", "-purpose", "sslserver", "-no-CApath", "-no-CAstore", "-CAfile", "roots", "-untrusted", "sent",
		"-attime", strconv.FormatInt(now().Unix(), 10)}
	for _, more := range [][]string{nil, {"-verify_hostname", name}} {
		cmd := exec.Command(program, append(append(base[:len(base):len(base)], more...), files...)...)
		cmd.Dir = dir
		text, err := cmd.CombinedOutput() // its status says that one of them failed
		if _, exited := err.(*exec.ExitError); err != nil && !exited {
			t.Fatal(err)
		}
		read(t, string(text), out)
	}
	return out
}

// read takes OpenSSL's words: any number of "error N at D depth lookup: …",
// then "FILE: OK" or "error FILE: verification failed".
func read(t *testing.T, text string, out []verdict) {
	t.Helper()
	var (
		oneError = regexp.MustCompile(`^error (\d+) at (\d+) depth lookup: (.*)$`)
		end      = regexp.MustCompile(`^(?:error )?(\d+)\.pem: (OK|verification failed)$`)
	)
	faults := verdict{}
	ends := 0
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if m := oneError.FindStringSubmatch(line); m != nil {
			faults[meaning(t, m[1], m[2], line)] = true
		} else if m := end.FindStringSubmatch(line); m != nil {
			i, _ := strconv.Atoi(m[1])
			for f := range faults {
				out[i][f] = true
			}
			if failed := m[2] != "OK"; failed && len(faults) == 0 {
				t.Errorf("OpenSSL refuses %s and does not say why", line)
			}
			faults = verdict{}
			ends++
		}
	}
	if ends != len(out) {
		t.Fatalf("OpenSSL answered for %d of %d files: %.500s", ends, len(out), text)
	}
}

// meaning translates an error number (X509_STORE_CTX_get_error(3)).
func meaning(t *testing.T, code, depth, line string) fault {
	t.Helper()
	leaf := depth == "0"
	switch code {
	case "62": // hostname mismatch
		return hostname
	case "9", "10": // not yet valid, expired
		if leaf {
			return validity
		}
		return authority
	case "26": // unsuitable certificate purpose
		if leaf {
			return purpose
		}
		return path
	case "2", "18", "19", "20", "21", // issuer not found, self-signed, not verifiable
		"7",        // signature
		"24", "79", // invalid CA
		"25",                               // path length
		"32",                               // key usage without certificate signing
		"34",                               // unknown critical extension
		"47", "48", "49", "50", "51", "52", // name constraints
		"53", "54":
		return path
	default:
		t.Errorf("an error of OpenSSL that nobody thought of: %s", line)
		return path
	}
}

func toPEM(certs []*edge.Certificate) []byte {
	var out bytes.Buffer
	for _, c := range certs {
		out.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return out.Bytes()
}

func write(t *testing.T, file string, data []byte) {
	t.Helper()
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
