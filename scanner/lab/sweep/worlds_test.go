package sweep

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgecert/scanner"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
	"edgecert/scanner/lab"
	"edgecert/scanner/targets"
	"edgecert/scanner/targets/dns"
)

// A world is the healthy pool with one change that no single cell has: in DNS,
// in the pool's description, before or behind a load balancer, in what a
// member's inventory or this host says. It runs the whole line, from the
// targets file to the judgement.
type world struct {
	name     string
	spec     func(*lab.Spec)
	evidence func(*edge.Evidence)
	// hosts are scanned as the command line's instead of the pool.
	hosts func(at func(name, member string, role edge.Role) string) []string
	// ask asks for revocation; nil: nobody does.
	ask   func(*testing.T, []edge.Capture, audit.Policy) map[edge.Fingerprint]edge.Revocation
	udp   bool     // the relays are asked on UDP 3478, too
	demo  bool     // the demo's pool instead of the healthy one
	host  bool     // roots of the lab beside the public ones instead of alone
	finds []string // "rule [severity] [@ member role]", everything beyond av-not-observable
	rules map[string]audit.Outcome
}

func worlds() []world {
	return slices.Concat(dnsWorlds(), srvWorlds(), poolWorlds())
}

// told are the rules that worlds demand findings of.
func told(ws []world) map[string]bool {
	out := map[string]bool{}
	for _, w := range ws {
		for _, f := range w.finds {
			rule, _, _ := strings.Cut(f, " ")
			out[rule] = true
		}
	}
	return out
}

func TestEveryWorldIsToldRight(t *testing.T) {
	t.Parallel()
	for _, w := range worlds() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			w.check(t)
		})
	}
}

func (w world) check(t *testing.T) {
	spec := healthySpec()
	if w.demo {
		spec = lab.Demo(now)
		spec.Keys = &keys
	}
	if w.spec != nil {
		w.spec(&spec)
	}
	l := start(t, spec)
	ev := w.look(t, l)
	if w.ask != nil {
		ev.Revocation = w.ask(t, ev.Captures, policy(l))
	}
	if w.evidence != nil {
		w.evidence(&ev)
	}
	p := policy(l)
	p.OnlyRoots = !w.host
	j := judge(ev, p)
	seams(t, ev, p, j)
	floor(t, ev, p, j, true)
	if diff := cmp.Diff(completed(w.finds), said(j)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
		for _, f := range j.Findings {
			t.Log(show(f))
		}
	}
	for rule, want := range w.rules {
		if j.Rules[rule] != want {
			t.Errorf("%s: %s, want %s", rule, j.Rules[rule], want)
		}
	}
}

// look is a scan as the command does it.
func (w world) look(t *testing.T, l *lab.Lab) edge.Evidence {
	t.Helper()
	if w.hosts == nil {
		return look(t, l, described(t, l), w.udp)
	}
	file, err := targets.CommandLine(w.hosts(func(name, member string, role edge.Role) string {
		return fmt.Sprintf("%s:%d", name, l.Address(member, role, 443).Port())
	}))
	if err != nil {
		t.Fatal(err)
	}
	return look(t, l, file.Pools[0], w.udp)
}

func look(t *testing.T, l *lab.Lab, pool edge.Pool, udp bool) edge.Evidence {
	t.Helper()
	resolver, err := dns.ParseResolver(l.Resolver())
	if err != nil {
		t.Fatal(err)
	}
	resolver.Timeout = 2 * time.Second // the silent world runs into it twice
	pools := targets.Resolve(t.Context(), []edge.Pool{pool}, resolver)
	captures := scan(t, scanner.Options{Timeout: 30 * time.Second, UDP: udp}, edge.Plan(pools))
	return edge.Evidence{Asked: edge.Asked{UDP: udp}, Started: now, Finished: now.Add(time.Second), Pools: pools, Captures: captures}
}

// said is every finding in the words of world.finds.
func said(j audit.Judgement) []string {
	out := []string{}
	for _, f := range j.Findings {
		if f.Rule != "av-not-observable" {
			out = append(out, fmt.Sprintf("%s %s @ %s %s", f.Rule, f.Severity, f.Member, f.Role))
		}
	}
	slices.Sort(out)
	return out
}

// completed writes out what finds leaves to the catalogue.
func completed(finds []string) []string {
	out := []string{}
	for _, f := range finds {
		what, where, _ := strings.Cut(f, " @ ")
		id, severity, own := strings.Cut(what, " ")
		if rule, _ := audit.Find(id); !own {
			severity = string(rule.Severity)
		}
		member, role, _ := strings.Cut(where, " ")
		out = append(out, fmt.Sprintf("%s %s @ %s %s", id, severity, member, role))
	}
	slices.Sort(out)
	return out
}

