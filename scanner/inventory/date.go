package inventory

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"edgecert/scanner/edge"
)

// readDate reads a date as PowerShell writes it: "/Date(1700000000000)/"
// (PowerShell 5's JSON: milliseconds since 1970, UTC, whatever offset stands
// behind them), ISO 8601, or a culture's. Nothing is no date.
func readDate(s string, o order) (time.Time, error) {
	ms, ok := strings.CutPrefix(s, "/Date(")
	if !ok {
		return textDate(s, o)
	}
	ms = strings.TrimSuffix(ms, ")/")
	if i := strings.LastIndexAny(ms, "+-"); i > 0 {
		ms = ms[:i]
	}
	n, err := strconv.ParseInt(ms, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("%.60q is no date", s)
	}
	return time.UnixMilli(n).UTC(), nil
}

// order is how the numbers of a culture's date are to be read.
type order byte

const (
	unclear    order = iota // both readings are possible and differ
	monthFirst              // 11/22/2026, United States
	dayFirst                // 22/11/2026, 22.11.2026
)

// A culture's short date with a long time: what Export-Csv and a DateTime made
// text look like.
var numericDate = regexp.MustCompile(`^(\d{1,2})([/.-])(\d{1,2})[/.-](\d{4})(?:[ ,]+(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))? ?([AaPp]\.?[Mm]\.?)?)?$`)

// dateOrder finds the order from all dates of a file: a number above 12 is a
// day, and dots mean the day first everywhere they are used. Dates that
// contradict one another leave it unclear. Where no date decides, AM and PM do:
// who writes them mostly puts the month first.
func dateOrder(dates []string) order {
	found, halves := unclear, false
	for _, d := range dates {
		m := numericDate.FindStringSubmatch(plainSpaces(d))
		if m == nil {
			continue
		}
		halves = halves || m[8] != ""
		first, second := atoi(m[1]), atoi(m[3])
		this := found
		switch {
		case m[2] == "." || first > 12:
			this = dayFirst
		case second > 12:
			this = monthFirst
		}
		if found != unclear && this != found {
			return unclear
		}
		found = this
	}
	if found == unclear && halves {
		return monthFirst
	}
	return found
}

// textDate reads ISO 8601, with or without a zone (then it is taken for UTC),
// or a culture's date in a known order. In an order that is not known the date
// is not known either.
func textDate(s string, o order) (time.Time, error) {
	s = plainSpaces(strings.TrimSpace(s))
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05Z07:00", time.DateTime, time.DateOnly, "2006/01/02 15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	m := numericDate.FindStringSubmatch(s)
	if m == nil {
		return time.Time{}, edge.Hintf(collectHint, "%.60q is no date that can be read", s)
	}
	month, day := atoi(m[1]), atoi(m[3])
	if o == dayFirst {
		month, day = day, month
	}
	if o == unclear && month != day {
		return time.Time{}, nil
	}
	hour := atoi(m[5])
	switch half := strings.ToLower(m[8]); {
	case strings.HasPrefix(half, "p") && hour < 12:
		hour += 12
	case strings.HasPrefix(half, "a") && hour == 12:
		hour = 0
	}
	t := time.Date(atoi(m[4]), time.Month(month), day, hour, atoi(m[6]), atoi(m[7]), 0, time.UTC)
	if t.Day() != day || int(t.Month()) != month {
		return time.Time{}, fmt.Errorf("%q is no date", s)
	}
	return t, nil
}

// plainSpaces: newer cultures put a narrow no-break space before AM and PM.
func plainSpaces(s string) string {
	return strings.NewReplacer("\u202f", " ", "\u00a0", " ").Replace(s)
}

// atoi is for what the expression has found to be digits, or nothing.
func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}
