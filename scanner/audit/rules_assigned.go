package audit

import (
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/edge"
)

func assignedNotPresented() Rule {
	return Rule{
		ID: "assigned-not-presented", Family: "consistency", For: edgeAlone, Wire: true, Severity: Warning,
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
				return !r.Staged && slices.Contains([]string{edge.TypeAccess, edge.TypeWebConf}, r.Use)
			})
		},
		Run: eachBunch(assignedKey, func(w *world, b bunch) Finding {
			assigned := w.assigned(b.first.Endpoint).Thumbprint
			return Finding{
				Certificates: certs(b.first.Leaf()),
				Subjects:     []string{assigned},
				Message: fmt.Sprintf("%s %s, and by the inventory the certificate with thumbprint %s is assigned",
					w.present(b.at), w.tell(b.first.Leaf()), strings.ToUpper(assigned)),
			}
		}),
	}
}

// assignedKey tells what an endpoint presents in the place of what is assigned
// to its service.
func assignedKey(w *world, r *result, i int, c edge.Capture) string {
	if c.Endpoint.VIP || c.Endpoint.Role != edge.Access && c.Endpoint.Role != edge.WebConf {
		return ""
	}
	assigned := w.assigned(c.Endpoint).Thumbprint
	switch {
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
