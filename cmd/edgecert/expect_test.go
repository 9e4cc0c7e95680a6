package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
	"edgecert/scanner/lab"
)

// The certificate that was meant may be given as a file, on stdin, or as a
// thumbprint the way Windows shows it; one that nobody presents is told.
func TestExpect(t *testing.T) {
	t.Parallel()
	l, err := lab.Start(t.Context(), lab.Healthy(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	dir := t.TempDir()
	file, roots, err := writeLab(l, dir)
	if err != nil {
		t.Fatal(err)
	}
	type document struct {
		Pools []struct {
			Rules     map[string]audit.Outcome `json:"rules"`
			Endpoints []struct {
				Certificate *string `json:"certificate"`
			} `json:"endpoints"`
		} `json:"pools"`
		Certificates map[string]struct {
			Thumbprint string `json:"thumbprint_sha1"`
			PEM        string `json:"pem"`
		} `json:"certificates"`
	}
	stdin := ""
	scan := func(args ...string) (int, document) {
		var out, errOut bytes.Buffer
		args = append([]string{"scan", "-t", file, "--roots", roots, "--resolver", l.Resolver(), "--quick", "--format", "json"}, args...)
		status := run(t.Context(), args, strings.NewReader(stdin), &out, &errOut)
		var doc document
		if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
			t.Fatalf("status %d, %v; stderr: %s", status, err, errOut.String())
		}
		return status, doc
	}
	_, first := scan()
	leaf := *first.Pools[0].Endpoints[0].Certificate
	renewed := filepath.Join(dir, "new.pem")
	if err := os.WriteFile(renewed, []byte(first.Certificates[leaf].PEM), 0o600); err != nil {
		t.Fatal(err)
	}
	stdin = first.Certificates[leaf].PEM
	sha1 := strings.ToUpper(first.Certificates[leaf].Thumbprint)
	for text, want := range map[string]audit.Outcome{
		renewed: audit.Pass, sha1: audit.Pass, "\u200e" + strings.ToLower(sha1[:20]) + " " + sha1[20:]: audit.Pass, leaf: audit.Pass,
		strings.Repeat("0", 40): audit.Found, "-": audit.Pass,
	} {
		status, doc := scan("--expect", text)
		if got := doc.Pools[0].Rules["expected-not-presented"]; got != want || (status == exitOK) != (want == audit.Pass) {
			t.Errorf("--expect %q: %s, status %d, want %s", text, got, status, want)
		}
	}
}

// --expect takes the place of the lines without a role, in Edge pools and for
// the hosts of the command line.
func TestExpectEverywhere(t *testing.T) {
	t.Parallel()
	services := []edge.Service{{Role: edge.Access}, {Role: edge.WebConf}, {Role: edge.AV}}
	apart := [][]edge.Role{{edge.Access, edge.WebConf}, {edge.AV}}
	lines := []edge.Expectation{{Text: "old"}, {Role: edge.AV, Text: "av"}}
	pools := []edge.Pool{
		{Kind: edge.EdgePool, Services: services, Groups: apart, Expect: lines},
		{Kind: edge.CommandLinePool}, {Kind: edge.WebPool, Expect: lines[:1]}, {Kind: edge.LoosePool},
	}
	if err := expectEverywhere(pools, edge.Expectation{Text: "new"}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"new av", "new", "old", ""} {
		var got []string
		for _, x := range pools[i].Expect {
			got = append(got, x.Text)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("pool %d expects %q, want %q", i, got, want)
		}
	}
}
