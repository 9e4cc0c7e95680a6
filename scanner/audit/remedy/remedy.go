// Package remedy looks at all findings of a pool at once, after the rules have
// looked one by one: which certificate is right, what one act mends, and in
// which order.
//
//	findings of the leaf rules ─ Choose ─→ the right certificate of each group
//	all findings ─ Plan ─→ problems (one act each), steps (the pool's one plan)
//
// No step installs a certificate that a problem condemns, touches a certificate
// type that was not found wrong, or runs a command of the Edge on what is none.
package remedy

import (
	"cmp"
	"crypto/sha1"
	"slices"
	"strings"
	"time"

	"edgecert/scanner/edge"
)

// A Case is one pool with what was seen of it.
type Case struct {
	Pool     edge.Pool
	Captures []edge.Capture // in endpoint order
	Now      time.Time
	Rule     func(id string) Rule
	// Against is how much stands against a leaf in the services of a group: the
	// weights of the rules that find an error in it, after policy.
	Against func(leaf *edge.Certificate, group []edge.Role) int
	// Doubted says whether an Edge may refuse a leaf, though that is no error.
	Doubted func(leaf *edge.Certificate) bool
	// Names calls the members of captures, each once, as a person knows them.
	Names func(at []int) []string

	groups  [][]edge.Role // see Groups
	avApart *bool         // see AVApart
}

// A Rule is what remedy goes by of a rule.
type Rule struct {
	Short  string // what is wrong, as the end of a sentence: "has no CRL distribution point"; %s: the subjects
	Mend   Mend
	Ends   bool // it tells when a certificate of the inventory ends
	Later  bool // it breaks nothing today
	Lacks  bool // its subjects are names that a certificate lacks
	Early  bool // it tells of a certificate whose time has not come
	Weight int  // of an error of this rule against a leaf, when the right one is chosen; 0: the rule is not about the leaf itself
}

// Mend is what settles the findings of a rule.
type Mend string

// What settles findings. The zero value: the steps that the finding brings, once
// for each set of subjects.
const (
	ByOwnSteps     Mend = ""
	ByCommonSteps  Mend = "steps"        // the steps that the findings bring, once for all that bring the same
	ByCertificate  Mend = "certificate"  // another certificate where it is presented
	ByMember       Mend = "member"       // the member's service answers again
	ByIntermediate Mend = "intermediate" // a CA certificate in the members' stores
	BySetting      Mend = "setting"      // one setting of the servers, however many have it
)

// A Choice is the certificate that the services of a group should present.
type Choice struct {
	Certificate *edge.Certificate // nil where it was neither presented nor given
	Thumbprint  string            // SHA-1 in upper hex; empty where it is not known
	Digest      string            // SHA-256 in upper hex, where that alone is known of an expected one
	Expected    bool              // somebody said so
	Condemned   bool              // something is wrong with it that another certificate would mend
}

// Usable says whether a step may install the certificate.
func (c Choice) Usable() bool { return c.Thumbprint+c.Digest != "" && !c.Condemned }

// short is how a headline calls the certificate.
func (c Choice) short() string { return cmp.Or(c.Thumbprint, c.Digest)[:8] }

// named is how a step calls it.
func (c Choice) named() string {
	if c.Thumbprint == "" {
		return "SHA-256 " + c.Digest
	}
	return "thumbprint " + c.Thumbprint
}

// assign is the command for certificate types. Windows knows no SHA-256:
// where that alone is known, the thumbprint is read out of the file to import.
func (c Choice) assign(types []string, file string) string {
	if c.Thumbprint == "" {
		return assignFile(types, file)
	}
	return Assign(types, c.Thumbprint)
}

// Choose finds the right certificate of a group of roles: the expected one
// where there is one, else valid, least against it, not doubted, newest, most
// presented.
// What a load balancer presents counts where no member was asked; what an A/V
// address presents never does, for it is not the Edge's.
func (c *Case) Choose(group []edge.Role) Choice {
	if want, ok := c.expected(group); ok {
		return want
	}
	var best *edge.Certificate
	var rank []int
	for _, o := range c.offered(group) {
		r := []int{0, -c.Against(o.leaf, group), 0, o.count}
		if c.valid(o.leaf) {
			r[0] = 1
		}
		if c.Doubted(o.leaf) {
			r[2] = -1
		}
		if best == nil || cmp.Or(slices.Compare(r[:3], rank[:3]), Newer(o.leaf, best), cmp.Compare(r[3], rank[3])) > 0 {
			best, rank = o.leaf, r
		}
	}
	if best == nil {
		return Choice{Thumbprint: c.fromInventory(group)}
	}
	return Choice{Certificate: best, Thumbprint: print(best), Condemned: rank[0] == 0 || rank[1] < 0}
}

// An offer is a leaf and on how many endpoints it was met.
type offer struct {
	leaf  *edge.Certificate
	count int
}

func (c *Case) offered(group []edge.Role) []offer {
	var out []offer
	places := edge.Places[edge.Fingerprint]{}
	for i := range c.Captures {
		if !c.counts(i, group) {
			continue
		}
		for _, leaf := range c.Captures[i].Leaves() {
			n, first := places.Of(leaf.Fingerprint)
			if first {
				out = append(out, offer{leaf: leaf})
			}
			out[n].count++
		}
	}
	return out
}

// counts says whether an endpoint's certificate is one that the pool's own
// servers present in a group.
func (c *Case) counts(i int, group []edge.Role) bool {
	e := c.Captures[i].Endpoint
	if e.Role == edge.XMPP && len(group) > 1 && !c.Pool.XMPPDeclared {
		return false // its proxy may have one of its own
	}
	return slices.Contains(group, e.Role) && e.Role != edge.AV && (!e.VIP || !c.membersAsked())
}

