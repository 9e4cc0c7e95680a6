package topology

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"path"
	"strings"

	"edgecert/scanner/limits"
	"edgecert/scanner/targets/syntax"
)

// addZIP reads the ZIP of Export-CsConfiguration, in which the topology stands
// at some depth. budget is what may still be unpacked in all: sizes are
// counted, since a ZIP's own word for them is no more than a claim.
func (t *Exports) addZIP(name string, raw []byte, budget *int64, depth int) error {
	fail := func(format string, args ...any) error {
		return syntax.Fail(name, 0, "the ZIP of Export-CsConfiguration is expected", format, args...)
	}
	if depth > limits.ZIPDepth {
		return fail("ZIPs nested deeper than %d", limits.ZIPDepth)
	}
	archive, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil && depth > 1 {
		return nil // not the topology, whatever it is
	}
	if err != nil {
		return fail("broken ZIP: %v", err)
	}
	if len(archive.File) > limits.ZIPEntries {
		return fail("%d files in the ZIP: at most %d are looked at", len(archive.File), limits.ZIPEntries)
	}
	for _, f := range archive.File {
		ext := strings.ToLower(path.Ext(strings.ReplaceAll(f.Name, `\`, "/")))
		if ext != ".xml" && ext != ".tbxml" && ext != ".zip" {
			continue
		}
		content, err := unpack(f, budget)
		if err != nil {
			return fail("unpacking %q: %v", f.Name, err)
		}
		inner := fmt.Sprintf("%s(%s)", name, syntax.Printable(f.Name))
		switch {
		case isZIP(content):
			err = t.addZIP(inner, content, budget, depth+1)
		case Recognize(content):
			if !bytes.Contains(content, []byte("opology")) && !bytes.Contains(content, []byte("o\x00p\x00o\x00l\x00o\x00g\x00y")) {
				continue // another document of the export
			}
			var text string
			if text, err = syntax.Decode(inner, content); err == nil {
				err = t.addXML(inner, text)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unpack reads one file of a ZIP within the budget.
func unpack(f *zip.File, budget *int64) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	content, err := io.ReadAll(io.LimitReader(r, *budget+1))
	if err != nil {
		return nil, err
	}
	if *budget -= int64(len(content)); *budget < 0 {
		return nil, fmt.Errorf("more than %d MiB in all", limits.Topology>>20)
	}
	return content, nil
}
