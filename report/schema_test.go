package report

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"edgecert/scanner/edge"
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
	for name, r := range map[string]Report{"healthy": newWorld(t, 3).report(), "rich": rich(t).report(), "malformed": malformed(t).report(), "changed": changed(t),
		"12x5": twelveByFive(t).report(), "pools": manyPools(t).report(), "loose": looseList(t, 50).report(), "hostile": hostile(t).report(),
		"nothing": (&world{t: t, ev: edge.Evidence{Started: started, Finished: finished}}).report()} {
		if err := validate(s, string(encode(t, r))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	s := compileSchema(t)
	good := string(encode(t, rich(t).report()))
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

// TestSchemaNamesEveryField walks the Go types and the schema side by side, so
// that neither can gain or lose a field alone.
func TestSchemaNamesEveryField(t *testing.T) {
	t.Parallel()
	var root map[string]any
	if err := json.Unmarshal(schemaText, &root); err != nil {
		t.Fatal(err)
	}
	w := schemaWalk{t: t, defs: root["$defs"].(map[string]any), visited: map[string]bool{}}
	w.walk("report", reflect.TypeFor[Report](), root)
	for name := range w.defs {
		if !w.visited[name] {
			t.Errorf("$defs/%s describes nothing", name)
		}
	}
}

type schemaWalk struct {
	t       *testing.T
	defs    map[string]any
	visited map[string]bool
}

// resolve follows references and looks through "or null".
func (w schemaWalk) resolve(s map[string]any) map[string]any {
	if options, ok := s["anyOf"].([]any); ok {
		return w.resolve(options[0].(map[string]any))
	}
	ref, ok := s["$ref"].(string)
	if !ok {
		return s
	}
	name := strings.TrimPrefix(ref, "#/$defs/")
	w.visited[name] = true
	return w.resolve(w.defs[name].(map[string]any))
}

func (w schemaWalk) walk(path string, t reflect.Type, s map[string]any) {
	s = w.resolve(s)
	switch t {
	case reflect.TypeFor[time.Time](), reflect.TypeFor[netip.Addr](), reflect.TypeFor[[]byte](), reflect.TypeFor[*edge.Certificate]():
		return
	}
	switch t.Kind() {
	case reflect.Pointer:
		w.walk(path, t.Elem(), s)
	case reflect.Slice:
		w.child(path+"[]", t.Elem(), s["items"])
	case reflect.Map:
		w.child(path+"{}", t.Elem(), s["additionalProperties"])
	case reflect.Struct:
		w.fields(path, t, s)
	}
}

func (w schemaWalk) child(path string, t reflect.Type, s any) {
	sub, ok := s.(map[string]any)
	if !ok {
		w.t.Errorf("%s: not described", path)
		return
	}
	w.walk(path, t, sub)
}

func (w schemaWalk) fields(path string, t reflect.Type, s map[string]any) {
	properties, _ := s["properties"].(map[string]any)
	required, _ := s["required"].([]any)
	if s["additionalProperties"] != false {
		w.t.Errorf("%s: lets unknown fields pass", path)
	}
	var names []string
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous {
			continue // its fields stand among ours
		}
		name := f.Tag.Get("json")
		if name == "-" {
			continue // worked out anew wherever it is read
		}
		if name == "" || strings.Contains(name, ",") {
			w.t.Errorf("%s.%s: json tag %q, where a bare name was expected", path, f.Name, name)
			continue
		}
		names = append(names, name)
		if !slices.Contains(required, any(name)) {
			w.t.Errorf("%s.%s: not required by the schema", path, name)
		}
		w.child(path+"."+name, f.Type, properties[name])
	}
	for name := range properties {
		if !slices.Contains(names, name) {
			w.t.Errorf("%s.%s: in the schema only", path, name)
		}
	}
}
