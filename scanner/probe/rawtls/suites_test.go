package rawtls

import (
	"crypto/tls"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"edgecert/scanner/lab/peer"
)

// offered are the suites of all ClientHellos together.
func offered() map[uint16]bool {
	ids := map[uint16]bool{}
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		ids[s.ID] = true
	}
	for _, s := range otherSuites() {
		ids[s.id] = true
	}
	return ids
}

func TestSuitesAreListedOnce(t *testing.T) {
	t.Parallel()
	all := len(tls.CipherSuites()) + len(tls.InsecureCipherSuites()) + len(otherSuites())
	if len(offered()) != all {
		t.Errorf("%d suites, of which %d differ", all, len(offered()))
	}
	if all >= 128 {
		t.Errorf("%d suites: some servers cannot bear 128", all)
	}
}

// Every suite of OpenSSL that comes with a certificate is offered, and called
// by the name that the registry has.
func TestSuitesOfOpenSSL(t *testing.T) {
	t.Parallel()
	path := peer.OpenSSL(t)
	out, err := exec.CommandContext(t.Context(), path, "ciphers", "-V", "-stdname", "ALL:COMPLEMENTOFALL:eNULL:@SECLEVEL=0").Output()
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^\s*0x(..),0x(..) - (TLS_\S+)`)
	found := line.FindAllStringSubmatch(string(out), -1)
	if len(found) < 100 {
		t.Fatalf("only %d suites in:\n%s", len(found), out)
	}
	ids := offered()
	for _, m := range found {
		name := m[3]
		if strings.Contains(name, "PSK") || strings.Contains(name, "SRP") || strings.Contains(name, "_anon_") {
			continue
		}
		id, err := strconv.ParseUint(m[1]+m[2], 16, 16)
		if err != nil {
			t.Fatal(err)
		}
		if !ids[uint16(id)] {
			t.Errorf("%#04x %s is not offered", id, name)
		}
		if got := CipherName(uint16(id)); got != name {
			t.Errorf("%#04x is called %s, not %s", id, got, name)
		}
	}
}
