package audit

import (
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/edge"
)

const idMembers = "differs-across-members"

func differsAcrossMembers() Rule {
	return Rule{
		ID: idMembers, Family: "consistency", Compares: true, Wire: true, Severity: Error, Later: true,
		Short: "present different certificates on one service", Mend: remedy.ByCertificate,
		Title: "one service, one port, another certificate on another member",
		Doc: `All members of an Edge pool must hold the same certificate with the same private key. Where one was forgotten in
a renewal, every so many connections meet the old certificate: nothing fails on the day of the change, and on the day the
old one ends sign-in, meetings and federation fail for some users and some partners, some of the time. Media relay breaks
sooner: a token issued by one member is refused by another that has another key.

How to fix it: export the right certificate with its private key, import it on every member that lacks it, assign it there
and restart the Edge services:
    Import-CsCertificate -Path C:\edge.pfx -Password (Read-Host) -PrivateKeyExportable $true
    Set-CsCertificate -Type AccessEdgeExternal,DataEdgeExternal,AudioVideoAuthentication -Thumbprint (Read-Host)
    Stop-CsWindowsService; Start-CsWindowsService`,
		Source:  `the same certificate sits on each Edge Server of a pool (Microsoft, "Certificate requirements for external user access in Lync Server 2013"); event 14559: "Ensure that all servers in an Access Edge Server Array have the same certificate"`,
		Applies: func(w *world) bool { return w.pool.Kind != edge.LoosePool && len(w.captures) > 0 },
		Run:     runMembers,
	}
}

func runMembers(w *world, r *result) {
	services := w.services()
	for i, c := range w.captures {
		if c.Endpoint.VIP && !silent(c) && serviceOf(services, c.Endpoint) < 0 {
			r.couldNotTell("members behind a load balancer cannot be told apart", i) // behind a load balancer alone, where members cannot be told apart
		}
	}
	for _, s := range services {
		switch {
		case len(w.distinct(s.seen)) > 1:
			f, at := w.memberFinding(s)
			r.find(f, at...)
		case len(s.gone) > 0:
			r.unseen(s.gone...)
		case len(s.seen) > 1:
			r.pass()
			w.compareOtherKeys(r, s)
		case len(s.seen) == 1 && !w.alone():
			r.couldNotTell("one address, which may be a load balancer", s.seen...)
		}
	}
}

// alone says whether a service that was seen on one address has only one
// member, because the pool says who they are. One address that DNS gave may as well be a
// load balancer's.
func (w *world) alone() bool {
	return w.named() || w.pool.Kind == edge.CommandLinePool
}

// memberFinding tells who has which certificate on one service.
func (w *world) memberFinding(s service) (Finding, []int) {
	var f Finding
	leaves := w.distinct(s.seen)
	title := fmt.Sprintf("%s %d", s.role, s.port)
	if w.pool.Kind == edge.CommandLinePool {
		title = fmt.Sprintf("port %d", s.port)
	}
	f.Message = title + ": " + w.story(s, leaves)
	if len(s.gone) > 0 {
		f.Message += "; not seen: " + list(w.names(s.gone))
	}
	for _, id := range []string{idServices, idPorts} {
		hidden := w.result(id).hidden
		f.Also = append(f.Also, also(id, slices.ContainsFunc(s.seen, func(i int) bool { return slices.Contains(hidden, i) }))...)
	}
	f.Certificates = certs(leaves...)
	return f, w.blamed(s.seen)
}

// blamed are those of compared captures that present another certificate than
// the right one; all, where none of them presents it.
func (w *world) blamed(at []int) []int {
	out := slices.DeleteFunc(slices.Clone(at), func(i int) bool {
		right, leaves := w.right(w.captures[i].Endpoint.Role), w.captures[i].Leaves()
		return right != nil && len(leaves) == 1 && edge.Holds(leaves, right)
	})
	if len(out) == 0 {
		return at
	}
	return out
}

// story tells the difference as a person would: where there are two
// certificates and the newer is the right one, which is the old one, how long it
// lasts, and who still has it.
func (w *world) story(s service, certs []*edge.Certificate) string {
	noun := "member"
	if w.pool.Kind == edge.CommandLinePool {
		noun = "endpoint"
	}
	members := plural(len(w.names(s.seen)), noun)
	old, young := certs[0], certs[1]
	if remedy.Newer(old, young) > 0 {
		old, young = young, old
	}
	if right := w.right(s.role); len(certs) > 2 || remedy.Newer(young, old) == 0 || right == nil || right.Fingerprint != young.Fingerprint {
		what := fmt.Sprintf("%s present %d different certificates", members, len(certs))
		if len(certs) == 2 && remedy.Reissued(old, young) {
			what += ", another key, same dates"
		}
		return what + "; " + w.holders(s.seen, certs)
	}
	behind, ahead := w.withLeaf(s.seen, old), w.withLeaf(s.seen, young)
	key := "another key"
	if old.KeyID() == young.KeyID() {
		key = "the same key"
	}
	return fmt.Sprintf("%d of %s still %s the old certificate, which %s: %s %s %s; %s %s the new one, with %s: %s",
		len(w.names(behind)), members, w.verb(behind, "presents", "present"), expiryOnly(w, old),
		list(w.names(behind)), w.verb(behind, "has", "have"), w.tellWith(old, expiryDate(w, old)),
		list(w.names(ahead)), w.verb(ahead, "has", "have"), key,
		w.tellWith(young, "valid from "+shortDate(young.NotBefore())+" to "+shortDate(young.NotAfter())))
}

