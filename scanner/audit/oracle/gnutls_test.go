package oracle

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"edgecert/scanner/lab/peer"
)

// gnuWorlds are as many as certtool judges in a few seconds, one a call.
const gnuWorlds = 220

// A difference from GnuTLS that is meant, with who is right. It says that one
// side refuses the world and the other does not.
type gnuExplanation struct {
	name     string
	mutated  []string
	weRefuse bool
}

func gnuExplanations() []gnuExplanation {
	return []gnuExplanation{
		{
			// Its profile refuses what weak-signature tells: the strength of a
			// signature is no matter of the path to us.
			name: "SHA-1", mutated: []string{"signed with SHA-1"},
		},
		{
			// RFC 9525 section 4.1, as against OpenSSL.
			name: "the subject in place of a SAN", weRefuse: true,
			mutated: []string{"no SAN, the name as subject", "an address alone", "a mail address alone"},
		},
		{
			// It looks at no key usage of a leaf; RFC 5246 section 7.4.2 does.
			name: "a key usage that does not suit", weRefuse: true,
			mutated: []string{"key usage of a CA", "key agreement alone", "key encipherment alone", "content commitment alone"},
		},
		{
			// RFC 5280 section 4.2.1.12, as against OpenSSL.
			name: "any purpose for any purpose", mutated: []string{"intermediate for any purpose"},
		},
		{
			// It takes nothing of a root but name and key; so does RFC 5280
			// section 6.1.1 (d). Windows and OpenSSL mind its purposes.
			name: "a root's own purposes", mutated: []string{"root for clients"}, weRefuse: true,
		},
		{
			// GnuTLS compares no directory names: what is excluded is a
			// violation, what is permitted is not. OpenSSL agrees with us.
			name: "another directory permitted", mutated: []string{"may issue for another directory"}, weRefuse: true,
		},
		{name: "another directory excluded", mutated: []string{"may not issue for another directory"}},
		{
			// It looks at names and key identifiers to find an issuer; OpenSSL
			// at issuer and serial number, too.
			name: "another serial number", mutated: []string{"leaf names another serial number of its issuer"}, weRefuse: true,
		},
		{
			// RFC 5280 sections 4.2.1.12 and 4.2.1.13, as OpenSSL reads them.
			name: "what may not be empty", weRefuse: true,
			mutated: []string{"a point of CRLs that is none", "a key usage without a bit", "an extended key usage without a purpose",
				"intermediate with an extended key usage without a purpose"},
		},
		{
			// It knows no constraints of policies, and refuses all.
			name: "policies", mutated: []string{"a policy is required below the leaf"},
		},
		{
			// CVE-2025-61727: a wildcard stands for a name that is excluded.
			name: "a wildcard that reaches an excluded name", mutated: []string{"may not issue for a name that a wildcard reaches"}, weRefuse: true,
		},
	}
}

// GnuTLS is a second opinion on chains, constraints, purposes and names. Its
// certtool judges at the machine's time, so these worlds last for decades and
// none is about dates.
func TestVerdictsAgreeWithGnuTLS(t *testing.T) {
	t.Parallel()
	program := peer.Program(t, "certtool", "gnutls-bin")
	k := newKeys(t)
	all := generateTimeless(t, k)
	ours := judge(t, all)
	dir := t.TempDir()
	explained := newTally()
	t.Run("worlds", func(t *testing.T) {
		for i, w := range all {
			t.Run(fmt.Sprint("world ", i), func(t *testing.T) {
				t.Parallel()
				text, good := gnutls(t, program, filepath.Join(dir, fmt.Sprint(i)), w)
				refused := len(ours[i]) > 0
				if refused != good {
					return
				}
				for _, e := range gnuExplanations() {
					if e.weRefuse == refused && slices.ContainsFunc(e.mutated, func(m string) bool { return slices.Contains(w.mutations, m) }) {
						explained.add(e.name)
						return
					}
				}
				t.Errorf("world of %q: we say %s, GnuTLS says %s", w.mutations, words(ours[i]), text)
			})
		}
	})
	for _, e := range gnuExplanations() {
		if explained.n[e.name] == 0 {
			t.Errorf("explained and never seen: %s", e.name)
		}
	}
}

func generateTimeless(t *testing.T, k keys) []*world {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	dated := validities()
	known := slices.DeleteFunc(mutations(), func(m mutation) bool {
		return slices.ContainsFunc(dated, func(d mutation) bool { return d.name == m.name })
	})
	var all []*world
	for n := range gnuWorlds {
		w := healthy(n)
		picked := []mutation{known[n%len(known)]}
		if n >= len(known) {
			picked = append(picked, known[r.IntN(len(known))])
		}
		for _, m := range picked {
			m.change(w)
			w.mutations = append(w.mutations, m.name)
		}
		for _, c := range []*struct{ NotBefore, NotAfter *time.Time }{
			{&w.root.NotBefore, &w.root.NotAfter}, {&w.lower.NotBefore, &w.lower.NotAfter}, {&w.leaf.NotBefore, &w.leaf.NotAfter},
		} {
			*c.NotBefore, *c.NotAfter = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2049, 12, 1, 0, 0, 0, 0, time.UTC)
		}
		if w.upper != nil {
			w.upper.NotBefore, w.upper.NotAfter = w.root.NotBefore, w.root.NotAfter
		}
		w.make(t, k, n)
		all = append(all, w)
	}
	return all
}

// gnutls judges one world: what certtool says last, and whether it is good.
func gnutls(t *testing.T, program, file string, w *world) (string, bool) {
	t.Helper()
	write(t, file, toPEM(w.chain))
	roots := file + ".roots"
	write(t, roots, nil)
	if w.trust != nil {
		write(t, roots, toPEM(append(w.chain[:0:0], w.trust)))
	}
	text, err := exec.CommandContext(t.Context(), program, "--verify", "--verify-profile=low", "--verify-hostname="+name,
		"--verify-purpose=1.3.6.1.5.5.7.3.1", "--load-ca-certificate="+roots, "--infile="+file).CombinedOutput()
	_, verdict, found := strings.Cut(string(text), "Chain verification output:")
	if !found {
		return strings.TrimSpace(string(text)), err == nil
	}
	return strings.TrimSpace(verdict), err == nil && strings.Contains(verdict, "is trusted")
}
