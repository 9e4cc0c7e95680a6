package report

import (
	_ "embed"
	"encoding/json"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"edgecert/scanner/edge"
)

//go:embed schema.json
var schemaFile []byte

// TestSchemaNamesEveryField walks the Go types and the schema side by side, so
// that neither can gain or lose a field alone.
func TestSchemaNamesEveryField(t *testing.T) {
	t.Parallel()
	var root map[string]any
	if err := json.Unmarshal(schemaFile, &root); err != nil {
		t.Fatal(err)
	}
	w := schemaWalk{t: t, defs: root["$defs"].(map[string]any), visited: map[string]bool{}}
	w.walk("report", reflect.TypeFor[document](), root)
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
	case reflect.TypeFor[time.Time](), reflect.TypeFor[netip.Addr](), reflect.TypeFor[[]byte](), reflect.TypeFor[*edge.Certificate](), reflect.TypeFor[edge.Fingerprint]():
		return
	}
	switch t.Kind() {
	case reflect.Pointer:
		w.walk(path, t.Elem(), s)
	case reflect.Slice:
		w.child(path+"[]", t.Elem(), s["items"])
	case reflect.Map:
		w.child(path+"{}", t.Elem(), s["additionalProperties"])
	case reflect.Func: // a sequence
		if elements := t.In(0); elements.NumIn() == 2 {
			w.child(path+"{}", elements.In(1), s["additionalProperties"])
		} else {
			w.child(path+"[]", elements.In(0), s["items"])
		}
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
	for _, f := range newEncoder(nil).fieldsOf(t) {
		name := strings.Trim(f.name, `"`)
		names = append(names, name)
		if slices.Contains(required, any(name)) == f.omit {
			w.t.Errorf("%s.%s: left out where it is empty: %v, and the schema says otherwise", path, name, f.omit)
		}
		w.child(path+"."+name, t.FieldByIndex(f.index).Type, properties[name])
	}
	for name := range properties {
		if !slices.Contains(names, name) {
			w.t.Errorf("%s.%s: in the schema only", path, name)
		}
	}
}
