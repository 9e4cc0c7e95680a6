// Package peer starts programs that no one here wrote, for tests: TLS and DNS
// servers, relays, proxies, a browser. Debian's packages hold all of them and
// .ci/peers installs these.
//
// Where a program is absent its tests are left out; with EDGECERT_REAL=1
// (`make test-real`, CI) that is a failure.
package peer

import (
	"bytes"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Program is the path of a program of a Debian package.
func Program(t testing.TB, name, debian string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil { // root's path is not everybody's
		path, err = exec.LookPath(filepath.Join("/usr/sbin", name))
	}
	if err != nil {
		Absent(t, name, debian)
	}
	return path
}

// OpenSSL is the path of OpenSSL. macOS has LibreSSL by that name, which knows
// other options.
func OpenSSL(t testing.TB) string {
	t.Helper()
	path := Program(t, "openssl", "openssl")
	if version, err := exec.Command(path, "version").Output(); err != nil || !bytes.HasPrefix(version, []byte("OpenSSL ")) {
		Absent(t, "OpenSSL", "openssl")
	}
	return path
}

// Absent leaves a test out for want of something of a Debian package, or fails
// it where nothing may be left out.
func Absent(t testing.TB, what, debian string) {
	t.Helper()
	say := t.Skipf
	if os.Getenv("EDGECERT_REAL") == "1" {
		say = t.Fatalf
	}
	say("left out: %s is not there; hint: .ci/peers installs Debian's package %s", what, debian)
}

// Address is a free TCP port of a loopback address that nobody else is likely
// to have: between asking for a port and the program taking it, tests beside
// this one open connections and listeners by the hundred on 127.0.0.1.
func Address(t testing.TB) netip.AddrPort {
	t.Helper()
	r := func() byte { return byte(1 + rand.IntN(250)) }
	return FreePort(t, netip.AddrFrom4([4]byte{127, r(), r(), r()}))
}

// FreePort is a TCP port of ip that was free just now.
func FreePort(t testing.TB, ip netip.Addr) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", netip.AddrPortFrom(ip, 0).String())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).AddrPort()
}
