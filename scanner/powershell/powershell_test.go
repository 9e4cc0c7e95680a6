package powershell

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"edgecert/scanner/limits"
)

func TestRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`[{"A":1,"b":[1,null,true]},[{"A":"x"}]]`:                           "1|1,true; x|",
		`{"value":[{"A":1},{"A":2}],"Count":2}`:                             "1|; 2|",
		`{"A":{"value":4,"Value":"Internal"}}{"A":{"Value":"x","value":4}}`: "Internal|; x|",
		"#TYPE x\n\"A\";\"B\"\n\"1\";\"2;3\"\n":                             "1|2;3",
		"A,B\n1\n":                                                          "1|",
		"A : 1\nB : {2,\n     3...}\nA : 4":                                 "1|{2, 3...}; 4|",
		"PS> x\n\nA    B\n-    -\n":                                         "",
		"x\n\nA   B C\n--- ---\n1   2 3\n\nA : 7\n":                         "1|; 7|",
		"A: 1\nB: 2\n":                                                      "",
		`<Objs><Obj><MS><S N="A">a_x000A_b</S></MS></Obj></Objs>`:           "a\nb|",
		`<html/>`: "",
	} {
		objects, err := Read("in", text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		var got []string
		for _, o := range objects {
			got = append(got, o.Text("a")+"|"+o.Text("B"))
		}
		if s := strings.Join(got, "; "); s != want {
			t.Errorf("%q: got %q, want %q", text, s, want)
		}
	}
}

// What a file may cost is bounded, however it is nested.
func TestLimits(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 9000)
	for text, want := range map[string]string{
		deep + strings.Repeat("]", 9000):                   "nested deeper than 30",
		`{"a":` + deep:                                     "nested deeper than 30",
		"[" + strings.Repeat("0,", limits.Values) + "0]":   "more than 400000 values",
		"<Objs>" + strings.Repeat("<LST>", 9000):           "nested deeper than 30",
		"<Objs>" + strings.Repeat("<S/>", limits.Values+1): "more than 400000 values",
		"<Objs><!DOCTYPE a></Objs>":                        "document type definition",
		strings.Repeat("a,", limits.Columns+1) + "a\n":     "columns",
		`{"a": `:      "in:1: broken JSON: unexpected EOF",
		"<Objs><Obj>": "broken XML",
	} {
		if _, err := Read("in", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v", text, err)
		}
	}
	if _, err := Read("in", `[{"Thumbprint":1`+strings.Repeat("0", 1<<20)+`}]`); err != nil {
		t.Errorf("a number of a million digits: %v", err)
	}
}

func TestSplitList(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{a, b}": "[a b] false", "a b,c": "[a b c] false", "{a, b...}": "[a b] true", "{a, b…}": "[a b] true", "{a, ...}": "[a] true",
		"System.Collections.Generic.List`1[System.String]": "[] true", "": "[] false",
	} {
		words, cut := SplitList(text)
		if got := fmt.Sprint(words, cut); got != strings.Replace(want, "] ", "] ", 1) {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && len(text) < 1<<16 {
			f.Add(string(text))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		objects, err := Read("in", text)
		for _, o := range objects {
			if o.Place == "" {
				t.Errorf("%v without a place", o)
			}
			for _, child := range o.Children() {
				_ = child.Text("value")
			}
		}
		if err != nil && !strings.HasPrefix(err.Error(), "in") {
			t.Errorf("%v does not name the input", err)
		}
	})
}
