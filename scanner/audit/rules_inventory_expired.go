package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/edge"
)

const idInventoryExpired = "inventory-expired"

func inventoryExpired() Rule {
	return Rule{
		ID: idInventoryExpired, Family: "av", For: edgeAlone, Wire: true, Severity: Warning,
		Short: "has an assigned certificate, seen in the inventory alone, that ends soon or has ended", Mend: remedy.ByCertificate,
		Varies: "error where it has ended, or under the error threshold of expires-soon",
		Title:  "a certificate of the inventory that no endpoint presents ends soon, or has ended",
		Doc: `A certificate that is assigned on a member and never shown to a scanner ends without anybody seeing it: the internal
interface's (type Internal), with which the Edge talks to the servers inside, or the A/V Authentication certificate. When the
internal one ends, the Edge is cut off from the pool inside, and everything from outside stops at once.

How to fix it: renew it like any other: Request-CsCertificate -New -Type Internal (or the type that the finding names), then
Set-CsCertificate on the member. What is not assigned any more is not in Get-CsCertificate's output.`,
		Source:  `certificate types of an Edge Server: Internal beside the external ones (Microsoft, Request-CsCertificate, Set-CsCertificate); thresholds as for expires-soon`,
		Applies: func(w *world) bool { return len(w.pool.Inventory) > 0 },
		Run:     runInventoryExpired,
	}
}

func runInventoryExpired(w *world, r *result) {
	for _, records := range edge.GroupBy(w.pool.Inventory, func(rec edge.InventoryRecord) string {
		switch {
		case w.onWire(rec.Thumbprint): // expired and expires-soon tell of it
			r.pass()
		case rec.NotAfter.IsZero():
			r.couldNotTell("the inventory does not say when a certificate ends", w.ofMembers(rec.Member)...)
		case w.endsSoon(rec.NotBefore, rec.NotAfter) == "":
			r.pass()
		default:
			return rec.Use + rec.Thumbprint
		}
		return ""
	}) {
		rec := records[0]
		members := membersOf(records)
		f := Finding{
			Severity: w.endsSoon(rec.NotBefore, rec.NotAfter), Subjects: []string{rec.Thumbprint, rec.Use},
			Message: fmt.Sprintf("the certificate for %s of %s, thumbprint %s, which no endpoint presents, %s (%s)",
				rec.Use, list(members), strings.ToUpper(rec.Thumbprint), w.ends(rec.NotAfter), rec.Source),
		}
		switch role := edge.RoleOf(rec.Use); {
		case role == edge.AV && w.remedies().AVApart() && strings.EqualFold(rec.Thumbprint, w.remedies().Choose([]edge.Role{edge.AV}).Thumbprint):
			f.Steps = w.bothWays(edge.AV, w.everyMember())
		case role != "" && w.dialed(role):
			f.Of = role // what is due there is the certificate of its group
		case role != "" && w.rightRecord(w.recordsOf(rec.Use)).Thumbprint != rec.Thumbprint:
			f.Steps = w.bring(w.rightRecord(w.recordsOf(rec.Use)), members)
		default:
			f.Steps = []Step{{On: members, Text: "request one new certificate for the type " + rec.Use + ", bring it to each of these members and assign it"}}
		}
		r.find(f, w.ofMembers(members...)...)
	}
}

// dialed says whether a service of a role is one of the pool's.
func (w *world) dialed(r edge.Role) bool {
	return slices.ContainsFunc(w.captures, func(c edge.Capture) bool { return c.Endpoint.Role == r })
}

// endsSoon is how bad it is that a validity ends when it does; empty: not at all.
func (w *world) endsSoon(notBefore, notAfter time.Time) Severity {
	whole := int64(398 * secondsADay) // where the start is not known
	if !notBefore.IsZero() {
		whole = lifetime(notBefore, notAfter)
	}
	left := between(w.scan.now, notAfter)
	switch {
	case left < w.scan.failBefore(whole):
		return Error
	case left < w.scan.warnBefore(whole):
		return Warning
	default:
		return ""
	}
}
