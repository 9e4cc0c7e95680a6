package audit

import (
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/edge"
)

func avCertificateDiffers() Rule {
	return Rule{
		ID: "av-certificate-differs", Family: "av", Compares: true, For: edgeAlone, Wire: true, Severity: Error,
		Short: "has another A/V certificate by its inventory", Mend: remedy.ByCertificate,
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

// ofMembers are all captures of members.
func (w *world) ofMembers(names ...string) []int {
	return w.those(func(c edge.Capture) bool { return slices.Contains(names, c.Endpoint.Member) })
}

// avRecords are the A/V certificates of the inventory, those in use or those
// staged.
func (w *world) avRecords(staged bool) []edge.InventoryRecord {
	return slices.DeleteFunc(slices.Clone(w.pool.Inventory), func(r edge.InventoryRecord) bool {
		return r.Use != edge.TypeAV || r.Staged != staged
	})
}

// judgeInUse holds the A/V certificates of the inventory against each other, and
// against what the services of their group present. Where all members have one
// and the same, and no endpoint presents it, A/V may be apart on purpose: only
// the administrator knows.
func (w *world) judgeInUse(r *result) {
	records := w.avRecords(false)
	for _, m := range w.without(records) {
		r.couldNotTell("no inventory of the A/V certificate", w.serviceCells(edge.AV, []string{m})...)
	}
	if len(records) == 0 {
		return
	}
	right := w.choice(edge.AV).Thumbprint
	if right == "" && len(w.pool.Group(edge.AV)) > 1 { // nothing on the wire to compare with
		r.couldNotTell("nothing was seen to compare the inventory with")
	}
	apart := w.remedies().AVApart()
	if apart { // what it has apart is what its members are held against
		right = w.remedies().Choose([]edge.Role{edge.AV}).Thumbprint
	}
	thumbs := thumbprints(records)
	odd := slices.DeleteFunc(slices.Clone(records), func(rec edge.InventoryRecord) bool { return strings.EqualFold(rec.Thumbprint, right) })
	switch {
	case len(thumbs) > 1:
		if right == "" || len(odd) == len(records) {
			odd = records
		}
		r.findAV(Finding{Message: "the members have different A/V certificates by their inventory: " + w.recordHolders(records), Steps: w.anyOf(records, right)}, odd)
	case apart, right == "" || len(odd) == 0 || w.assignedToAccess(records): // assigned-not-presented tells what lacks a restart
		r.pass()
	default:
		f := Finding{Message: fmt.Sprintf("the A/V certificate of the inventory is not the one that Access and Web Conferencing should present: %s; on the wire %s",
			w.recordHolders(records), w.wireStory())}
		if known := membersOf(records); len(known) < len(w.pool.Members) && !w.onWire(thumbs[0]) { // of the others nobody knows: A/V may be apart
			f.Steps = w.bothWays(edge.AV, known)
		}
		r.findAV(f, records)
	}
	if apart {
		r.findAV(Finding{Severity: Warning, Steps: w.bothWays(edge.AV, w.everyMember()),
			Message: fmt.Sprintf("by the inventory every A/V Edge has a certificate of its own, which no endpoint presents: %s; on the wire %s",
				w.recordHolders(records), w.wireStory())}, records)
	}
}

// everyMember are the names of the pool's members.
func (w *world) everyMember() []string {
	return edge.Map(w.pool.Members, func(m edge.Member) string { return m.Name })
}

// bothWays are the two ways out where a service has a certificate of its own on
// members: the pool's, or the declaration that it is meant.
func (w *world) bothWays(r edge.Role, members []string) []Step {
	right := w.choice(edge.Access)
	out := []Step{w.remedies().DeclareApart(r)}
	if right.Usable() && right.Thumbprint != "" {
		out = append(out, Step{On: members, Text: "if not, assign the pool's certificate",
			Commands: []string{remedy.Assign([]string{edge.CertificateType(r)}, right.Thumbprint)}, Restart: true, Optional: true})
	}
	return out
}

// anyOf is the way out where nobody can say which of several A/V certificates is
// the right one.
func (w *world) anyOf(records []edge.InventoryRecord, right string) []Step {
	if right != "" || len(w.inTime(records)) == 0 {
		return nil
	}
	return []Step{{Text: "take the A/V certificate of one member to all the others as a PFX, import it there, assign it for " + edge.TypeAV + " and restart"}}
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
	without := w.without(staged)
	switch {
	case len(thumbprints(staged)) > 1:
		r.findAV(Finding{Message: "the members have different A/V certificates staged with -Roll: " + w.recordHolders(staged), Steps: w.rollSteps(staged, without)}, staged)
	case len(without) > 0:
		r.find(Finding{
			Severity: Warning,
			Message:  fmt.Sprintf("an A/V certificate is staged with -Roll on some members alone: %s; not on %s", w.recordHolders(staged), list(without)),
			Steps:    w.rollSteps(staged, without),
			Subjects: thumbprints(staged),
		}, w.serviceCells(edge.AV, without)...)
	default:
		r.pass()
	}
}

// without are the members that none of the records is of.
func (w *world) without(records []edge.InventoryRecord) []string {
	return slices.DeleteFunc(w.everyMember(), func(name string) bool { return slices.Contains(membersOf(records), name) })
}

// rollSteps stage on the members without it what the others have staged, and
// where they do not agree, the newest, for the day that the inventory holds.
func (w *world) rollSteps(staged []edge.InventoryRecord, without []string) []Step {
	newest := slices.MaxFunc(staged, func(a, b edge.InventoryRecord) int { return a.NotBefore.Compare(b.NotBefore) })
	for _, rec := range staged {
		if rec.Thumbprint != newest.Thumbprint {
			without = append(without, rec.Member)
		}
	}
	right := remedy.HexOnly(newest.Thumbprint)
	if right == "" {
		return []Step{{On: without, Text: "stage the same certificate for the same day"}}
	}
	day := "(Read-Host 'EffectiveDate of the other members')"
	if !newest.Effective.IsZero() {
		day = "'" + newest.Effective.UTC().Format("2006-01-02T15:04:05Z") + "'"
	}
	const file = `C:\av.pfx`
	return []Step{
		{On: []string{newest.Member}, Text: "export the staged certificate with its private key", Commands: []string{remedy.ExportPFX(remedy.InStore(right), file)}},
		{On: without, Text: "copy that file there, import it and stage it for the same day",
			Commands: []string{remedy.ImportPFX(file), "Set-CsCertificate -Type " + edge.TypeAV + " -Thumbprint " + right + " -Roll -EffectiveDate " + day}},
	}
}

// findAV adds a finding about the A/V service of the members of these records.
func (r *result) findAV(f Finding, who []edge.InventoryRecord) {
	f.Subjects = thumbprints(who)
	r.find(f, r.w.serviceCells(edge.AV, membersOf(who))...)
}

// serviceCells are the captures of these members' service, or all of theirs where
// none was dialed.
func (w *world) serviceCells(role edge.Role, members []string) []int {
	all := w.ofMembers(members...)
	if at := w.picked(all, roles(role)); len(at) > 0 {
		return at
	}
	return all
}

func membersOf(records []edge.InventoryRecord) []string {
	return edge.Map(records, func(rec edge.InventoryRecord) string { return rec.Member })
}

func thumbprints(records []edge.InventoryRecord) []string {
	return edge.Map(edge.GroupBy(records, thumbprintOf), func(same []edge.InventoryRecord) string { return same[0].Thumbprint })
}

func thumbprintOf(rec edge.InventoryRecord) string { return rec.Thumbprint }

// recordHolders says which member has which certificate.
func (w *world) recordHolders(records []edge.InventoryRecord) string {
	return strings.Join(edge.Map(edge.GroupBy(records, thumbprintOf), func(same []edge.InventoryRecord) string {
		text := fmt.Sprintf("%s: thumbprint %s", list(membersOf(same)), strings.ToUpper(same[0].Thumbprint))
		switch end := slices.MaxFunc(same, func(a, b edge.InventoryRecord) int { return a.NotAfter.Compare(b.NotAfter) }).NotAfter; {
		case end.IsZero():
			return text
		case end.Before(w.scan.now):
			return text + ", expired " + shortDate(end)
		default:
			return text + ", ends " + shortDate(end)
		}
	}), "; ")
}

// onWire says whether some endpoint presents the certificate.
func (w *world) onWire(thumbprint string) bool {
	return slices.ContainsFunc(w.leaves, func(g group) bool { return g.cert.Thumbprint() == thumbprint })
}

func (w *world) wireStory() string {
	return strings.Join(edge.Map(w.group(roles(edge.Access, edge.WebConf)), func(g group) string { return w.tell(g.cert) }), "; ")
}
