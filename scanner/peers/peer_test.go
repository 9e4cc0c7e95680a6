//go:build linux

//go:debug tlssha1=1
//go:debug x509negativeserial=1
//go:debug rsa1024min=0
//go:debug tlsmaxrsasize=16384

// Package peers_test points scanner.Scan at programs that no one here wrote:
// TLS servers, relays, balancers and proxies of Debian, started on loopback.
package peers_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"edgecert/scanner"
	"edgecert/scanner/edge"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// write puts a file into the test's directory and returns its path.
func write(t *testing.T, name, text string, args ...any) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if len(args) > 0 {
		text = fmt.Sprintf(text, args...)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// at is an endpoint at addr. An Access service, unless the test changes it.
func at(addr netip.AddrPort) edge.Endpoint {
	port := int(addr.Port())
	return edge.Endpoint{Pool: "edge", Member: "edge1", Role: edge.Access, FQDN: "sip.contoso.com",
		Address: addr.Addr(), Port: port, ServicePort: 5061}
}

// scan scans one endpoint, as the command does.
func scan(t *testing.T, e edge.Endpoint, o scanner.Options) edge.Capture {
	t.Helper()
	if o.Timeout == 0 {
		o.Timeout = 20 * time.Second // eight of these run beside each other, under the race detector
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	captures, err := scanner.Scan(ctx, []edge.Endpoint{e}, o)
	if err != nil || len(captures) != 1 {
		t.Fatalf("scan: %d captures, %v", len(captures), err)
	}
	return captures[0]
}

func port(addr netip.AddrPort) string { return strconv.Itoa(int(addr.Port())) }
