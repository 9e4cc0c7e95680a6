package audit

import (
	"testing"

	"edgecert/scanner/edge"
)

// An endpoint that refuses is one reason, whatever the rules wanted of it.
func TestWhatIsDownIsOneReason(t *testing.T) {
	t.Parallel()
	for class, want := range map[edge.ErrorClass]string{
		edge.ClassRefused: "edge2 (access 5061) refuses connections",
		edge.ClassTimeout: "edge2 (access 5061) does not answer",
		edge.ClassNotTLS:  "edge2 (access 5061) does not speak TLS",
	} {
		w := healthy(t)
		down(class, w.cell("edge2", edge.Access, 5061))
		if u := w.judge().Untold; len(u) != 1 || u[0].Reason != want {
			t.Errorf("%s: %+v, want %q alone", class, u, want)
		}
	}
}
