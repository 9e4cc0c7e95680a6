package sweep

import (
	"slices"

	"edgecert/scanner/edge"
	"edgecert/scanner/lab"
)

// A mutation is one changed fact of a cell, and the rules that must speak of
// it wherever it stands: in one cell, on one member, in one service of every
// member, in the whole pool.
type mutation struct {
	name    string
	on      func(lab.Cell) bool // the cells that have the fact; nil: presents
	change  func(*lab.Cell)
	finds   []string // rules, "rule" or "rule=severity" where it is not the catalogue's
	wide    []string // the same where no cell of the pool is left healthy; nil: finds
	around  []string // rules that may speak of the cells around it
	against string   // the pool around it has this mutation everywhere instead of being healthy
	pool    func(*edge.Pool)
	chains  bool // the intermediates differ from those around it
	slow    bool // runs into the timeout
	samples int
	shows   string // what the capture must say of client certificates: "required 3", with the count of acceptable CAs
}

func (m mutation) applies(c lab.Cell) bool {
	if m.on != nil {
		return m.on(c)
	}
	return presents(c)
}

func presents(c lab.Cell) bool   { return c.Speaks == lab.TLS }
func relays(c lab.Cell) bool     { return c.Speaks == lab.PseudoTLS }
func clients(c lab.Cell) bool    { return presents(c) && c.Port == 443 }
func federation(c lab.Cell) bool { return c.Port == 5061 }
func everywhere(c lab.Cell) bool { return true }

// leaf is a change of the certificate alone.
func leaf(change func(*lab.Template)) func(*lab.Cell) {
	return func(c *lab.Cell) { change(&c.Chain.Leaf) }
}

// from is a chain of another authority.
func from(authority string) func(*lab.Cell) {
	return func(c *lab.Cell) { c.Chain.Authority = authority }
}

// send is a Certificate message of other parts.
func send(parts ...lab.Part) func(*lab.Cell) {
	return func(c *lab.Cell) { c.Chain.Send = parts }
}

// without is names without one of them.
func without(names []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == name })
}

// with is names with one more.
func with(names []string, name string) []string { return append(slices.Clone(names), name) }

// mutations is every fact of the healthy pool's cells, changed.
func mutations() []mutation {
	return slices.Concat(renewals(), names(), usage(), chains(), validity(), handshakes(), noCertificates())
}

// elsewhere are the rules that no socket reaches, and why.
func elsewhere() map[string]string {
	return map[string]string{
		"inventory-expired":       "of what the wire does not show (rules_av_test.go)",
		"key-missing":             "of a certificate file (edgecert check)",
		"key-mismatch":            "of a certificate file (edgecert check)",
		"key-storage-unsupported": "of a certificate file (edgecert check)",
		"root-withdrawn":          "nobody has the key of such a root; audit's own tests hand in a list",
		"not-judged":              "of what nobody here can judge; audit's own tests make it",
	}
}
