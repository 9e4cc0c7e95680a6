package audit

import (
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
			r.couldNotTell()
		}
	}
	if len(records) == 0 {
		r.couldNotTell()
		return
	}
	expected := w.expectedAV()
	if len(expected) == 0 && !w.pool.PerService { // nothing on the wire to compare with
		r.couldNotTell()
	}
	thumbs := thumbprints(records)
	switch {
	case len(thumbs) > 1:
		r.findAV(records, w.oddRecords(records, expected),
			fmt.Sprintf("the members have different A/V certificates by their inventory: %s", recordHolders(records)))
	case len(expected) > 0 && !slices.Contains(expected, thumbs[0]):
		r.findAV(records, nil, fmt.Sprintf("the A/V certificate of the inventory is not the one that Access and Web Conferencing present: %s; on the wire %s",
			recordHolders(records), w.wireStory()))
	default:
		r.pass()
	}
	for _, rec := range records {
		if !rec.NotAfter.IsZero() && rec.NotAfter.Before(w.scan.now) && !w.onWire(rec.Thumbprint) {
			r.findAV(records, []edge.InventoryRecord{rec}, fmt.Sprintf("the A/V certificate %s of %s expired %s by its inventory (%s)",
				strings.ToUpper(rec.Thumbprint), rec.Member, shortDate(rec.NotAfter), rec.Source))
		}
	}
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
		r.findAV(staged, nil, "the members have different A/V certificates staged with -Roll: "+recordHolders(staged))
	case len(without) > 0:
		r.find(Finding{
			Severity: Warning,
			Message:  fmt.Sprintf("an A/V certificate is staged with -Roll on some members alone: %s; not on %s", recordHolders(staged), list(without)),
			Fix:      w.fixRoll(staged, without),
		})
	default:
		r.pass()
	}
}

// expectedAV are the thumbprints that the A/V certificate may have: what the
// pool's other services usually present. With separate certificates nothing is
// expected but that the members agree.
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
	return out
}

// oddRecords are those of the one member that is not as expected, or as the
// others; nothing where it is not one.
func (w *world) oddRecords(records []edge.InventoryRecord, expected []string) []edge.InventoryRecord {
	count := map[string]int{}
	for _, rec := range records {
		count[rec.Thumbprint]++
	}
	odd := func(usual func(edge.InventoryRecord) bool) []edge.InventoryRecord {
		return slices.DeleteFunc(slices.Clone(records), usual)
	}
	if out := odd(func(rec edge.InventoryRecord) bool { return slices.Contains(expected, rec.Thumbprint) }); len(out) == 1 {
		return out
	}
	if out := odd(func(rec edge.InventoryRecord) bool { return 2*count[rec.Thumbprint] > len(records) }); len(out) == 1 {
		return out
	}
	return nil
}

// findAV adds a finding about the A/V service of one member, or of the pool.
func (r *result) findAV(all, odd []edge.InventoryRecord, message string) {
	who := odd
	if len(odd) == 0 {
		who = all
	}
	var members []string
	for _, rec := range who {
		members = append(members, rec.Member)
	}
	f := Finding{Role: edge.AV, Message: message, Fix: r.w.fixAV(all, odd, members)}
	var at []int
	for i, c := range r.w.captures {
		if c.Endpoint.Role == edge.AV && slices.Contains(members, c.Endpoint.Member) {
			at = append(at, i)
		}
	}
	if len(at) == 0 && len(members) == 1 {
		f.Member = members[0]
	}
	r.find(f, at...)
}

// rightAV is the thumbprint to assign: the expected one, else what the other
// members have; empty where neither is known.
func (w *world) rightAV(all, odd []edge.InventoryRecord) string {
	if expected := w.expectedAV(); len(expected) > 0 && len(odd) == 0 {
		return hexOnly(expected[0])
	}
	for _, rec := range all {
		if len(odd) > 0 && !slices.ContainsFunc(odd, func(o edge.InventoryRecord) bool { return o.Thumbprint == rec.Thumbprint }) {
			return hexOnly(rec.Thumbprint)
		}
	}
	return ""
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
func recordHolders(records []edge.InventoryRecord) string {
	var parts []string
	for _, thumb := range thumbprints(records) {
		var members []string
		end := ""
		for _, rec := range records {
			if rec.Thumbprint == thumb {
				members = append(members, rec.Member)
				if !rec.NotAfter.IsZero() {
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
