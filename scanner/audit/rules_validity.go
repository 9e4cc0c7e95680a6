package audit

import (
	"crypto/x509"
	"fmt"
	"time"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/audit/trust"
	"edgecert/scanner/edge"
)

func expired() Rule {
	return Rule{
		ID: "expired", Family: "validity", Question: edge.Validity, Severity: Error,
		Short: "%d", Mend: remedy.ByCertificate, Weight: weightAll,
		Title: "the certificate's time is over",
		Doc: `Nobody accepts the certificate any more: external sign-in, meetings and federation through the services that present it
have ended.

How to fix it: request, import and assign a new certificate on every member; where another member has the new one already,
import that one (same key, same certificate on all).`,
		Source: "RFC 5280 section 4.1.2.5: the validity period is from notBefore through notAfter, inclusive",
		Run: judgeLeaf(everywhere, func(w *world, g group, c *x509.Certificate) (f Finding) {
			if w.scan.now.After(c.NotAfter) {
				f.Message = fmt.Sprintf("certificate %s; presented by %s", w.tell(g.cert), w.where(g.at))
			}
			return f
		}),
	}
}

const idNotYetValid = "not-yet-valid"

func notYetValid() Rule {
	return Rule{
		ID: idNotYetValid, Family: "validity", Question: edge.Validity, Severity: Error,
		Short: "is not valid yet", Mend: remedy.ByCertificate, Weight: weightAll,
		Title: "the certificate's time has not come, or the scanner's clock is wrong",
		Doc: `The certificate is valid from a time in the future. Either it was assigned too early, and nobody accepts it until
then, or the clock of the machine that scanned is wrong, and so are the other statements about time.

How to fix it: look at the scanner's clock first (w32tm /query /status, timedatectl). Then assign the certificate that is
valid now: Set-CsCertificate -Type ... -Thumbprint ...`,
		Source: "RFC 5280 section 4.1.2.5: the validity period is from notBefore through notAfter, inclusive",
		Run: judgeLeaf(everywhere, func(w *world, g group, c *x509.Certificate) Finding {
			if !w.scan.now.Before(c.NotBefore) {
				return Finding{}
			}
			return Finding{
				Short: "is not valid before " + shortDate(c.NotBefore),
				Message: fmt.Sprintf("certificate %s is valid from %s, in %s by the scanner's own clock, which says %s; presented by %s",
					w.tell(g.cert), c.NotBefore.UTC().Format(time.RFC3339), span(between(w.scan.now, c.NotBefore)),
					w.scan.now.UTC().Format(time.RFC3339), w.where(g.at)),
				Fix: "see whether the scanner's clock is right; if so, assign the certificate that is valid now with Set-CsCertificate",
			}
		}),
	}
}

func expiresSoon() Rule {
	return Rule{
		ID: "expires-soon", Family: "validity", Question: edge.Validity, Severity: Warning,
		Short: "%d", Mend: remedy.ByCertificate, Weight: weightAll, Later: true, Raised: []string{profileRenewal},
		Varies: "error under min(7 days, a tenth of the lifetime) or --error-days",
		Title:  "the certificate ends soon: under min(30 days, a third of its lifetime)",
		Doc: `It is time to renew. The thresholds follow the lifetime, since public certificates shrink from 398 days to 200, 100
and 47: a fixed 30 days would nag through most of a 47-day certificate's life. Let's Encrypt is ahead of that: 45 days in
its profile tlsserver since 2026-05-13, by default 64 from 2027-02-10 on and 45 from 2028-02-16 on, and six-day certificates
since 2026-01-15. --warn-days and --error-days set fixed ones.

How to fix it: request the next certificate now (Request-CsCertificate), import the same PFX on every member
(Import-CsCertificate) and assign it on all of them (Set-CsCertificate) in one go.`,
		Source: "CA/Browser Forum ballot SC-081v3: 200 days from 2026-03-15, 100 from 2027-03-15, 47 from 2029-03-15",
		Run: judgeLeaf(everywhere, func(w *world, g group, c *x509.Certificate) Finding {
			level := w.endsSoon(c.NotBefore, c.NotAfter)
			if level == "" || w.scan.now.After(c.NotAfter) { // expired
				return Finding{}
			}
			return Finding{Severity: level, Message: fmt.Sprintf("certificate %s, of a lifetime of %s; presented by %s",
				w.tell(g.cert), plural(LifetimeDays(c.NotBefore, c.NotAfter), "day"), w.where(g.at))}
		}),
	}
}

func lifetimeTooLong() Rule {
	return Rule{
		ID: "lifetime-too-long", Family: "validity", Question: edge.Validity, Severity: Warning,
		Short: "is valid for longer than public CAs may issue", Mend: remedy.ByCertificate, Weight: weightAll,
		Title: "valid for longer than public CAs may issue (398, 200, 100, 47 days by the date of issue)",
		Doc: `A certificate that was issued for longer than the rules allowed on its day is refused by Apple's and Google's software,
and will be revoked once its CA notices. It means that the certificate is not from a public CA of good standing, or that
its start was dated back.

How to fix it: request a new certificate from a public CA, and plan for renewals twice, four and eight times a year. A
private CA may issue for longer, and is not asked.`,
		Applies: func(w *world) bool { return !w.pool.PrivateIssuer },
		Source:  `Baseline Requirements 6.3.2 as of ballot SC-081v3: 398 days, 200 from 2026-03-15, 100 from 2027-03-15, 47 from 2029-03-15; "a day is measured as 86,400 seconds. Any amount of time greater than this ... shall represent an additional day"`,
		Run: wrongLeaf(everywhere, func(w *world, g group, c *x509.Certificate) string {
			days := LifetimeDays(c.NotBefore, c.NotAfter)
			limit, ok := lifetimeAllowed(c.NotBefore)
			if !ok || days <= limit.Days || w.private(g) {
				return ""
			}
			return fmt.Sprintf("expected at most %d days for a certificate issued since %s, got %d (%s to %s)",
				limit.Days, shortDate(limit.From), days, shortDate(c.NotBefore), shortDate(c.NotAfter))
		}),
	}
}

// private says whether every chain of a leaf ends at a CA of somebody's own, as
// far as can be seen: one that only this host trusts, or that no public list has.
func (w *world) private(g group) bool {
	for _, i := range g.at {
		switch w.scan.forest.Judge(w.captures[i].Chain).Standing {
		case trust.Private, trust.SelfSigned:
		case trust.Trusted, trust.Incomplete:
			return false
		default:
			if !w.hostTrusts(g.cert) {
				return false
			}
		}
	}
	return true
}
