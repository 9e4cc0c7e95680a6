package inventory

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"edgecert/scanner/edge"
)

// parseCSV reads Export-Csv, with or without the #TYPE line of PowerShell 5,
// with the culture's delimiter (-UseCulture) or a comma.
func parseCSV(name, text string) ([]record, error) {
	offset := 0
	if strings.HasPrefix(text, "#TYPE") {
		_, text, _ = strings.Cut(text, "\n")
		offset = 1
	}
	header, _, _ := strings.Cut(text, "\n")
	if !strings.Contains(strings.ToLower(header), "thumbprint") {
		return nil, fmt.Errorf("%s: neither JSON nor CSV with a column Thumbprint: collect it with %s", name, edge.CollectInventory)
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord = delimiter(header), -1
	var rows [][]string
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: reading CSV: %w", name, err)
		}
		line, _ := r.FieldPos(0)
		rows = append(rows, append(row, fmt.Sprintf("%s:%d", name, line+offset)))
		if len(rows) > maxRecords+1 {
			return nil, fmt.Errorf("%s: more than %d records", name, maxRecords)
		}
	}
	return fromCSV(rows)
}

func delimiter(header string) rune {
	for _, d := range ";\t" {
		if strings.ContainsRune(header, d) {
			return d
		}
	}
	return ','
}

// fromCSV reads rows whose last field is their place. The order of day and
// month is one for the whole file, so it is found out from all dates first.
func fromCSV(rows [][]string) ([]record, error) {
	column := map[string]int{}
	for i, title := range rows[0][:len(rows[0])-1] {
		column[strings.ToLower(strings.TrimSpace(title))] = i
	}
	field := func(row []string, title string) string {
		i, ok := column[strings.ToLower(title)]
		if !ok || i >= len(row)-1 {
			return ""
		}
		return strings.TrimSpace(row[i])
	}
	dates := []string{"NotBefore", "NotAfter", "EffectiveDate"}
	var all []string
	for _, row := range rows[1:] {
		for _, d := range dates {
			all = append(all, field(row, d))
		}
	}
	order := dateOrder(all)
	var out []record
	for _, row := range rows[1:] {
		r := record{place: row[len(row)-1], host: field(row, "PSComputerName"), serial: serial(field(row, "SerialNumber")),
			subject: field(row, "Subject"), issuer: field(row, "Issuer"), roll: strings.EqualFold(field(row, "Roll"), "true"),
			names: splitList(field(row, "AlternativeNames"))}
		err := r.complete(field(row, "Thumbprint"), field(row, "Use"))
		for i, to := range []*time.Time{&r.notBefore, &r.notAfter, &r.effective} {
			if err == nil {
				if *to, err = textDate(field(row, dates[i]), order); err != nil {
					err = fmt.Errorf("%s: %w", dates[i], err)
				}
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.place, err)
		}
		out = append(out, r)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: a header and no record", rows[0][len(rows[0])-1])
	}
	return out, nil
}

func (r *record) complete(print, use string) (err error) {
	if r.thumbprint, err = thumbprint(print); err != nil {
		return err
	}
	r.uses, err = uses(use)
	return err
}
