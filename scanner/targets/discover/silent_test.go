package discover

import (
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"edgecert/scanner/edge"
	"edgecert/scanner/targets"
	"edgecert/scanner/targets/dns"
	"edgecert/scanner/targets/dns/dnstest"

	"github.com/google/go-cmp/cmp"
)

// A resolver that fails must not look like a domain without records.
func TestDiscoverWithoutAnswers(t *testing.T) {
	t.Parallel()
	z := &dnstest.Zone{Trouble: map[string]string{"_sip._tls.contoso.com": "SERVFAIL", "_sipfederationtls._tcp.contoso.com": "SERVFAIL"}}
	pools := Pools(t.Context(), []targets.Domain{{Name: "contoso.com"}}, resolver(t, z), outside{}.capture)
	if len(pools) != 1 || len(edge.Plan(pools)) != 0 {
		t.Fatalf("got %+v", pools)
	}
	var got []edge.LookupStatus
	for _, a := range pools[0].DNS.SRV {
		got = append(got, a.Status)
	}
	if d := cmp.Diff([]edge.LookupStatus{edge.Unknown, edge.Unknown, edge.Absent}, got); d != "" {
		t.Error(d)
	}
	if n := pools[0].Notes; len(n) != 3 || !strings.HasPrefix(n[0], "_sipfederationtls._tcp.contoso.com could not be looked up: SERVFAIL") ||
		n[2] != "no Edge of contoso.com found: its SRV records are not known, and sip.contoso.com has no address" {
		t.Errorf("notes %q", n)
	}
}

// `edgecert targets` dials nothing, and says what it could not know therefore.
func TestDiscoverWithoutDialing(t *testing.T) {
	t.Parallel()
	r := resolver(t, &dnstest.Zone{Records: []string{"sip.contoso.com. A 203.0.113.10", "webcon.contoso.com. A 203.0.113.20"}})
	want := []string{
		"Access Edge sip.contoso.com is guessed: a conventional name, not dialed; no SRV record leads to an Edge",
		"Web Conferencing Edge webcon.contoso.com, port 443, is guessed: a conventional name, not dialed",
		"no A/V Edge found: no conventional name leads to one; a scan looks into the certificate of Access too",
	}
	if d := cmp.Diff(want, Pools(t.Context(), []targets.Domain{{Name: "contoso.com"}}, r, nil)[0].Notes); d != "" {
		t.Error(d)
	}
}

// A resolver that says nothing delays a scan by two tries of one query, however
// many rounds of lookups there are.
func TestDiscoverBeforeADeadResolver(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var asked atomic.Int32
	go func() {
		for packet := make([]byte, 512); ; asked.Add(1) {
			if _, _, err := conn.ReadFrom(packet); err != nil {
				return
			}
		}
	}()
	pools := Pools(t.Context(), []targets.Domain{{Name: "contoso.com"}}, dns.Resolver{Server: conn.LocalAddr().String(), Timeout: 500 * time.Millisecond}, nil)
	if n := asked.Load(); n > 2*(3+2*2) { // two tries of three SRV records and of two names by two families
		t.Errorf("%d queries", n)
	}
	if n := pools[0].Notes; len(n) != 3 || !strings.HasPrefix(n[2], "no Edge of contoso.com found: its SRV records are not known, and sip.contoso.com could not be looked up: no answer") {
		t.Errorf("notes %q", n)
	}
}
