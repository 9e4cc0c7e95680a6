package audit

import "time"

// Thresholds are the times from which `expires-soon` warns of a certificate,
// and from which it is an error: for drawing what the rule goes by.
func (p Policy) Thresholds(notBefore, notAfter time.Time) (warn, fail time.Time) {
	s := &scan{policy: p}
	life := lifetime(notBefore, notAfter)
	return notAfter.Add(-s.warnBefore(life)), notAfter.Add(-s.failBefore(life))
}

// A LifetimeRule is a date from which public CAs issue for fewer days.
type LifetimeRule struct {
	From time.Time
	Days int
}

// LifetimeRules returns the limits of lifetime-too-long, latest first.
func LifetimeRules() []LifetimeRule {
	var out []LifetimeRule
	for _, l := range lifetimeLimits() {
		out = append(out, LifetimeRule{From: l.from, Days: l.days})
	}
	return out
}