// withLeaf picks the captures that present a leaf.
func (w *world) withLeaf(at []int, c *edge.Certificate) []int {
	return slices.DeleteFunc(slices.Clone(at), func(i int) bool { return w.leaf(i) != c.Fingerprint })
}

// expiryOnly is expiry without the date, and expiryDate the date without it:
// a story says each once.
func expiryOnly(w *world, c *edge.Certificate) string {
	if c.NotAfter().Before(w.scan.now) {
		return "expired " + span(between(c.NotAfter(), w.scan.now)) + " ago"
	}
	return "expires in " + span(between(w.scan.now, c.NotAfter()))
}

func expiryDate(w *world, c *edge.Certificate) string {
	date, _, _ := strings.Cut(w.expiry(c), ",")
	return date
}

// holders says which member has which certificate.
func (w *world) holders(at []int, certs []*edge.Certificate) string {
	return strings.Join(edge.Map(certs, func(c *edge.Certificate) string {
		return fmt.Sprintf("%s: %s", list(w.names(w.withLeaf(at, c))), w.tell(c))
	}), "; ")
}

// names are the members of these captures, each once. On the command line the
// endpoints themselves are what somebody named, and a name without an address
// has no member.
func (w *world) names(at []int) []string {
	var out []string
	known := map[string]bool{}
	for _, i := range at { // twenty thousand of a command line: each is called once
		name := w.captures[i].Endpoint.Member
		if w.pool.Listed() || name == "" {
			name = target(w.captures[i].Endpoint)
		}
		if !known[name] {
			known[name] = true
			out = append(out, name)
		}
	}
	return out
}

func vipDiffers() Rule {
	return Rule{
		ID: "vip-differs-from-members", Family: "consistency", Compares: true, Wire: true, Severity: Error, Later: true,
		Short: "presents a certificate that no member has", Mend: remedy.ByOwnSteps,
		Title: "the load balancer's address presents a certificate that no member has",
		Doc: `Clients and partners reach the pool through the load balancer's address, and there they meet a certificate that no
member presents when it is asked directly. Either the load balancer has a member behind it that the description does not
know, or it ends TLS itself, which an Edge does not support: federation is mutual TLS between the servers.

How to fix it: compare the load balancer's list of servers with the pool's members; let it pass TCP through.`,
		Source: `the same certificate sits on each Edge Server of a pool (Microsoft, "Certificate requirements for external user access in Lync Server 2013"); with hardware load balancing, DNS shows one VIP for each service`,
		Run: func(w *world, r *result) {
			services := w.services()
			for i, c := range w.captures {
				if n := serviceOf(services, c.Endpoint); c.Endpoint.VIP && n >= 0 {
					w.judgeVIP(r, i, services[n])
				}
			}
		},
	}
}

const fixBalancer = "compare the load balancer's list of servers with the pool's members, and let it pass TCP through"

func (w *world) judgeVIP(r *result, i int, s service) {
	known := edge.Map(s.seen, w.leaf)
	for _, leaf := range presented(w.captures[i]) {
		switch {
		case slices.Contains(known, leaf.Fingerprint):
			r.pass()
		case len(s.gone) > 0: // it may be one of these
			r.unseen(s.gone...)
		case len(s.seen) > 0:
			r.find(Finding{
				Certificates: certs(leaf),
				Message: fmt.Sprintf("expected from %s a certificate that a member presents, got %s, which none of %s does",
					w.at(i), w.tell(leaf), list(w.names(s.seen))),
				Steps: []Step{{Text: fixBalancer}},
			}, i)
		}
	}
	if w.captures[i].Leaf() == nil && !silent(w.captures[i]) {
		r.unseen(i)
	}
}

// presented are all the leaves that an address showed, in all its samples.
func presented(c edge.Capture) []*edge.Certificate {
	if c.Leaf() == nil {
		return nil
	}
	return certs(append([]*edge.Certificate{c.Leaf()}, leavesOf(c.Offered(edge.OfferSample))...)...)
}
