package inventory

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"edgecert/scanner/edge"
)

// jsonDate reads a date as ConvertTo-Json writes it: PowerShell 5 as
// "/Date(1700000000000)/" (milliseconds since 1970, UTC, whatever offset
// stands behind them) or as {"value": "/Date(…)/", "DateTime": "…"}; PowerShell
// 7 in ISO 8601. Nothing or null is no date.
func jsonDate(raw json.RawMessage) (time.Time, error) {
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) == nil && object != nil {
		return jsonDate(object["value"])
	}
	var s string
	if len(raw) == 0 || json.Unmarshal(raw, &s) != nil {
		if len(raw) == 0 || string(raw) == "null" {
			return time.Time{}, nil
		}
		return time.Time{}, fmt.Errorf("%s is no date", raw)
	}
	if ms, ok := strings.CutPrefix(s, "/Date("); ok {
		ms = strings.TrimSuffix(ms, ")/")
		if i := strings.LastIndexAny(ms, "+-"); i > 0 {
			ms = ms[:i]
		}
		n, err := strconv.ParseInt(ms, 10, 64)
		if err != nil {
			return time.Time{}, fmt.Errorf("%q is no date", s)
		}
		return time.UnixMilli(n).UTC(), nil
	}
	return textDate(s, dateOrder([]string{s}))
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
// day, and dots mean the day first everywhere they are used. Two dates that
// contradict one another leave it unclear.
func dateOrder(dates []string) order {
	found := unclear
	for _, d := range dates {
		m := numericDate.FindStringSubmatch(plainSpaces(d))
		if m == nil {
			continue
		}
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
	return found
}

// textDate reads ISO 8601, with or without a zone (then it is taken for UTC),
// or a culture's date in a known order.
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
		return time.Time{}, fmt.Errorf("%q is no date that can be read: collect it with %s", s, edge.CollectInventory)
	}
	month, day := atoi(m[1]), atoi(m[3])
	if o == dayFirst {
		month, day = day, month
	}
	if o == unclear && month != day {
		return time.Time{}, fmt.Errorf("%q may be day %d of month %d or the other way round: collect it with %s", s, day, month, edge.CollectInventory)
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
