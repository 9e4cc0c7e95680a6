package discover

import (
	"testing"

	"edgecert/scanner/edge"
	"edgecert/scanner/targets"
	"edgecert/scanner/targets/dns/dnstest"

	"github.com/google/go-cmp/cmp"
)

func TestPartner(t *testing.T) {
	t.Parallel()
	const federation = "_sipfederationtls._tcp.tailspin.example. SRV 0 0 5061 exp.tailspin.example."
	address := []string{"exp.tailspin.example. A 203.0.113.70"}
	for name, tt := range map[string]struct {
		records []string
		outside outside
		want    edge.PoolKind
	}{
		"an Expressway, found by its federation record": {append(address, federation), outside{"203.0.113.70:5061": "exp.tailspin.example"}, edge.PartnerPool},
		"clients on another host": {append(address, federation, "_sip._tls.tailspin.example. SRV 0 0 443 sip.tailspin.example.", "sip.tailspin.example. A 203.0.113.71"),
			outside{"203.0.113.70:5061": "exp.tailspin.example"}, edge.PartnerPool},
		"clients and partners on one host": {append(address, federation, "_sip._tls.tailspin.example. SRV 0 0 443 exp.tailspin.example."),
			outside{"203.0.113.70:5061": "exp.tailspin.example"}, edge.EdgePool},
		"a relay that answers": {append(address, federation, "av.tailspin.example. A 203.0.113.72"),
			outside{"203.0.113.70:5061": "exp.tailspin.example", "203.0.113.72:443": "pseudo-TLS"}, edge.EdgePool},
		"Web Conferencing that answers": {append(address, federation, "webcon.tailspin.example. A 203.0.113.73"),
			outside{"203.0.113.70:5061": "exp.tailspin.example", "203.0.113.73:443": "webcon.tailspin.example"}, edge.EdgePool},
		"nothing found": {nil, nil, edge.EdgePool},
	} {
		pools := Pools(t.Context(), []targets.Domain{{Name: "tailspin.example"}}, resolver(t, &dnstest.Zone{Records: tt.records}), tt.outside.capture)
		got := Partner(pools[0])
		if got.Kind != tt.want {
			t.Errorf("%s: %s, with %v", name, got.Kind, got.Services)
		}
		if got.Kind == edge.PartnerPool {
			if d := cmp.Diff([]string{"judged as a partner's federation host: it shows no mark of an Edge"}, got.Notes); d != "" || len(got.Services) != 1 {
				t.Errorf("%s: %s", name, d)
			}
		}
	}
}