func (c *Case) membersAsked() bool {
	return slices.ContainsFunc(c.Captures, func(x edge.Capture) bool { return !x.Endpoint.VIP })
}

func (c *Case) expected(group []edge.Role) (Choice, bool) {
	x := c.Pool.Expected(group[0])
	if x == nil {
		return Choice{}, false
	}
	want := Choice{Certificate: x.Certificate, Expected: true}
	if len(x.Thumbprint) == 2*sha1.Size {
		want.Thumbprint = HexOnly(x.Thumbprint)
	} else {
		want.Digest = HexOnly(x.Thumbprint)
	}
	for _, o := range c.offered(group) {
		if want.Certificate == nil && x.Matches(o.leaf) {
			want.Certificate = o.leaf
		}
	}
	if want.Certificate != nil {
		want.Thumbprint = print(want.Certificate)
		want.Condemned = !c.valid(want.Certificate) || c.Against(want.Certificate, group) > 0
	}
	return want, true
}

// fromInventory is the A/V certificate that most members have by their
// inventory, of those that are valid the newest, where A/V has one of its own:
// its certificate is never on the wire. Empty where two are as good.
func (c *Case) fromInventory(group []edge.Role) string {
	if !slices.Equal(group, []edge.Role{edge.AV}) {
		return ""
	}
	count := map[string]int{}
	var records []edge.InventoryRecord
	for _, r := range c.Pool.Inventory {
		if r.Use == edge.TypeAV && !r.Staged && (r.NotAfter.IsZero() || !r.NotAfter.Before(c.Now)) {
			records = append(records, r)
			count[r.Thumbprint]++
		}
	}
	if len(records) == 0 {
		return ""
	}
	order := func(a, b edge.InventoryRecord) int {
		return cmp.Or(a.NotBefore.Compare(b.NotBefore), cmp.Compare(count[a.Thumbprint], count[b.Thumbprint]))
	}
	best := slices.MaxFunc(records, order)
	if slices.ContainsFunc(records, func(r edge.InventoryRecord) bool { return r.Thumbprint != best.Thumbprint && order(r, best) == 0 }) {
		return ""
	}
	return HexOnly(best.Thumbprint)
}

// AVApart says whether by the inventory the A/V Edge of every member has a
// certificate that is none of the pool's, valid, and nobody declared it: by all
// appearances A/V has one of its own.
func (c *Case) AVApart() bool {
	if c.avApart == nil {
		apart := c.findAVApart()
		c.avApart = &apart
	}
	return *c.avApart
}

func (c *Case) findAVApart() bool {
	group := c.Pool.Group(edge.AV)
	if !c.Pool.IsEdge() || len(group) < 2 || c.Pool.Expected(edge.AV) != nil || len(c.Pool.Members) == 0 || c.Choose(group).Thumbprint == "" {
		return false
	}
	for _, m := range c.Pool.Members {
		r, known := c.Pool.Assigned(m.Name, edge.AV)
		if !known || c.shared(r) {
			return false
		}
	}
	return c.fromInventory([]edge.Role{edge.AV}) != ""
}

// shared says whether an A/V certificate of the inventory is some other service's,
// on the wire or by the inventory.
func (c *Case) shared(r edge.InventoryRecord) bool {
	return slices.ContainsFunc(c.Captures, func(x edge.Capture) bool {
		return slices.ContainsFunc(x.Leaves(), func(leaf *edge.Certificate) bool { return strings.EqualFold(leaf.Thumbprint(), r.Thumbprint) })
	}) || slices.ContainsFunc(c.Pool.Inventory, func(o edge.InventoryRecord) bool {
		return o.Use != edge.TypeAV && o.Thumbprint == r.Thumbprint
	})
}

// Groups are the pool's roles as they share certificates; those of what is no
// Edge share one. They are worked out once: every finding asks for them.
func (c *Case) Groups() [][]edge.Role {
	if c.groups == nil {
		c.groups = c.findGroups()
	}
	return c.groups
}

func (c *Case) findGroups() [][]edge.Role {
	var out [][]edge.Role
	var all []edge.Role
	for _, r := range c.roles() {
		all = append(all, r)
		if !slices.ContainsFunc(out, func(g []edge.Role) bool { return slices.Contains(g, r) }) {
			out = append(out, c.Pool.Group(r))
		}
	}
	if !c.Pool.IsEdge() && len(all) > 0 {
		return [][]edge.Role{all}
	}
	return out
}

// roles are those of the pool's services, and of whatever else was dialed.
func (c *Case) roles() []edge.Role {
	out := edge.Map(c.Pool.Services, func(s edge.Service) edge.Role { return s.Role })
	for i := range c.Captures {
		if r := c.Captures[i].Endpoint.Role; !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out
}

// valid says whether now lies in a certificate's time.
func (c *Case) valid(leaf *edge.Certificate) bool {
	return !c.Now.Before(leaf.NotBefore()) && !c.Now.After(leaf.NotAfter())
}

// Newer orders two certificates by when they were issued; 0 where that cannot
// be told.
func Newer(a, b *edge.Certificate) int {
	if a.NotBefore().IsZero() || b.NotBefore().IsZero() {
		return 0
	}
	return cmp.Or(a.NotBefore().Compare(b.NotBefore()), a.NotAfter().Compare(b.NotAfter()))
}

// print is a thumbprint as Windows shows it.
func print(c *edge.Certificate) string { return strings.ToUpper(c.Thumbprint()) }
