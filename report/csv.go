package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// csvHead names the columns of the CSV, one row an endpoint.
func csvHead() []string {
	return []string{"pool", "pool_verdict", "member", "role", "fqdn", "address", "port", "service_port",
		"outcome", "stage", "error_class", "error_message", "tls_version", "cipher", "client_certificate",
		"subject", "issuer", "serial", "thumbprint_sha1", "sha256", "not_before", "not_after", "days_left",
		"dns_names", "key_type", "key_bits", "findings", "changes"}
}

// CSV writes one row an endpoint with the facts of its certificate and the
// rules that found something there, worst first ("error:expired"). Findings of
// the whole pool stand in every row of the endpoints that they concern: those
// of the same member, role, port and certificate, where they name one. The
// kinds of the changes stand in the rows of the member or certificate that they
// name; a change of the whole pool, and of what is gone, has no row.
//
// Text is cleaned as for a terminal, and what a spreadsheet would run as a
// formula gets an apostrophe in front.
func CSV(w io.Writer, r Report) error {
	c := csv.NewWriter(w)
	if err := c.Write(csvHead()); err != nil {
		return err
	}
	changed := newChangeIndex(r.Changes)
	for _, p := range r.Pools {
		found := newFindingIndex(p)
		for _, e := range p.Endpoints {
			row := append(csvEndpoint(p, e), csvCertificate(r, e)...)
			row = append(row, cellText(strings.Join(found.at(e), " ")), cellText(changed.at(p, e)))
			if err := c.Write(row); err != nil {
				return err
			}
		}
	}
	c.Flush()
	return c.Error()
}

func csvEndpoint(p Pool, e Endpoint) []string {
	var class, message, version, cipher, client string
	if e.Error != nil {
		class, message = string(e.Error.Class), e.Error.Message
	}
	if e.TLS != nil {
		version, cipher, client = e.TLS.Version, e.TLS.Cipher, string(e.TLS.ClientCertificate)
	}
	row := []string{p.Name, string(p.Verdict), e.Member, string(e.Role), e.FQDN, e.Address, strconv.Itoa(e.Port),
		strconv.Itoa(e.ServicePort), string(e.Outcome), string(e.Stage), class, message, version, cipher, client}
	for i, s := range row {
		row[i] = cellText(s)
	}
	return row
}

func csvCertificate(r Report, e Endpoint) []string {
	row := make([]string, 11)
	if e.Certificate == nil {
		return row
	}
	c := r.Certificates[*e.Certificate]
	row = []string{c.Subject, c.Issuer, c.Serial, c.ThumbprintSHA1, *e.Certificate, "", "", "", strings.Join(c.DNSNames, " "), c.KeyType, ""}
	for i, s := range row {
		row[i] = cellText(s)
	}
	if !c.NotAfter.IsZero() {
		row[5], row[6] = c.NotBefore.Format(time.RFC3339), c.NotAfter.Format(time.RFC3339)
		row[7] = strconv.Itoa(daysLeft(c.NotAfter, r.Finished))
	}
	if c.KeyBits > 0 {
		row[10] = strconv.Itoa(c.KeyBits)
	}
	return row
}

// daysLeft is negative once the certificate has expired, from the first
// minute on.
func daysLeft(end, now time.Time) int {
	d := end.Sub(now)
	days := int(d / (24 * time.Hour))
	if d < 0 {
		days--
	}
	return days
}

// formula matches where a spreadsheet would start to compute: at the start of
// a cell, blanks before it or not, and behind a semicolon, at which some
// countries' Excel parts cells. Fullwidth signs count in Japanese ones (OWASP,
// CSV injection).
var formula = regexp.MustCompile(`(^|;)(\s*)([=+\-@＝＋－＠])`)

// cellText makes text harmless for a cell. Clean has turned tabs and line ends
// into letters before.
func cellText(s string) string {
	s = Clean(s)
	if !strings.ContainsAny(s, "=+-@＝＋－＠") {
		return s
	}
	return formula.ReplaceAllString(s, "$1$2'$3")
}

// findingIndex finds the findings that concern an endpoint. Findings that name
// a place are looked up by it; a list of thousands of endpoints has thousands.
type findingIndex struct {
	placed map[string][]int
	all    []Finding
}

func newFindingIndex(p Pool) findingIndex {
	x := findingIndex{placed: map[string][]int{}, all: p.Findings}
	for i, f := range p.Findings {
		key := ""
		if f.Address != "" {
			key = findingPlace(f.FQDN, f.Address, f.Port)
		}
		x.placed[key] = append(x.placed[key], i)
	}
	return x
}

func findingPlace(fqdn, address string, port int) string {
	return fmt.Sprint(fqdn, " ", address, " ", port)
}

// at lists the rules that found something at e, worst first as audit has them.
func (x findingIndex) at(e Endpoint) []string {
	var rules []string
	keys := []string{findingPlace(e.FQDN, e.Address, e.Port), findingPlace(e.FQDN, e.Address, 0),
		findingPlace("", e.Address, e.Port), findingPlace("", e.Address, 0), ""}
	if e.FQDN == "" {
		keys = keys[2:]
	}
	for _, key := range keys {
		for _, i := range x.placed[key] {
			if f := x.all[i]; f.concerns(e) {
				rules = append(rules, string(f.Severity)+":"+f.Rule)
			}
		}
	}
	return rules
}

// concerns says whether everything that a finding names is the endpoint's.
func (f Finding) concerns(e Endpoint) bool {
	return (f.Member == "" || f.Member == e.Member) &&
		(f.Role == "" || f.Role == e.Role) &&
		(f.FQDN == "" || f.FQDN == e.FQDN) &&
		(f.Address == "" || f.Address == e.Address) &&
		(f.Port == 0 || f.Port == e.Port) &&
		(f.Certificate == nil || e.Certificate != nil && *f.Certificate == *e.Certificate)
}
