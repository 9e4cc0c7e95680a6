package probe

// A Gate lets a few endpoints compute while thousands wait for the network:
// whoever has passed it leaves it around every Dial and Read. Handshakes are
// all processor time between their reads, so more than a few at once only
// makes each of them slower and holds its memory longer. A nil Gate is open.
type Gate chan struct{}

// NewGate is a gate that n may have passed at a time.
func NewGate(n int) Gate { return make(Gate, n) }

// Full says whether as many as may have passed.
func (g Gate) Full() bool { return g != nil && len(g) == cap(g) }

func (g Gate) enter() {
	if g != nil {
		g <- struct{}{}
	}
}

func (g Gate) leave() {
	if g != nil {
		<-g
	}
}
