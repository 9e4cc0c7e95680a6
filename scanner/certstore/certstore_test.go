package certstore

import (
	"errors"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	const thumbprint = "0102030405060708090a0b0c0d0e0f1011121314"
	for name, tt := range map[string]struct {
		path    string
		machine bool
		store   string
	}{
		"as PowerShell shows it":   {`cert:\CurrentUser\My\` + strings.ToUpper(thumbprint), false, "My"},
		"the machine's":            {`Cert:\LocalMachine\WebHosting\` + thumbprint, true, "WebHosting"},
		"slashes":                  {`cert:/currentuser/my/` + thumbprint, false, "my"},
		"copied from the window":   {"cert:\\CurrentUser\\My\\\u200e01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 12 13 14", false, "My"},
		"of another length":        {`cert:\CurrentUser\My\0102`, false, ""},
		"no hexadecimal digits":    {`cert:\CurrentUser\My\` + strings.Repeat("g", 40), false, ""},
		"no store":                 {`cert:\CurrentUser\` + thumbprint, false, ""},
		"neither user nor machine": {`cert:\Users\My\` + thumbprint, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !Is(tt.path) {
				t.Error("not taken for a path into the store")
			}
			p, err := parse(tt.path)
			if tt.store == "" {
				if !errors.Is(err, ErrPath) {
					t.Errorf("error %v, want one that shows how it is written", err)
				}
				return
			}
			if err != nil || p.machine != tt.machine || p.store != tt.store || p.thumbprint[19] != 0x14 {
				t.Errorf("got %+v, %v", p, err)
			}
		})
	}
	if Is(`C:\cert.pem`) || Is("cert") {
		t.Error("a file is taken for a path into the store")
	}
}
