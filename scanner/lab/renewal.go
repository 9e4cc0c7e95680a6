package lab

import "time"

// The states of a member's renewal.
const (
	isOld int32 = iota
	isRestarting
	isRenewed
)

// Renewal describes the healthy pool on the night of a renewal: every service
// still presents the old certificate, which has 5 of its days left, and presents
// the new one once its member was renewed.
func Renewal(now time.Time) Spec {
	s := Healthy(now)
	for i := range s.Cells {
		c := &s.Cells[i]
		renewed := c.Chain
		c.Renewed = &renewed
		makeOld(&c.Chain.Leaf)
	}
	return s
}

// makeOld makes a healthy leaf the one before it: 5 of 46 days are left.
func makeOld(t *Template) {
	t.NotBefore, t.NotAfter = t.NotBefore.AddDate(0, 0, -29), t.NotAfter.AddDate(0, 0, -29)
	t.Key.Label = "old leaf"
}

// Restart has every service of a member reset its connections, as they do while
// an Edge Server's services start, until Renew.
func (l *Lab) Restart(member string) { l.turn(member, isRestarting) }

// Renew has a member answer with its renewed certificate.
func (l *Lab) Renew(member string) { l.turn(member, isRenewed) }

func (l *Lab) turn(member string, state int32) {
	for _, s := range l.servers {
		if s.cell.Member == member {
			s.state.Store(state)
		}
	}
}

// RenewalSteps are what happens in a renewal, one after the other: each member
// restarts and comes back with the new certificate.
func (l *Lab) RenewalSteps() []func() {
	var steps []func()
	for _, m := range l.spec.Members {
		steps = append(steps, func() { l.Restart(m.Name) }, func() { l.Renew(m.Name) })
	}
	return steps
}
