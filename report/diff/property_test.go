package diff

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"edgecert/scanner/audit"
)

// TestEveryChangeOfAFindingIsAnEvent: whatever cell or subject comes to a
// finding or leaves it between two scans, somebody is told.
func TestEveryChangeOfAFindingIsAnEvent(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 300 {
		was, is := night(t), night(t)
		f := audit.Finding{Rule: "weak-key", Severity: audit.Error, Message: "it is weak", Subjects: []string{"a.example", "b.example"}}
		cells := []int{0, 1, 2, 4, 5, 6, 8, 9, 10}
		rng.Shuffle(len(cells), func(a, b int) { cells[a], cells[b] = cells[b], cells[a] })
		cells = slices.Sorted(slices.Values(cells[:1+rng.IntN(len(cells))]))
		was.add(f, cells...)
		now := slices.Clone(cells)
		switch what := rng.IntN(4); {
		case what == 0 && len(now) > 1:
			now = slices.Delete(now, 0, 1)
		case what == 1 && len(now) < 9:
			for _, at := range []int{0, 1, 2, 4, 5, 6, 8, 9, 10} {
				if !slices.Contains(now, at) {
					now = slices.Sorted(slices.Values(append(now, at)))
					break
				}
			}
		case what == 2:
			f.Subjects = f.Subjects[:1]
		default:
			f.Subjects = []string{"a.example", fmt.Sprint(i, ".example")}
		}
		is.add(f, now...)
		if got := Compare(was.Report, is.Report); len(got) != 1 {
			t.Errorf("%v about %v, before %v: %d events", now, f.Subjects, cells, len(got))
		}
	}
}
