package dns

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"edgecert/scanner/edge"
)

func TestAHostsFileNameOfOneLabel(t *testing.T) {
	t.Parallel()
	got := Resolver{Timeout: time.Second}.patient().ask(t.Context(), "localhost", dnsmessage.TypeA)
	if got.status != edge.Found || !slices.Contains(got.addresses, netip.MustParseAddr("127.0.0.1")) {
		t.Errorf("localhost: %v %v, expected 127.0.0.1 of the hosts file", got.status, got.addresses)
	}
}
