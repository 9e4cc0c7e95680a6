// Package inventory reads what Get-CsCertificate said on an Edge Server:
//
//	powershell.Read ─→ objects ─ Parse ─→ []edge.InventoryRecord ─→ edge.Pool ─→ audit
//
// The A/V Authentication certificate never appears on the wire, so this is the
// only way to compare it. What people have already is read: JSON, CSV, CLIXML,
// printed lists, transcripts, and the file that `edgecert collect` gathers. What
// is ambiguous is unknown rather than guessed. The bytes are given: the package
// opens no file and reads no clock.
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
	"edgecert/scanner/limits"
	"edgecert/scanner/powershell"
)

// collectHint is the way out for a file that lacks what is needed.
const collectHint = "run what `edgecert collect` prints, or " + edge.CollectInventory

// A record is one certificate as PowerShell has it, before it is judged for sense.
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
	started    map[string]time.Time // when the member's services started, by Windows' name for them
}

// An Inventory is what a file says of members.
type Inventory struct {
	Records []edge.InventoryRecord
	Stores  []edge.Store
	Missing []string // members of which a file for several has no record
}

// Parse reads a file of Get-CsCertificate output for members of a pool. It may
// hold the outputs of several members if the records name their computer
// (Invoke-Command adds PSComputerName): those of strangers are skipped. Without
// members every computer that is named is one.
//
// A certificate that has several uses becomes several records. Staged are those
// whose EffectiveDate lies after now, or, where a use has two certificates and
// neither has such a date, the newer one: Set-CsCertificate -Roll puts the new
// one beside the one in use ("Staging AV and OAuth Certificates Using -Roll in
// Set-CsCertificate"). One that a staged certificate has replaced is left out.
//
// Errors name the file and the record.
func Parse(name string, data []byte, members []string, now time.Time) (Inventory, error) {
	records, stores, err := read(name, data)
	if err != nil {
		return Inventory{}, err
	}
	if members == nil {
		members = hosts(records)
	}
	var out Inventory
	for _, member := range members {
		own := ofMember(records, member, len(members) == 1)
		if len(own) == 0 {
			out.Missing = append(out.Missing, member)
		}
		out.Records = append(out.Records, settle(own, member, now)...)
		for _, s := range stores {
			if s.Member == "" && len(members) == 1 || sameHost(s.Member, member) {
				s.Member = member
				out.Stores = append(out.Stores, s)
			}
		}
	}
	if len(out.Records) == 0 {
		of := "they do not say of whom"
		if list := hosts(records); len(list) > 0 {
			of = "they are of " + strings.Join(list, ", ")
		}
		return Inventory{}, edge.Hintf(collectHint, "%s: no record is of %s: %s", name, cmp.Or(strings.Join(members, ", "), "a member"), of)
	}
	return out, nil
}

// read finds the records of a file, and the stores of members.
func read(name string, data []byte) ([]record, []edge.Store, error) {
	if len(data) > limits.Inventory {
		return nil, nil, fmt.Errorf("%s: the file is larger than %d MB", name, limits.Inventory>>20)
	}
	decoded, _, err := transform.Bytes(unicode.BOMOverride(unicode.UTF8.NewDecoder()), data)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: reading the text: %w", name, err)
	}
	if strings.TrimSpace(string(decoded)) == "" {
		return nil, nil, edge.Hintf("Get-CsCertificate found no certificate, or was not run as administrator", "%s: the file is empty", name)
	}
	// Files that were put together have a byte order mark in the middle, too.
	found, err := powershell.Read(name, strings.ReplaceAll(string(decoded), "\ufeff", ""))
	if err != nil {
		return nil, nil, err
	}
	certificates := collected(found)
	if len(certificates) > limits.InventoryRecords {
		return nil, nil, fmt.Errorf("%s: %d records: a member has a dozen", name, len(certificates))
	}
	if !slices.ContainsFunc(certificates, func(c certificate) bool { return c.Has("Thumbprint") }) {
		return nil, nil, edge.Hintf(collectHint, "%s: no certificate of Get-CsCertificate in it: none has a Thumbprint", name)
	}
	order := orderOf(certificates)
	var out []record
	for _, c := range certificates {
		if !c.Has("Thumbprint") && c.printed() {
			continue // another object of a transcript
		}
		r, err := c.record(order)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", c.Place, err)
		}
		out = append(out, r)
	}
	stores, err := storesOf(found)
	return out, stores, err
}

// ofMember are the records of a member; only says that those of nobody are its, too.
func ofMember(records []record, member string, only bool) []record {
	return slices.DeleteFunc(slices.Clone(records), func(r record) bool {
		return !(r.host == "" && only) && !sameHost(r.host, member)
	})
}

// hosts are the computers that records name.
func hosts(records []record) []string {
	var out []string
	for _, r := range records {
		if r.host != "" && !slices.Contains(out, r.host) {
			out = append(out, r.host)
		}
	}
	return out
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
				NotBefore: r.notBefore, NotAfter: r.notAfter, Names: r.names, Source: r.place, Effective: r.effective, Started: r.started[serviceOf(use)],
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

// thumbprint reads a SHA-1 as Windows shows it.
func thumbprint(s string) (string, error) {
	t, ok := edge.ParseThumbprint(s)
	if !ok || len(t) != 40 {
		return "", fmt.Errorf("thumbprint %q: 40 hexadecimal digits are expected", s)
	}
	return t, nil
}

// serial is the number without the zero byte that keeps it positive, as
// edge.Certificate.Serial has it.
func serial(s string) string {
	t := strings.ToLower(strings.Map(func(r rune) rune {
		if r == ' ' || r == ':' || r == '-' || r > 0x7f {
			return -1
		}
		return r
	}, s))
	if _, err := hex.DecodeString(t); err != nil {
		return t
	}
	for len(t) > 2 && strings.HasPrefix(t, "00") {
		t = t[2:]
	}
	return t
}

// uses reads the use of a certificate: one name, or several with commas.
func uses(s string) ([]string, error) {
	out, _ := powershell.SplitList(s)
	for _, use := range out {
		if use[0] >= '0' && use[0] <= '9' {
			return nil, edge.Hintf(collectHint, "use %q is a number, as PowerShell 5 writes an enumeration", use)
		}
	}
	if len(out) == 0 {
		return nil, edge.Hintf(collectHint, "the use of the certificate (Use) is missing, which Get-CsCertificate says")
	}
	return out, nil
}