func dnsWorlds() []world {
	apart := func(s *lab.Spec) { // an address for each member, as DNS load balancing has it
		for i := range s.Members {
			s.Members[i].IP = netip.AddrFrom4([4]byte{127, 0, 0, byte(i + 2)})
		}
		for name := range s.DNS.Addresses {
			s.DNS.Addresses[name] = []netip.Addr{s.Members[0].IP, s.Members[1].IP, s.Members[2].IP}
		}
	}
	unknown := map[string]audit.Outcome{"dns-no-address": audit.CouldNotTell, "member-not-in-dns": audit.CouldNotTell,
		"federation-srv-missing": audit.CouldNotTell, "client-srv-missing": audit.CouldNotTell}
	trouble := func(how lab.Trouble) func(*lab.Spec) {
		return func(s *lab.Spec) {
			s.DNS.Trouble = map[string]lab.Trouble{}
			for name := range s.DNS.Addresses {
				s.DNS.Trouble[name] = how
			}
			for name := range s.DNS.SRV {
				s.DNS.Trouble[name] = how
			}
		}
	}
	return []world{
		{name: "healthy", rules: map[string]audit.Outcome{"federation-srv-missing": audit.Pass, "member-not-in-dns": audit.Pass,
			"differs-across-members": audit.Pass, "differs-across-services": audit.Pass, "untrusted-issuer": audit.Pass}},
		{name: "three addresses", spec: apart},
		{name: "a member not in DNS", finds: []string{"member-not-in-dns @ edge2 webcon"}, spec: func(s *lab.Spec) {
			apart(s)
			s.DNS.Addresses["webcon.contoso.com"] = []netip.Addr{s.Members[0].IP, s.Members[2].IP}
		}},
		{name: "an address that nobody knows", finds: []string{"dns-unknown-address @  "}, spec: func(s *lab.Spec) {
			s.DNS.Addresses["sip.contoso.com"] = append(slices.Clone(s.DNS.Addresses["sip.contoso.com"]), netip.MustParseAddr("127.0.0.99"))
		}},
		{name: "a name without address", finds: []string{"dns-no-address @  "},
			spec: func(s *lab.Spec) { delete(s.DNS.Addresses, "webcon.contoso.com") }},
		{name: "a CNAME to the right address", spec: func(s *lab.Spec) {
			s.DNS.CNAME = map[string]string{"webcon.contoso.com": "lb.contoso.com"}
			s.DNS.Addresses["lb.contoso.com"] = s.DNS.Addresses["webcon.contoso.com"]
			delete(s.DNS.Addresses, "webcon.contoso.com")
		}},
		{name: "DNS that fails", spec: trouble(lab.ServerFailure), rules: unknown},
		{name: "DNS that refuses", spec: trouble(lab.Refused), rules: unknown},
		{name: "DNS that is silent", spec: trouble(lab.Silent), rules: unknown},
	}
}

func srvWorlds() []world {
	const federation, client = "_sipfederationtls._tcp.fabrikam.com", "_sip._tls.contoso.com"
	srv := func(name string, records ...edge.SRV) func(*lab.Spec) {
		return func(s *lab.Spec) { s.DNS.SRV[name] = records }
	}
	at := func(host string, port int) edge.SRV { return edge.SRV{Target: host, Port: port} }
	ownName := func(s *lab.Spec) {
		srv(client, at("lync.contoso.com", 443))(s)
		s.DNS.Addresses["lync.contoso.com"] = s.DNS.Addresses["sip.contoso.com"]
	}
	return []world{
		{name: "no federation SRV", finds: []string{"federation-srv-missing"}, spec: func(s *lab.Spec) { delete(s.DNS.SRV, federation) }},
		{name: "no client SRV", finds: []string{"client-srv-missing"}, spec: func(s *lab.Spec) { delete(s.DNS.SRV, client) }},
		{name: "federation SRV into another domain", finds: []string{"srv-wrong-domain @  "}, spec: srv(federation, at("sip.contoso.com", 5061))},
		{name: "federation SRV two levels down", finds: []string{"srv-wrong-domain @  "}, spec: func(s *lab.Spec) {
			srv(federation, at("sip.it.fabrikam.com", 5061))(s)
			s.DNS.Addresses["sip.it.fabrikam.com"] = s.DNS.Addresses["sip.contoso.com"]
		}},
		{name: "federation SRV on another port", finds: []string{"srv-unexpected @  "}, spec: srv(federation, at("sip.fabrikam.com", 5062))},
		{name: "client SRV to a name of its own", finds: []string{"srv-target-name-missing"}, spec: ownName},
		{name: "client SRV to a name that is certified, too", finds: []string{"srv-unexpected @  "}, spec: func(s *lab.Spec) {
			ownName(s)
			s.Each("", func(c *lab.Cell) { c.Chain.Leaf.Names = with(c.Chain.Leaf.Names, "lync.contoso.com") })
		}},
		{name: "a domain homed in Microsoft 365", finds: []string{"domain-in-cloud @  "}, spec: func(s *lab.Spec) {
			srv(federation, at("sipfed.online.lync.com", 5061))(s)
			srv("_sip._tls.fabrikam.com", at("sipdir.online.lync.com", 443))(s)
		}},
		{name: "an alias into the cloud left behind", finds: []string{"dns-unknown-address @  "}, spec: func(s *lab.Spec) {
			s.DNS.CNAME = map[string]string{"sip.fabrikam.com": "sipdir.online.lync.com"}
			s.DNS.Addresses["sipdir.online.lync.com"] = s.DNS.Addresses["sip.fabrikam.com"]
			delete(s.DNS.Addresses, "sip.fabrikam.com")
		}},
		{name: "a second record that is never used", finds: []string{"srv-unexpected @  "}, spec: func(s *lab.Spec) {
			srv(client, at("sip.contoso.com", 443), edge.SRV{Target: "old.contoso.com", Port: 443, Priority: 10})(s)
			s.DNS.Addresses["old.contoso.com"] = s.DNS.Addresses["sip.contoso.com"]
		}},
	}
}
