package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/edge"
)

func avCertificateDiffers() Rule {
	return Rule{
		ID: "av-certificate-differs", Family: "av", Severity: Error,
		Title: "by the inventory, a member's A/V certificate is another one, or has expired",
		Doc: `The A/V Authentication certificate keys the tokens with which media is relayed, and every member must have the same one
with the same private key: a token from one member is refused by another, so calls and desktop sharing from outside fail
depending on which member is met. The wire never shows this certificate; the members' own inventory does.

A certificate that is staged with -Roll is not in use yet. It must be the same on all members too, and is told apart.

How to fix it: take the inventory on each member:
    ` + edge.CollectInventory + ` |
        Out-File -Encoding utf8 certs-$env:COMPUTERNAME.json
and name it in the targets file (inventory edge1 certs-EDGE1.json). Where a member differs:
    Import-CsCertificate -Path C:\edge.pfx -Password (Read-Host) -PrivateKeyExportable $true
    Set-CsCertificate -Type AudioVideoAuthentication -Thumbprint (Read-Host)
    Stop-CsWindowsService; Start-CsWindowsService`,
		Source:  `"All Edge Servers (of the same pool) need to have the exact same certificate with the same private key for the Media Relay Authentication service" (Microsoft, "Edge Server environmental requirements in Skype for Business Server")`,
		Applies: func(w *world) bool { return len(w.pool.Inventory) > 0 },
		Run: func(w *world, r *result) {
			w.judgeInUse(r)
			w.judgeStaged(r)
		},
	}
}

// avRecords are the A/V certificates of the inventory, those in use or those
// staged.
func (w *world) avRecords(staged bool) []edge.InventoryRecord {
	return slices.DeleteFunc(slices.Clone(w.pool.Inventory), func(r edge.InventoryRecord) bool {
		return r.Use != edge.TypeAV || r.Staged != staged
	})
}

func (w *world) judgeInUse(r *result) {
	records := w.avRecords(false)
	for _, m := range w.pool.Members {
		if !slices.ContainsFunc(records, func(rec edge.InventoryRecord) bool { return rec.Member == m.Name }) {
			r.couldNotTell("no inventory of the A/V certificate", w.ofMember(m.Name, edge.AV)...)
		}
	}
	if len(records) == 0 {
		r.couldNotTell("no inventory of the A/V certificate")
		return
	}
	expected := w.expectedAV()
	if len(expected) == 0 && !w.pool.PerService { // nothing on the wire to compare with
		r.couldNotTell("nothing was seen to compare the inventory with")
	}
	thumbs := thumbprints(records)
	switch {
	case len(thumbs) > 1:
		r.findAV(w.oddRecords(records, expected), w.fixAV(records),
			"the members have different A/V certificates by their inventory: "+w.recordHolders(records))
	case len(expected) > 0 && !slices.Contains(expected, thumbs[0]):
		fix := w.fixAV(records)
		if w.assignedToAccess(records) {
			fix = on(membersOf(records)) + ": " + restartFirst
		}
		r.findAV(records, fix, fmt.Sprintf("the A/V certificate of the inventory is not the one that Access and Web Conferencing present: %s; on the wire %s",
			w.recordHolders(records), w.wireStory()))
	case len(w.inTime(records)) == 0 && !w.onWire(thumbs[0]):
		r.findAV(records, w.fixAV(records), fmt.Sprintf("the A/V certificate %s of %s expired %s by its inventory (%s)",
			strings.ToUpper(thumbs[0]), list(membersOf(records)), shortDate(records[0].NotAfter), records[0].Source))
	default:
		r.pass()
	}
}

// inTime leaves out the certificates that have expired.
func (w *world) inTime(records []edge.InventoryRecord) []edge.InventoryRecord {
	return slices.DeleteFunc(slices.Clone(records), func(rec edge.InventoryRecord) bool {
		return !rec.NotAfter.IsZero() && rec.NotAfter.Before(w.scan.now)
	})
}

// judgeStaged looks at the certificates that wait for their day: one member
// that has none, or another one, breaks the pool on that day.
func (w *world) judgeStaged(r *result) {
	staged := w.avRecords(true)
	if len(staged) == 0 {
		return
	}
	var without []string
	for _, m := range w.pool.Members {
		if !slices.ContainsFunc(staged, func(rec edge.InventoryRecord) bool { return rec.Member == m.Name }) {
			without = append(without, m.Name)
		}
	}
	switch {
	case len(thumbprints(staged)) > 1:
		r.findAV(staged, w.fixRoll(staged, without), "the members have different A/V certificates staged with -Roll: "+w.recordHolders(staged))
	case len(without) > 0:
		r.find(Finding{
			Severity: Warning,
			Message:  fmt.Sprintf("an A/V certificate is staged with -Roll on some members alone: %s; not on %s", w.recordHolders(staged), list(without)),
			Fix:      w.fixRoll(staged, without),
			Subjects: thumbprints(staged),
		}, w.avCells(without)...)
	default:
		r.pass()
	}
}

