package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/edge"
)

func assignedNotPresented() Rule {
	return Rule{
		ID: "assigned-not-presented", Family: "consistency", For: edgeAlone, Wire: true, Severity: Warning, Later: true,
		Short: "does not present what is assigned to it", Mend: remedy.ByCertificate,
		Title: "a service presents another certificate than the member's inventory says is assigned to it",
		Doc: `By the inventory one certificate is assigned to the service, and it presents another one. Mostly it has not been
restarted since Set-CsCertificate: it presents the old certificate until it is, whatever Get-CsCertificate shows, and the
next reboot changes it on a day that nobody chose. Else something before the Edge ends TLS with a certificate of its own,
or the inventory is older than the last change.

How to fix it: restart the Edge services on the member (Stop-CsWindowsService; Start-CsWindowsService) and scan again. If
nothing changes, take the inventory again (edgecert explain av-certificate-differs), then see what stands before the port.`,
		Source: `Get-CsCertificate returns "information about the certificates currently assigned to Skype for Business Server components" (Microsoft); services present the new one after a restart (field reports)`,
		Applies: func(w *world) bool {
			return w.named() && slices.ContainsFunc(w.pool.Inventory, func(r edge.InventoryRecord) bool {
				return !r.Staged && slices.Contains([]string{edge.TypeAccess, edge.TypeWebConf, edge.TypeXMPP}, r.Use)
			})
		},
		Run: eachBunch(assignedKey, func(w *world, b bunch) Finding {
			assigned := w.assigned(b.first.Endpoint).Thumbprint
			return Finding{
				Certificates: certs(b.first.Leaf()),
				Subjects:     []string{assigned},
				Message: fmt.Sprintf("%s %s, and by the inventory the certificate with thumbprint %s is assigned%s",
					w.present(b.at), w.tell(b.first.Leaf()), strings.ToUpper(assigned), w.onlyRestart(b.at)),
			}
		}),
	}
}

// onlyRestart says so where every service of these endpoints has run since
// before what is assigned to it was valid: then nothing else can be the cause.
func (w *world) onlyRestart(at []int) string {
	if slices.ContainsFunc(at, func(i int) bool { return !ranBefore(w.assigned(w.captures[i].Endpoint)) }) {
		return ""
	}
	return ", which began after the service was started: only the restart is missing"
}

func restartMissing() Rule {
	return Rule{
		ID: "restart-missing", Family: "consistency", For: edgeAlone, Wire: true, Severity: Warning,
		Short: "has not been restarted since its certificate was assigned", Mend: remedy.ByOwnSteps,
		Title: "by the inventory a service has run since before its assigned certificate was valid",
		Doc: `By the inventory the service was started more than a day before the certificate that is assigned to it began, so it
cannot have loaded that one: it works with the certificate before. No scan sees that of the A/V Authentication service and
of the internal interface, since they present nothing outside. While some members were restarted and others not, tokens of
one A/V Edge are refused by another; when the old certificate ends, the service fails although Get-CsCertificate shows
a good one. What is staged with -Roll needs no restart, and is not told.

How to fix it: restart the services, one member after the other, and gather the inventory again (edgecert collect):
    Stop-CsWindowsService -Graceful
    Start-CsWindowsService`,
		Source: `services present what Set-CsCertificate assigned after a restart (field reports); a certificate cannot be loaded before it exists: notBefore (RFC 5280 section 4.1.2.5) against the start of the service's process`,
		Applies: func(w *world) bool {
			return slices.ContainsFunc(w.pool.Inventory, func(r edge.InventoryRecord) bool { return !r.Started.IsZero() && !r.NotBefore.IsZero() })
		},
		Run: runRestartMissing,
	}
}

func runRestartMissing(w *world, r *result) {
	var lagging []edge.InventoryRecord
	for _, rec := range w.pool.Inventory {
		switch {
		case rec.Staged || rec.Started.IsZero() || rec.NotBefore.IsZero():
		case !ranBefore(rec) || w.presentsOf(rec): // assigned-not-presented tells what the wire shows
			r.pass()
		default:
			lagging = append(lagging, rec)
		}
	}
	for _, records := range edge.GroupBy(lagging, func(rec edge.InventoryRecord) string { return rec.Use + rec.Thumbprint }) {
		rec, members := records[0], membersOf(records)
		var at []int
		for _, m := range members {
			at = append(at, w.serviceCells(edge.RoleOf(rec.Use), []string{m})...)
		}
		since := slices.MinFunc(records, func(a, b edge.InventoryRecord) int { return a.Started.Compare(b.Started) }).Started
		r.find(Finding{
			Subjects: []string{rec.Thumbprint, rec.Use},
			Message: fmt.Sprintf("by the inventory the certificate for %s of %s, thumbprint %s, began on %s, and the service has run since %s: it works with the one before",
				rec.Use, list(members), strings.ToUpper(rec.Thumbprint), shortDate(rec.NotBefore), shortDate(since)),
			Steps: []Step{remedy.RestartAlone(members)},
		}, at...)
	}
}

// ranBefore says whether a service was started before what is assigned to it was
// valid, by more than clocks and time zones can make. What was staged is taken up
// on its day without a restart.
func ranBefore(r edge.InventoryRecord) bool {
	return !r.Started.IsZero() && !r.NotBefore.IsZero() && r.Effective.IsZero() && r.Started.Add(24*time.Hour).Before(r.NotBefore)
}

// presentsOf says whether the wire shows what a record's service presents.
func (w *world) presentsOf(r edge.InventoryRecord) bool {
	return r.Use != edge.TypeAV && slices.ContainsFunc(w.ofMembers(r.Member), func(i int) bool {
		c := w.captures[i]
		return edge.CertificateType(c.Endpoint.Role) == r.Use && c.Leaf() != nil
	})
}

// assignedKey tells what an endpoint presents in the place of what is assigned
// to its service.
func assignedKey(w *world, r *result, i int, c edge.Capture) string {
	if c.Endpoint.VIP || !slices.Contains([]edge.Role{edge.Access, edge.WebConf, edge.XMPP}, c.Endpoint.Role) {
		return ""
	}
	assigned := w.assigned(c.Endpoint).Thumbprint
	switch {
	case assigned == "" && c.Endpoint.Role == edge.XMPP: // few inventories hold it
	case assigned == "" || c.Leaf() == nil:
		r.unseen(i)
	case assigned == c.Leaf().Thumbprint():
		r.pass()
	case w.toldByMembers([]int{i}), slices.ContainsFunc([]string{idServices, idPorts}, func(id string) bool { return slices.Contains(w.result(id).compared, i) }):
		r.pass() // its fix ends in a restart too
	default:
		return assigned + c.Leaf().Fingerprint.String()
	}
	return ""
}

// assigned is what the inventory says an endpoint's service has; the zero value
// where it does not say.
func (w *world) assigned(e edge.Endpoint) edge.InventoryRecord {
	r, _ := w.pool.Assigned(e.Member, e.Role)
	return r
}

// assignedToAccess says whether the members' Access Edge has these certificates
// too, by their inventory.
func (w *world) assignedToAccess(records []edge.InventoryRecord) bool {
	return !slices.ContainsFunc(records, func(rec edge.InventoryRecord) bool {
		return w.assigned(edge.Endpoint{Member: rec.Member, Role: edge.Access}).Thumbprint != rec.Thumbprint
	})
}
