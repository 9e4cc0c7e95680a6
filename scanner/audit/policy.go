package audit

import (
	"time"

	"edgecert/scanner/edge"
)

// Every number, date, port and OID that a rule goes by stands here, with who
// says so.

// Time is counted in seconds: a time.Duration ends at 292 years, and Windows
// writes its zero date, 1601, into certificates.
const secondsADay = 86400

// The ports of an Edge pool that rules know by number: the federation port is
// the one that speaks mutual TLS, the client port the one that must not.
// Source: "Port and protocol planning for Edge Servers" (Lync Server 2013).
const (
	federationPort = 5061
	clientPort     = 443
)

// A certificate about to expire is told at the earlier of a fixed number of
// days and a share of its lifetime: 30 days would be most of a 47-day
// certificate's life. A third of the lifetime is when the clients of short-lived
// certificates renew (Let's Encrypt, integration guide).
const (
	warnDays  = 30
	warnShare = 3 // a third of the lifetime
	failDays  = 7
	failShare = 10 // a tenth
)

// warnBefore and failBefore are how many seconds before its end a certificate of this
// lifetime is worth a warning, and an error.
func (s *scan) warnBefore(lifetime int64) int64 {
	if s.policy.WarnDays > 0 {
		return int64(s.policy.WarnDays) * secondsADay
	}
	return min(warnDays*secondsADay, lifetime/warnShare)
}

func (s *scan) failBefore(lifetime int64) int64 {
	if s.policy.ErrorDays > 0 {
		return int64(s.policy.ErrorDays) * secondsADay
	}
	return min(failDays*secondsADay, lifetime/failShare, s.warnBefore(lifetime)) // who asks for late warnings wants no earlier error
}

// Thresholds are the times from which `expires-soon` warns of a certificate,
// and from which it is an error: for drawing what the rule goes by.
func (p Policy) Thresholds(notBefore, notAfter time.Time) (warn, fail time.Time) {
	s := &scan{policy: p}
	life, end := lifetime(notBefore, notAfter), notAfter.Unix()
	return time.Unix(end-s.warnBefore(life), 0).UTC(), time.Unix(end-s.failBefore(life), 0).UTC()
}

// A LifetimeLimit is the longest validity, in days, that a public CA may give
// to a certificate issued from a date on.
type LifetimeLimit struct {
	From time.Time
	Days int
}

// LifetimeLimits are those of lifetime-too-long, latest first. Source: CA/Browser Forum, Baseline
// Requirements 6.3.2 as changed by ballots 193 (825 days), SC31 (398) and
// SC-081v3 (200, 100, 47).
func LifetimeLimits() []LifetimeLimit {
	return []LifetimeLimit{
		{date(2029, 3, 15), 47},
		{date(2027, 3, 15), 100},
		{date(2026, 3, 15), 200},
		{date(2020, 9, 1), 398},
		{date(2018, 3, 1), 825},
	}
}

// lifetimeAllowed is the limit for a certificate whose validity starts then;
// false for times before any that matters.
func lifetimeAllowed(notBefore time.Time) (limit LifetimeLimit, ok bool) {
	return edge.Find(LifetimeLimits(), func(l LifetimeLimit) bool { return !notBefore.Before(l.From) })
}

// lifetime is how many seconds a certificate is valid. Both ends count: "the period of
// time from notBefore through notAfter, inclusive" (RFC 5280, 4.1.2.5).
func lifetime(notBefore, notAfter time.Time) int64 { return between(notBefore, notAfter) + 1 }

// between is the seconds from one time to a later one.
func between(from, to time.Time) int64 { return to.Unix() - from.Unix() }

// LifetimeDays rounds up, as the Baseline Requirements count: a day is 86,400
// seconds, and any time beyond it is a day more (6.3.2).
func LifetimeDays(notBefore, notAfter time.Time) int {
	return int((lifetime(notBefore, notAfter) + secondsADay - 1) / secondsADay)
}

// A milestone is a date on which client authentication leaves the certificates
// of public CAs. Source: Chrome Root Program Policy 1.8, and what the CAs
// announced.
type milestone struct {
	on   time.Time
	what string
}

func clientAuthEnds() []milestone {
	return []milestone{
		{date(2025, 10, 1), "DigiCert leaves it out unless asked"},
		{date(2026, 6, 15), "Chrome accepts new intermediates for server authentication alone"},
		{date(2026, 7, 8), "Let's Encrypt issues none"},
		{date(2027, 2, 10), "Sectigo issues none (one trade page)"},
		{date(2027, 3, 1), "DigiCert issues none"},
		{date(2027, 3, 15), "Chrome accepts new certificates for server authentication alone"},
	}
}

// minRSABits is the smallest RSA key that is supported ("Certificate
// requirements for external user access"); Baseline Requirements 6.1.5 say the
// same.
const minRSABits = 2048

// shortLived are the days up to which a public certificate needs no CRL
// distribution point (Baseline Requirements 7.1.2.11.2 and 1.6.1: 10 days, 7
// for those issued from 2026-03-15 on).
func shortLived(notBefore time.Time) int {
	if notBefore.Before(date(2026, 3, 15)) {
		return 10
	}
	return 7
}

// maxAcceptableCAs is where a list of acceptable CAs becomes a worry. Schannel
// cuts what it sends at 16 KB (Microsoft KB 2464556 and KB 2880390), which is
// between 100 and 200 names.
const maxAcceptableCAs = 100

// tellAtMost is how many of a list a message names one by one: every member of
// a pool, which has twelve at most.
const tellAtMost = 12

// The profiles raise rules (Rule.Raised) to errors.
//
// federation: what a partner needs before the first message goes through.
//
// renewal: what is no more than odd on a quiet day, but after a renewal means
// that it is not finished: another certificate behind the same name, another
// chain on one member, a certificate that is still about to end.
const (
	profileFederation = "federation"
	profileRenewal    = "renewal"
)

func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}
