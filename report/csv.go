package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"edgecert/scanner/edge"
)

// csvHead names the columns of the CSV, one row an endpoint.
func csvHead() []string {
	return []string{"pool", "pool_verdict", "member", "role", "fqdn", "address", "port", "service_port",
		"outcome", "stage", "error_class", "error_message", "tls_version", "cipher", "client_certificate",
		"subject", "issuer", "serial", "thumbprint_sha1", "sha256", "not_before", "not_after", "days_left",
		"dns_names", "key_type", "key_bits", "chain_not_after", "findings", "changes"}
}

// CSV writes one row an endpoint with the facts of its certificate and the
// rules whose findings blame it, worst first ("error:expired"). The kinds of the
// changes stand in the rows of the member or certificate that they name; a
// change of the whole pool, and of what is gone, has no row.
//
// Text is cleaned as for a terminal, and what a spreadsheet would run as a
// formula gets an apostrophe in front. With a separator other than the comma,
// which is what Excel wants in some countries, a byte order mark goes ahead, by
// which it recognises UTF-8; 0 is the comma.
func CSV(w io.Writer, r Report, separator rune) error {
	c := csv.NewWriter(w)
	if separator != 0 && separator != ',' {
		if _, err := io.WriteString(w, "\ufeff"); err != nil {
			return err
		}
		c.Comma = separator
	}
	if err := c.Write(csvHead()); err != nil {
		return err
	}
	changed := newChangeIndex(r.Changes)
	described := map[*edge.Certificate][]string{}
	for _, p := range r.Pools {
		found := p.RulesByCell()
		for i := range p.Captures {
			e := &p.Captures[i]
			row := append(csvEndpoint(p, e), csvCertificate(described, e, r.Now())...)
			row = append(row, cellText(strings.Join(found[i], " ")), cellText(changed.at(p, e)))
			if err := c.Write(row); err != nil {
				return fmt.Errorf("writing CSV: %w", err)
			}
		}
	}
	c.Flush()
	return c.Error()
}

// RulesByCell lists, for each capture of a pool, the rules whose findings blame
// it, worst first: "error:expired".
func (p Pool) RulesByCell() [][]string {
	found := make([][]string, len(p.Captures))
	for _, f := range p.Findings {
		for _, i := range f.Cells {
			found[i] = append(found[i], string(f.Severity)+":"+f.Rule)
		}
	}
	return found
}

func csvEndpoint(p Pool, c *edge.Capture) []string {
	var class, message, version, cipher, client string
	if c.Fault != nil {
		class, message = string(c.Fault.Class), c.Fault.Message
	}
	if c.TLS != nil {
		version, cipher, client = c.TLS.Version, c.TLS.Cipher, string(c.TLS.ClientCertificate)
	}
	row := []string{p.Plan.Name, string(p.Verdict), c.Member, string(c.Role), c.FQDN, c.AddressText(), strconv.Itoa(c.Port),
		strconv.Itoa(c.ServicePort), string(c.Outcome), string(c.Stage), class, message, version, cipher, client}
	for i, s := range row {
		row[i] = cellText(s)
	}
	return row
}

// csvCertificate describes the leaf, each once, and where the chain ends.
func csvCertificate(described map[*edge.Certificate][]string, e *edge.Capture, now time.Time) []string {
	leaf := e.Leaf()
	if leaf == nil {
		return make([]string, 12)
	}
	row := described[leaf]
	if row == nil {
		c := newFacts(leaf)
		row = []string{c.Subject, c.Issuer, c.Serial, c.ThumbprintSHA1, leaf.Fingerprint.String(), "", "", "", strings.Join(c.DNSNames, " "), c.KeyType, ""}
		for i, s := range row {
			row[i] = cellText(s)
		}
		if !c.NotAfter.IsZero() {
			row[5], row[6] = c.NotBefore.Format(time.RFC3339), c.NotAfter.Format(time.RFC3339)
			row[7] = strconv.Itoa(DaysLeft(c.NotAfter, now))
		}
		if c.KeyBits > 0 {
			row[10] = strconv.Itoa(c.KeyBits)
		}
		described[leaf] = row
	}
	end := ""
	if t := chainEnd(e.Chain); !t.IsZero() {
		end = t.Format(time.RFC3339)
	}
	return append(slices.Clip(row), end)
}

// formula matches where a spreadsheet would start to compute: at the start of
// a cell, blanks and quotes before it or not, and behind a semicolon, at which
// some countries' Excel parts cells. Fullwidth signs count in Japanese ones
// (OWASP, CSV injection).
var formula = regexp.MustCompile(`(^|;)([\s"]*)([=+\-@＝＋－＠])`)

// cellText makes text harmless for a cell. Clean has turned tabs and line ends
// into letters before.
func cellText(s string) string {
	s = Clean(s)
	if !strings.ContainsAny(s, "=+-@＝＋－＠") {
		return s
	}
	return formula.ReplaceAllString(s, "$1$2'$3")
}

// changeIndex finds the changes that concern an endpoint: by its pool and
// member, or by the certificate that came to it.
type changeIndex struct {
	compared bool
	by       map[[2]string][]Change
}

func newChangeIndex(changes []Change) changeIndex {
	x := changeIndex{changes != nil, map[[2]string][]Change{}}
	for _, c := range changes {
		key := [2]string{c.Pool, c.Member}
		if c.Member == "" {
			key[1] = c.After
		}
		x.by[key] = append(x.by[key], c)
	}
	return x
}

// at lists the kinds of the changes that concern e, "unchanged" where there are
// none, and nothing where there was no earlier scan.
func (x changeIndex) at(p Pool, e *edge.Capture) string {
	if !x.compared {
		return ""
	}
	candidates := x.by[[2]string{p.Plan.Name, e.Member}]
	if leaf := e.Leaf(); leaf != nil && len(x.by) > 0 {
		candidates = slices.Concat(candidates, x.by[[2]string{p.Plan.Name, leaf.Fingerprint.String()}])
	}
	var kinds []string
	for _, c := range candidates {
		if c.concerns(e) && !slices.Contains(kinds, c.Kind) {
			kinds = append(kinds, c.Kind)
		}
	}
	if len(kinds) == 0 {
		return "unchanged"
	}
	return strings.Join(kinds, " ")
}

// concerns says whether everything of a place that a change names is the
// endpoint's.
func (c Change) concerns(e *edge.Capture) bool {
	return (c.Member == "" || c.Member == e.Member) &&
		(c.Role == "" || c.Role == e.Role) &&
		(c.Address == "" || c.Address == e.AddressText()) &&
		(c.Port == 0 || c.Port == e.Port)
}
