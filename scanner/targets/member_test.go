package targets

import "testing"

// A member may be called by an address that is not the one to dial: its own
// behind NAT, or its public one where a tunnel leads there.
func TestMembersCalledByAnAddress(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"member 203.0.113.10 203.0.113.10", "member 10.0.0.10 203.0.113.10", "member 203.0.113.10 127.0.0.1",
		"member 203.0.113.10 access=127.0.0.1:20443,20061",
	} {
		if _, err := parse("targets.txt", []byte("pool edge\naccess sip.contoso.com\n"+line), nil); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}
