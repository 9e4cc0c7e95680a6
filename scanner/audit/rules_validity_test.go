package audit

import (
	"crypto/x509"
	"testing"
	"time"

	"edgecert/scanner/edge"
)

func valid(from, to time.Time) leafOption {
	return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = from, to }
}

func validityCases() []ruleCase {
	return []ruleCase{
		{
			rule: "expired", name: "ended yesterday", want: Found, change: with(valid(date(2026, 1, 1), today().Add(-26*time.Hour))),
			at: "pool", says: []string{"expired 2026-05-31, 26 hours ago", "edge1, edge2 and edge3 (every service)"},
		},
		{
			rule: "expired", name: "ended on one member, renewed on the others", want: Found,
			change: func(w *testWorld) {
				present(makeLeaf(w.t, valid(date(2026, 1, 1), date(2026, 5, 30))), w.cell("edge3", edge.WebConf, 443))
			},
			at: "edge3 webcon 443", fix: "on edge3: the certificate is assigned already", also: []string{idMembers},
		},
		{rule: "expired", name: "ends this second", want: Pass, change: with(valid(date(2026, 1, 1), today())), also: []string{"expires-soon"}},
		{
			rule: "not-yet-valid", name: "valid from tomorrow", want: Found, change: with(valid(today().Add(24*time.Hour), today().Add(100*day))),
			at: "pool", says: []string{"in 24 hours by the scanner's own clock", "2026-06-01T12:00:00Z"},
		},
		{rule: "expires-soon", name: "29 days of 199 left", want: Found, change: with(valid(today().Add(-170*day), today().Add(29*day))), at: "pool", says: []string{"in 29 days", "200 days"}},
		{rule: "expires-soon", name: "6 days of 199 left", want: Found, severity: Error, change: with(valid(today().Add(-193*day), today().Add(6*day))), at: "pool"},
		{rule: "expires-soon", name: "20 days of 46 left", want: Pass, change: with(valid(today().Add(-26*day), today().Add(20*day)))},
		{rule: "expires-soon", name: "15 days of 46 left", want: Found, change: with(valid(today().Add(-31*day), today().Add(15*day))), at: "pool"},
		{rule: "expires-soon", name: "5 days of 46 left", want: Found, change: with(valid(today().Add(-41*day), today().Add(5*day))), at: "pool"},
		{rule: "expires-soon", name: "4 days of 46 left", want: Found, severity: Error, change: with(valid(today().Add(-42*day), today().Add(4*day))), at: "pool"},
		{
			rule: "expires-soon", name: "168 days left of --error-days 200", want: Found, severity: Error,
			change: func(w *testWorld) { w.policy.ErrorDays = 200 }, at: "pool",
		},
		{
			rule: "expires-soon", name: "5 days left of --warn-days 3", want: Pass,
			change: func(w *testWorld) { w.policy.WarnDays = 3; with(valid(today().Add(-194*day), today().Add(5*day)))(w) },
		},
		{
			rule: "lifetime-too-long", name: "200 days and a second, since 2026-03-15", want: Found, change: with(valid(date(2026, 5, 1), date(2026, 5, 1).Add(200*day))),
			at: "pool", says: []string{"at most 200 days for a certificate issued since 2026-03-15, got 201"},
		},
		{
			rule: "expires-soon", name: "three days left since 1601, where Windows' dates begin", want: Found, severity: Error, at: "pool",
			says: []string{"in 3 days"}, change: with(valid(date(1601, 1, 1), today().Add(3*day))),
		},
		{
			rule: "not-yet-valid", name: "valid in a thousand years", want: Found, at: "pool",
			says: []string{"in 365210 days"}, change: with(valid(date(3026, 5, 1), date(3026, 6, 1))),
		},
		{rule: "lifetime-too-long", name: "200 days to the second", want: Pass, change: with(valid(date(2026, 5, 1), date(2026, 5, 1).Add(200*day-time.Second)))},
		{rule: "lifetime-too-long", name: "398 days, issued the day before", want: Pass, change: with(valid(date(2026, 3, 14), date(2026, 3, 14).Add(398*day-time.Second)))},
		{
			rule: "lifetime-too-long", name: "two years of a private CA", want: NotApplicable,
			change: func(w *testWorld) { w.pool().PrivateIssuer = true; with(valid(date(2026, 1, 1), date(2028, 1, 1)))(w) },
		},
	}
}

func TestLifetimeAllowed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		from time.Time
		want int // days; 0: no limit
	}{
		{"before any limit", date(2018, 2, 28), 0},
		{"825 days", date(2020, 8, 31), 825},
		{"the first day of 398", date(2020, 9, 1), 398},
		{"the last second of 398", date(2026, 3, 15).Add(-time.Second), 398},
		{"the first day of 200", date(2026, 3, 15), 200},
		{"the first day of 100", date(2027, 3, 15), 100},
		{"the first day of 47", date(2029, 3, 15), 47},
	} {
		if got, _ := lifetimeAllowed(c.from); got.Days != c.want {
			t.Errorf("%s: %d, want %d", c.name, got.Days, c.want)
		}
	}
}

// Both ends count, what is left of a day is a whole one, and centuries do too.
func TestLifetimeDays(t *testing.T) {
	t.Parallel()
	from := date(2026, 5, 1)
	for want, to := range map[int]time.Time{1: from, 200: from.Add(200*day - time.Second), 201: from.Add(200 * day),
		146097 + 1: from.AddDate(400, 0, 0)} {
		if got := LifetimeDays(from, to); got != want {
			t.Errorf("to %s: %d days, want %d", to, got, want)
		}
	}
}
