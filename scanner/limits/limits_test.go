package limits

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestLimitsStandInTheTable: no other file has a limit of bytes of its own.
func TestLimitsStandInTheTable(t *testing.T) {
	t.Parallel()
	bytes := regexp.MustCompile(`(?i)(\bmax\w* *= *|Limit(ed)?Reader\b.*\b|Bytes: *)[0-9]+ ?<< ?(10|20|30)\b`)
	seen := 0
	for _, top := range []string{"../../cmd", "../../scanner", "../../report"} {
		err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
			path = filepath.ToSlash(path)
			switch {
			case err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
				return err
			case strings.Contains(path, "/lab/"):
				return nil // what servers of tests read
			}
			text, err := os.ReadFile(path)
			if found := bytes.Find(text); found != nil {
				t.Errorf("%s: %s", path, found)
			}
			seen++
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen < 100 {
		t.Errorf("%d files", seen)
	}
}
