package report

import (
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A family is one gauge with its series, in Prometheus' text format
// (prometheus.io/docs/instrumenting/exposition_formats). The client library
// would bring protobuf, and the program for Windows past the 20 MB that it may
// have; its parser and promtool read the result in the tests.
type family struct {
	name, help string
	labels     []string
	series     map[string]float64 // by their labels as written
}

// set gives the series with these labels a value, one for each label of the
// family, in its order.
func (f *family) set(value float64, labels ...string) {
	f.at(labels, func(float64) float64 { return value })
}

func (f *family) add(n float64, labels ...string) {
	f.at(labels, func(v float64) float64 { return v + n })
}

func (f *family) at(labels []string, change func(float64) float64) {
	if f.series == nil {
		f.series = map[string]float64{}
	}
	pairs := make([]string, len(labels))
	for i, l := range labels {
		pairs[i] = f.labels[i] + `="` + escape(l) + `"`
	}
	slices.Sort(pairs)
	text := strings.Join(pairs, ",")
	f.series[text] = change(f.series[text])
}

func (f *family) write(w io.Writer) error {
	if len(f.series) == 0 {
		return nil
	}
	var err error
	line := func(words ...string) {
		if err == nil {
			_, err = io.WriteString(w, strings.Join(words, " ")+"\n")
		}
	}
	line("# HELP", f.name, f.help)
	line("# TYPE", f.name, "gauge")
	for _, labels := range slices.Sorted(maps.Keys(f.series)) {
		name := f.name
		if labels != "" {
			name += "{" + labels + "}"
		}
		line(name, strconv.FormatFloat(f.series[labels], 'g', -1, 64))
	}
	return err
}

// escape makes a label's value fit for its quotes; Clean has left no other
// control character.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`).Replace(s)
}