// expectedAV are the thumbprints that the A/V certificate may have: what the
// pool's other services usually present, or should. With separate certificates
// nothing is expected but that the members agree.
func (w *world) expectedAV() []string {
	if w.pool.PerService {
		return nil
	}
	var out []string
	for _, s := range w.services() {
		if len(s.seen) == 0 || s.role != edge.Access && s.role != edge.WebConf {
			continue
		}
		usual := w.usual(s.seen)
		for _, c := range w.distinct(s.seen) {
			if slices.Contains(usual, c.Fingerprint) {
				out = append(out, c.Thumbprint())
			}
		}
	}
	if c := w.right(edge.AV); c != nil {
		out = append(out, c.Thumbprint())
	}
	return out
}

// oddRecords are those of the one member that is not as expected, or as the
// others; all of them where it is not one.
func (w *world) oddRecords(records []edge.InventoryRecord, expected []string) []edge.InventoryRecord {
	count := timesAssigned(records)
	odd := func(usual func(edge.InventoryRecord) bool) []edge.InventoryRecord {
		return slices.DeleteFunc(slices.Clone(records), usual)
	}
	if out := odd(func(rec edge.InventoryRecord) bool { return slices.Contains(expected, rec.Thumbprint) }); len(out) == 1 {
		return out
	}
	if out := odd(func(rec edge.InventoryRecord) bool { return 2*count[rec.Thumbprint] > len(records) }); len(out) == 1 {
		return out
	}
	return records
}

func timesAssigned(records []edge.InventoryRecord) map[string]int {
	count := map[string]int{}
	for _, rec := range records {
		count[rec.Thumbprint]++
	}
	return count
}

// findAV adds a finding about the A/V service of the members of these records.
func (r *result) findAV(who []edge.InventoryRecord, fix, message string) {
	members := membersOf(who)
	r.find(Finding{Message: message, Fix: fix, Subjects: thumbprints(who)}, r.w.avCells(members)...)
}

// avCells are the captures of these members' A/V service, or all of theirs where
// none was dialed.
func (w *world) avCells(members []string) []int {
	var at, others []int
	for i, c := range w.captures {
		switch {
		case !slices.Contains(members, c.Endpoint.Member):
		case c.Endpoint.Role == edge.AV:
			at = append(at, i)
		default:
			others = append(others, i)
		}
	}
	if len(at) == 0 {
		return others
	}
	return at
}

func membersOf(records []edge.InventoryRecord) []string {
	var out []string
	for _, rec := range records {
		out = append(out, rec.Member)
	}
	return out
}

// rightAV is the thumbprint to assign: that of the certificate which the other
// services should have; else the newest of the inventory, or the one that most
// members have; empty where that cannot be told.
func (w *world) rightAV(records []edge.InventoryRecord) string {
	if c := w.right(edge.AV); !w.pool.PerService && c != nil && w.valid(c) {
		return thumbprint(c)
	}
	records = w.inTime(records)
	if len(records) == 0 {
		return ""
	}
	count := timesAssigned(records)
	order := func(a, b edge.InventoryRecord) int {
		return cmp.Or(a.NotBefore.Compare(b.NotBefore), cmp.Compare(count[a.Thumbprint], count[b.Thumbprint]))
	}
	best := slices.MaxFunc(records, order)
	if slices.ContainsFunc(records, func(rec edge.InventoryRecord) bool { return rec.Thumbprint != best.Thumbprint && order(rec, best) == 0 }) {
		return ""
	}
	return hexOnly(best.Thumbprint)
}

func thumbprints(records []edge.InventoryRecord) []string {
	var out []string
	for _, rec := range records {
		if !slices.Contains(out, rec.Thumbprint) {
			out = append(out, rec.Thumbprint)
		}
	}
	return out
}

// recordHolders says which member has which certificate.
func (w *world) recordHolders(records []edge.InventoryRecord) string {
	var parts []string
	for _, thumb := range thumbprints(records) {
		var members []string
		end := ""
		for _, rec := range records {
			if rec.Thumbprint == thumb {
				members = append(members, rec.Member)
				switch {
				case rec.NotAfter.IsZero():
				case rec.NotAfter.Before(w.scan.now):
					end = ", expired " + shortDate(rec.NotAfter)
				default:
					end = ", ends " + shortDate(rec.NotAfter)
				}
			}
		}
		parts = append(parts, fmt.Sprintf("%s: thumbprint %s%s", list(members), strings.ToUpper(thumb), end))
	}
	return strings.Join(parts, "; ")
}

// onWire says whether some endpoint presents the certificate.
func (w *world) onWire(thumbprint string) bool {
	return slices.ContainsFunc(w.leaves, func(g group) bool { return g.cert.Thumbprint() == thumbprint })
}

func (w *world) wireStory() string {
	var parts []string
	for _, g := range w.group(roles(edge.Access, edge.WebConf)) {
		parts = append(parts, w.tell(g.cert))
	}
	return strings.Join(parts, "; ")
}
