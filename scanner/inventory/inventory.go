// Package inventory reads what Get-CsCertificate printed on an Edge Server:
//
//	Get-CsCertificate | ConvertTo-Json, Export-Csv ─ Parse ─→ []edge.InventoryRecord ─→ edge.Pool ─→ audit
//
// The A/V Authentication certificate never appears on the wire, so this is the
// only way to compare it. PowerShell writes dates, arrays, enumerations and
// text encodings in several ways each, by version and by culture; all are read,
// and what is ambiguous is refused rather than guessed. The bytes are given:
// the package opens no file and reads no clock.
package inventory

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"edgecert/scanner/edge"
)

// MaxSize is the largest file that is read, in bytes: a member has a dozen
// certificates, a record about a kilobyte.
const MaxSize = 4 << 20

// maxRecords bounds what later work a file can cause.
const maxRecords = 1000

// A record is one object as PowerShell has it, before it is judged for sense.
type record struct {
	place      string // "certs-edge1.json: record 2"
	host       string // the computer it says it is of; empty: it does not say
	uses       []string
	thumbprint string
	serial     string
	subject    string
	issuer     string
	names      []string
	notBefore  time.Time
	notAfter   time.Time
	effective  time.Time // from when a staged certificate is in use; zero: not staged
	roll       bool
}

// Parse reads a file of Get-CsCertificate output for one member. JSON and CSV
// are told apart by the first character. A file may hold the outputs of several
// members, one after another, if the records name their computer
// (Invoke-Command adds PSComputerName): those of other members are skipped.
//
// A certificate that has several uses becomes several records. Staged are those
// whose EffectiveDate lies after now, or, where a use has two certificates and
// neither has such a date, the newer one: Set-CsCertificate -Roll puts the new
// one beside the one in use ("Staging AV and OAuth Certificates Using -Roll in
// Set-CsCertificate"). One that a staged certificate has replaced is left out.
//
// Errors name the file and the record.
func Parse(name string, data []byte, member string, now time.Time) ([]edge.InventoryRecord, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("%s: the file is larger than %d MB", name, MaxSize>>20)
	}
	decoded, _, err := transform.Bytes(unicode.BOMOverride(unicode.UTF8.NewDecoder()), data)
	if err != nil {
		return nil, fmt.Errorf("%s: reading the text: %w", name, err)
	}
	text := strings.TrimSpace(string(decoded))
	parse := parseCSV
	switch {
	case text == "":
		return nil, fmt.Errorf("%s: the file is empty: Get-CsCertificate found no certificate, or was not run as administrator", name)
	case text[0] == '{' || text[0] == '[':
		parse = parseJSON
	}
	records, err := parse(name, text)
	if err != nil {
		return nil, err
	}
	if len(records) > maxRecords {
		return nil, fmt.Errorf("%s: %d records: a member has a dozen", name, len(records))
	}
	records, err = ofMember(name, records, member)
	if err != nil {
		return nil, err
	}
	return settle(records, member, now), nil
}

// ofMember leaves out what says that it comes from another computer.
func ofMember(name string, records []record, member string) ([]record, error) {
	var out []record
	var hosts []string
	for _, r := range records {
		if r.host == "" || sameHost(r.host, member) {
			out = append(out, r)
		} else if !slices.Contains(hosts, r.host) {
			hosts = append(hosts, r.host)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: no record is of %s: they are of %s", name, member, strings.Join(hosts, ", "))
	}
	return out, nil
}

// sameHost takes "edge1" and "edge1.contoso.net" for one another.
func sameHost(a, b string) bool {
	short := func(s string) string { s, _, _ = strings.Cut(s, "."); return s }
	return strings.EqualFold(a, b) ||
		(!strings.Contains(a, ".") || !strings.Contains(b, ".")) && strings.EqualFold(short(a), short(b))
}

// settle makes a record a use and decides which are staged.
func settle(records []record, member string, now time.Time) []edge.InventoryRecord {
	byUse := map[string][]record{}
	var uses []string
	for _, r := range records {
		for _, use := range r.uses {
			if byUse[use] == nil {
				uses = append(uses, use)
			}
			byUse[use] = append(byUse[use], r)
		}
	}
	var out []edge.InventoryRecord
	for _, use := range uses {
		current, staged := split(byUse[use], now)
		for _, r := range append(current, staged...) {
			out = append(out, edge.InventoryRecord{
				Member: member, Use: use, Thumbprint: r.thumbprint, Serial: r.serial, Subject: r.subject, Issuer: r.issuer,
				NotBefore: r.notBefore, NotAfter: r.notAfter, Names: r.names, Source: r.place,
				Staged: slices.ContainsFunc(staged, func(s record) bool { return s.thumbprint == r.thumbprint }),
			})
		}
	}
	return out
}

// split tells the certificate of one use that is in force from the staged one.
func split(records []record, now time.Time) (current, staged []record) {
	for _, r := range records {
		if r.roll || r.effective.After(now) {
			staged = append(staged, r)
			continue
		}
		if !slices.ContainsFunc(current, func(c record) bool { return c.thumbprint == r.thumbprint }) {
			current = append(current, r)
		}
	}
	if len(current) < 2 {
		return current, staged
	}
	// Two in force at a time there cannot be. The one that took effect last
	// has replaced the other; where neither says when, the newer one is staged.
	slices.SortStableFunc(current, func(a, b record) int {
		return cmp.Or(b.effective.Compare(a.effective), a.notBefore.Compare(b.notBefore))
	})
	if !current[0].effective.IsZero() {
		return current[:1], staged
	}
	return current[:1], append(staged, current[1:]...)
}

// thumbprint reads a SHA-1 as Windows shows it: upper case, sometimes with
// spaces and with the invisible mark that the certificate dialog puts in front.
func thumbprint(s string) (string, error) {
	t := cleanHex(s)
	if b, err := hex.DecodeString(t); err != nil || len(b) != 20 {
		return "", fmt.Errorf("thumbprint %q: 40 hexadecimal digits are expected", s)
	}
	return t, nil
}

// serial is the number without the zero byte that keeps it positive, as
// edge.Certificate.Serial has it.
func serial(s string) string {
	t := cleanHex(s)
	for len(t) > 2 && strings.HasPrefix(t, "00") {
		t = t[2:]
	}
	return t
}

func cleanHex(s string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if r == ' ' || r == ':' || r == '-' || r > 0x7f {
			return -1
		}
		return r
	}, s))
}

// uses reads the use of a certificate: one name, or several with commas.
func uses(s string) ([]string, error) {
	var out []string
	for _, use := range splitList(s) {
		if use[0] >= '0' && use[0] <= '9' {
			return nil, fmt.Errorf("use %q is a number, as PowerShell 5 writes an enumeration: collect it with %s", use, edge.CollectInventory)
		}
		out = append(out, use)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("the use of the certificate (Use) is missing: collect it with %s", edge.CollectInventory)
	}
	return out, nil
}

// splitList reads "{a, b}", "a,b" and "a b". The name of a .NET type is what
// Export-Csv writes in place of a list: nothing is known then.
func splitList(s string) []string {
	if s == "" || strings.HasPrefix(s, "System.") {
		return nil
	}
	return strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("{}, ;\t\r\n", r) })
}
