package formats

import (
	"bytes"
	"testing"

	"edgecert/report"
	"edgecert/report/reporttest"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

func BenchmarkFormats(b *testing.B) {
	w := reporttest.LooseList(b, 10_000)
	for _, c := range w.Evidence.Captures { // every endpoint has something
		w.Judgements[0].Findings = append(w.Judgements[0].Findings, audit.Finding{Rule: "subject-not-in-san", Severity: audit.Warning, Member: c.Endpoint.Member,
			Role: edge.Other, Address: c.Endpoint.Member, Port: 443, Certificates: []*edge.Certificate{c.Leaf()}, Message: "the subject is not in the SAN", Fix: "request another"})
	}
	r := w.Report()
	for _, f := range All() {
		b.Run(f.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n := countingWriter(0)
				if err := f.Render(&n, r, Options{}); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(n)/1e6, "MB-written")
			}
		})
	}
}

// BenchmarkJSON is the document of a large fleet, as it is written and forgotten.
func BenchmarkJSON(b *testing.B) {
	r := reporttest.LooseList(b, 50_000).Report()
	b.ReportAllocs()
	for b.Loop() {
		n := countingWriter(0)
		if err := report.JSON(&n, r); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(n)/50_000, "B/endpoint")
	}
}

func BenchmarkLoad(b *testing.B) {
	text := []byte(render(b, "json", reporttest.LooseList(b, 10_000).Report()))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := report.Load(b.Context(), bytes.NewReader(text)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	w := reporttest.LooseList(b, 10_000)
	b.ReportAllocs()
	for b.Loop() {
		w.Report()
	}
}

// countingWriter counts what is written.
type countingWriter int

func (n *countingWriter) Write(p []byte) (int, error) {
	*n += countingWriter(len(p))
	return len(p), nil
}
