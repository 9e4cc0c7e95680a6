package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"edgecert/scanner/edge"
)

// A unit is the captures whose services can be compared with each other: those
// of one member.
type unit struct {
	seen []int
	gone []int
}

// units are the pool's members, once for each group of services that share a
// certificate. Where DNS found them, an address of one
// service cannot be paired with one of another, so the whole pool is one unit
// and its services are compared as sets. The same goes for what stands behind
// load balancers; it counts only where no member was asked.
func (w *world) units() []unit {
	members := w.membersAsked()
	return w.unitsBy(func(e edge.Endpoint) (string, bool) {
		if e.VIP {
			return edge.VIPMember + w.groupKey(e.Role), !members && w.withGroup(e.Role)
		}
		if !w.named() {
			return w.groupKey(e.Role), w.withGroup(e.Role)
		}
		return e.Member + w.groupKey(e.Role), w.withGroup(e.Role)
	})
}

// groupKey tells the groups of roles apart.
func (w *world) groupKey(r edge.Role) string { return " " + fmt.Sprint(w.pool.Group(r)) }

// membersAsked says whether anything but load balancers was planned.
func (w *world) membersAsked() bool {
	return slices.ContainsFunc(w.captures, func(c edge.Capture) bool { return !c.Endpoint.VIP })
}

// portUnits are each member's services by themselves. An address has all ports
// of its service, so it does not matter where the members come from.
func (w *world) portUnits() []unit {
	return w.unitsBy(func(e edge.Endpoint) (string, bool) { return e.Member + " " + string(e.Role) + ownName(e), true })
}

// hosts are the addresses of a command line; each should present one
// certificate on all its ports.
func (w *world) hosts() []unit {
	return w.unitsBy(func(e edge.Endpoint) (string, bool) { return host(e), true })
}

// hostsApart is a command line as a whole, for ports that no host has in
// common. Where hosts have them in common, the other rules tell the difference.
func (w *world) hostsApart() []unit {
	ports := map[string][]int{}
	for _, c := range w.captures {
		h, p := host(c.Endpoint), c.Endpoint.PortOfService()
		if !slices.Contains(ports[h], p) {
			ports[h] = append(ports[h], p)
		}
	}
	return w.unitsBy(func(e edge.Endpoint) (string, bool) { return "", len(ports[host(e)]) == 1 })
}

func host(e edge.Endpoint) string { return cmp.Or(address(e), e.FQDN) }

func (w *world) unitsBy(of func(edge.Endpoint) (name string, ok bool)) []unit {
	var out []unit
	places := edge.Places[string]{}
	for i, c := range w.captures {
		name, ok := of(c.Endpoint)
		if !ok || silent(c) {
			continue
		}
		n, first := places.Of(name)
		if first {
			out = append(out, unit{})
		}
		if c.Leaf() != nil {
			out[n].seen = append(out[n].seen, i)
		} else {
			out[n].gone = append(out[n].gone, i)
		}
	}
	return out
}

// byRole and byPort name the part of a unit that an endpoint belongs to.
func byRole(e edge.Endpoint) string { return string(e.Role) }

func byPort(e edge.Endpoint) string { return strconv.Itoa(e.PortOfService()) }
