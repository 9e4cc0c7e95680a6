package audit

import (
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/edge"
)

func inventoryDiffers() Rule {
	return Rule{
		ID: "inventory-differs", Family: "consistency", Compares: true, For: edgeAlone, Wire: true, Severity: Warning,
		Short: "has another certificate by its inventory, for a service that shows none", Mend: remedy.ByOwnSteps,
		Varies: "error where the pool has the service",
		Title:  "by the inventory, members have different certificates for a service that shows none",
		Doc: `Where a service presents a certificate, that is compared between the members. Where none was seen, the members' inventory
is held against each other: XmppServer, which is assigned beside the others and forgotten like them, in a pool that is
described without XMPP or whose proxy offers no TLS; or a service that did not answer. Every member must have the same
certificate. The A/V certificate has a rule of its own (edgecert explain av-certificate-differs).

How to fix it: assign the right certificate to the type on the members that are named, and restart:
    Set-CsCertificate -Type XmppServer -Thumbprint (Read-Host)
    Stop-CsWindowsService -Graceful; Start-CsWindowsService
Where XMPP is in use, describe it in the targets file, so that it is scanned too: xmpp DOMAIN.`,
		Source: `XmppServer is one of the types of an Edge Server's external certificates (Microsoft, Import-CsCertificate, -Type); "the same certificate sits on each Edge Server" ("Certificate requirements for external user access in Lync Server 2013")`,
		Applies: func(w *world) bool {
			return slices.ContainsFunc(unseenTypes(), func(use string) bool { return len(w.recordsOf(use)) > 0 })
		},
		Run: func(w *world, r *result) {
			for _, use := range unseenTypes() {
				w.compareRecords(r, use)
			}
		},
	}
}

// unseenTypes are the certificates that the wire shows, where it does.
func unseenTypes() []string { return []string{edge.TypeAccess, edge.TypeWebConf, edge.TypeXMPP} }

func (w *world) compareRecords(r *result, use string) {
	records, role := w.recordsOf(use), edge.RoleOf(use)
	if len(records) == 0 || slices.ContainsFunc(w.captures, func(c edge.Capture) bool { return c.Endpoint.Role == role && c.Leaf() != nil }) {
		return // the rules about the wire compare them
	}
	if len(thumbprints(records)) == 1 {
		r.pass()
		return
	}
	right := w.rightRecord(records)
	odd := slices.DeleteFunc(slices.Clone(records), func(rec edge.InventoryRecord) bool { return rec.Thumbprint == right.Thumbprint })
	f := Finding{
		Subjects: append(thumbprints(odd), use),
		Message:  fmt.Sprintf("the members have different certificates for %s by their inventory, and none was seen: %s", use, w.recordHolders(records)),
		Steps:    w.bring(right, membersOf(odd)),
	}
	if w.dialed(role) {
		f.Severity = Error
	}
	r.find(f, w.serviceCells(role, membersOf(odd))...)
}

// recordsOf are the certificates in use of a type.
func (w *world) recordsOf(use string) []edge.InventoryRecord {
	return edge.Keep(w.pool.Inventory, func(r edge.InventoryRecord) bool { return r.Use == use && !r.Staged })
}

// rightRecord is the certificate that members should have of those that they
// have: the pool's right one, else of those in time the newest.
func (w *world) rightRecord(records []edge.InventoryRecord) edge.InventoryRecord {
	pools := w.choice(edge.Access)
	if rec, known := edge.Find(records, func(r edge.InventoryRecord) bool {
		return pools.Usable() && strings.EqualFold(r.Thumbprint, pools.Thumbprint)
	}); known {
		return rec
	}
	if good := w.inTime(records); len(good) > 0 {
		records = good
	}
	return slices.MaxFunc(records, func(a, b edge.InventoryRecord) int { return a.NotBefore.Compare(b.NotBefore) })
}

// bring takes a certificate of the inventory to members, and assigns it for its
// type.
func (w *world) bring(rec edge.InventoryRecord, members []string) []Step {
	thumb := remedy.HexOnly(rec.Thumbprint)
	if thumb == "" {
		return nil
	}
	const file = `C:\edge.pfx`
	holders := w.remedies().Holders(thumb)
	lacking := slices.DeleteFunc(slices.Clone(members), func(m string) bool { return slices.Contains(holders, m) })
	var out []Step
	if len(lacking) > 0 {
		out = []Step{
			{On: holders[:1], Text: "export the certificate with its private key", Commands: []string{remedy.ExportPFX(remedy.InStore(thumb), file)}},
			{On: lacking, Text: "copy that file there and import it", Commands: []string{remedy.ImportPFX(file)}},
		}
	}
	return append(out, Step{On: members, Text: "assign the certificate " + thumb[:min(8, len(thumb))], Commands: []string{remedy.Assign([]string{rec.Use}, thumb)}, Restart: true})
}
