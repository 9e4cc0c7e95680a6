package report_test

import (
	"encoding/xml"
	"path/filepath"
	"slices"
	"testing"

	"edgecert/report"
	"edgecert/report/reporttest"
	"edgecert/scanner/audit"
)

func TestJUnitBySchema(t *testing.T) {
	t.Parallel()
	for name, r := range reporttest.Reports(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reporttest.Program(t, "libxml2-utils", render(t, "junit", r), "xmllint", "--noout", "--schema", filepath.Join("testdata", "junit.xsd"), "-")
		})
	}
}

func TestJUnitByItsParser(t *testing.T) {
	t.Parallel()
	for name, r := range reporttest.Reports(t) {
		text := render(t, "junit", r)
		var got struct {
			Failures int `xml:"failures,attr"`
			Errors   int `xml:"errors,attr"`
			Suites   []struct {
				Cases []struct {
					Name    string    `xml:"name,attr"`
					Failure *struct{} `xml:"failure"`
					Error   *struct{} `xml:"error"`
					Skipped *struct{} `xml:"skipped"`
				} `xml:"testcase"`
			} `xml:"testsuite"`
		}
		if err := xml.Unmarshal([]byte(text), &got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for i, p := range r.Pools {
			for _, c := range got.Suites[i].Cases {
				if want := ruleFails(p, c.Name); (c.Failure != nil) != want {
					t.Errorf("%s: %s failed %v, want %v", name, c.Name, c.Failure != nil, want)
				}
				o := p.Rules[c.Name]
				if want := o == audit.CouldNotTell || o == audit.NotApplicable || o == audit.Found && !told(p, c.Name); (c.Skipped != nil) != want {
					t.Errorf("%s: %s skipped %v though it is %s", name, c.Name, c.Skipped != nil, o)
				}
				if c.Name == "coverage" && (c.Error != nil) != (p.Verdict == audit.VerdictIncomplete || p.Coverage().Failed > 0) {
					t.Errorf("%s: coverage in error %v though the verdict is %s", name, c.Error != nil, p.Verdict)
				}
			}
		}
		if r.Verdict != audit.VerdictOK && r.Verdict != audit.VerdictWarning && got.Failures+got.Errors == 0 && name != "loose" {
			t.Errorf("%s: verdict %s, and the build server sees all well", name, r.Verdict)
		}
	}
}

func ruleFails(p report.Pool, rule string) bool {
	for _, f := range p.Findings {
		if f.Rule == rule && f.Severity != audit.Info {
			return true
		}
	}
	return false
}

// told says that findings are of this rule, not of another that names it.
func told(p report.Pool, rule string) bool {
	return slices.ContainsFunc(p.Findings, func(f audit.Finding) bool { return f.Rule == rule })
}
