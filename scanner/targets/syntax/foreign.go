package syntax

import (
	"bytes"
	"fmt"
	"strings"
)

// Foreign refuses a file that is plainly another than one of targets, and says
// where it belongs. Nothing of it is shown: it may be a private key.
func Foreign(name string, raw []byte) error {
	head := strings.ReplaceAll(string(raw[:min(len(raw), 4096)]), "\x00", "") // UTF-16, too
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {   // byte order marks
		head = strings.TrimPrefix(head, mark)
	}
	head = strings.TrimLeft(head, " \t\r\n")
	_, block, isPEM := strings.Cut("\n"+head, "\n-----BEGIN ")
	block, _, _ = strings.Cut(block, "\n")
	what, hint := "", fmt.Sprintf("edgecert check %s -t FILE judges it; FILE has the targets", name)
	switch page := strings.ToLower(head); {
	case strings.Contains(head[:min(len(head), 200)], `"edgecert.scan/`):
		what, hint = "a saved scan", fmt.Sprintf("edgecert report %s shows it", name)
	case isPEM && strings.Contains(block, "PRIVATE KEY"):
		what, hint = "a private key", "a targets file has a line for each pool, service and member"
	case isPEM && strings.Contains(block, "REQUEST"):
		what, hint = "a certificate request", "a targets file has a line for each pool, service and member"
	case isPEM, bytes.HasPrefix(raw, []byte{0x30, 0x82}), bytes.HasPrefix(raw, []byte{0x30, 0x80}):
		what = "a certificate file"
	case strings.HasPrefix(page, "<!doctype html"), strings.HasPrefix(page, "<html"):
		what, hint = "a web page", "a topology is what Get-CsTopology -AsXml writes"
	default:
		return nil
	}
	return Fail(name, 0, hint, "this is %s, not what a scan is made from", what)
}
