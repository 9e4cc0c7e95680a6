package report_test

import (
	"bytes"
	_ "embed"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"edgecert/report/reporttest"
)

//go:embed schema.json
var schemaText []byte

func compileSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemaText))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(s *jsonschema.Schema, text string) error {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return err
	}
	return s.Validate(doc)
}

func TestSchemaAcceptsReports(t *testing.T) {
	t.Parallel()
	s := compileSchema(t)
	for name, r := range reporttest.Reports(t) {
		if err := validate(s, string(encode(t, r))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	s := compileSchema(t)
	good := string(encode(t, reporttest.Rich(t).Report()))
	tests := map[string][2]string{
		"later schema":              {`"edgecert.scan/1"`, `"edgecert.scan/2"`},
		"field nobody knows":        {`"interrupted": false`, `"interrupted": false, "extra": 1`},
		"field left out":            {`"interrupted": false,`, ``},
		"verdict of another set":    {`"verdict": "error"`, `"verdict": "bad"`},
		"outcome of another set":    {`"outcome":"failed"`, `"outcome":"down"`},
		"class of another set":      {`"class":"refused"`, `"class":"closed"`},
		"rule outcome":              {`"expires-soon":"finding"`, `"expires-soon":"found"`},
		"time with an offset":       {`"2026-11-22T02:00:00Z"`, `"2026-11-22T03:00:00+01:00"`},
		"time that is none":         {`"2026-11-22T02:00:00Z"`, `"2026-11-32T02:00:00Z"`},
		"negative count":            {`"planned": 12`, `"planned": -1`},
		"port beyond all":           {`"port":5061`, `"port":70000`},
		"fingerprint in upper case": {`"certificate":"`, `"certificate":"A`},
		"null for a list":           {`"dns_names":[`, `"dns_names":null, "was":[`},
		"number for text":           {`"version": "1.2.3"`, `"version": 1`},
	}
	for name, m := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := strings.Replace(good, m[0], m[1], 1)
			if bad == good {
				t.Fatalf("%q is not in the report", m[0])
			}
			if validate(s, bad) == nil {
				t.Error("accepted")
			}
		})
	}
}
