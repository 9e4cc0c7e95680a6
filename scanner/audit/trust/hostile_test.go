package trust

import (
	"fmt"
	"testing"

	"edgecert/scanner/edge"
)

// Chains that are made to cost: each must be judged within the bounds of a few
// searches, and one that was given up must never read as a certain answer.
func TestJudgeHostileChainsAreBounded(t *testing.T) {
	t.Parallel()
	rootE, interE, leafE := newEntity(t, "Root"), newEntity(t, "Intermediate"), newEntity(t, "leaf")
	root, inter, leaf := certify(t, rootE, rootE), certify(t, interE, rootE), certify(t, leafE, interE, server)

	thousands := chain(leaf)
	for range 3000 {
		thousands = append(thousands, certify(t, interE, interE))
	}
	tests := []struct {
		name     string
		chain    []*edge.Certificate
		standing Standing
	}{
		{"thousands of one name and key", thousands, Unverified},
		{"sixty of one name and key", thousands[:60], Private},
		{"every CA of ten signed by every other", ring(t, 10), Unverified},
		{"deeper than any chain", ladder(t, 40), Unverified},
		{"strangers of the intermediate's name before it", append(impostors(t, 60), inter), Trusted},
	}
	tests[4].chain[0] = leaf
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := forest(root, sent("edge1", test.chain...))
			got := f.Judge(test.chain)
			if got.Standing != test.standing || got.Cut != (test.standing == Unverified) {
				t.Errorf("standing %q (%s, cut %v), want %q", got.Standing, got.Objection, got.Cut, test.standing)
			}
			if asked := len(f.links); asked > chainLimit {
				t.Errorf("%d signatures verified", asked)
			}
		})
	}
}

func ring(t *testing.T, n int) []*edge.Certificate {
	var cas []entity
	for i := range n {
		cas = append(cas, newEntity(t, fmt.Sprint("CA ", i)))
	}
	out := chain(certify(t, newEntity(t, "leaf of the ring"), cas[0], server))
	for _, a := range cas {
		for _, b := range cas {
			if a.name != b.name {
				out = append(out, certify(t, a, b))
			}
		}
	}
	return out
}

func ladder(t *testing.T, n int) []*edge.Certificate {
	var out []*edge.Certificate
	e := newEntity(t, "rung 0")
	for i := range n {
		above := newEntity(t, fmt.Sprint("rung ", i+1))
		out = append(out, certify(t, e, above))
		e = above
	}
	return out
}

func impostors(t *testing.T, n int) []*edge.Certificate {
	out := chain(nil)
	for range n {
		e := newEntity(t, "Intermediate")
		out = append(out, certify(t, e, e))
	}
	return out
}
