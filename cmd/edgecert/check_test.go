package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// The first line is the password, however Windows wrote it.
func TestPasswordFiles(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"nothing":                    {"", ""},
		"no end of line":             {"s\u00e4 cret", "s\u00e4 cret"},
		"lines of Windows":           {"secret\r\nmore\r\n", "secret"},
		"bytes of a code page":       {"s\xe4cret\n", "s\xe4cret"},
		"UTF-8 with a mark":          {"\xef\xbb\xbfs\u00e4cret\r\n", "s\u00e4cret"},
		"UTF-16 of PowerShell 5's >": {"\xff\xfes\x00\xe4\x00c\x00\r\x00\n\x00", "s\u00e4c"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "password.txt")
			if err := os.WriteFile(file, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if got, err := firstLine(file); err != nil || got != test.want {
				t.Errorf("got %q, want %q (%v)", got, test.want, err)
			}
		})
	}
}

// The proxy gets the password of the file, whatever stands in it.
func TestProxyPasswordFile(t *testing.T) {
	t.Parallel()
	const password = "p\u00e4ss: w@rd/%41?#"
	var right, wrong atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}
		if user, got, ok := asked.BasicAuth(); ok && user == "jump" && got == password {
			right.Add(1)
		} else {
			wrong.Add(1)
		}
		http.Error(w, "nobody there", http.StatusBadGateway)
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "password.txt")
	if err := os.WriteFile(file, []byte(password+"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errOut bytes.Buffer
	status := run(t.Context(), []string{"scan", "127.0.0.1:443", "--quick", "--retries", "0", "--proxy", strings.Replace(server.URL, "//", "//jump@", 1),
		"--proxy-password-file", file}, strings.NewReader(""), &out, &errOut)
	if status != exitError || right.Load() == 0 || wrong.Load() > 0 {
		t.Errorf("status %d, %d times the right password, %d times another; stderr: %s", status, right.Load(), wrong.Load(), errOut.String())
	}
	if strings.Contains(out.String()+errOut.String(), "w@rd") {
		t.Errorf("the password is told: %s%s", out.String(), errOut.String())
	}
}

// A wrong name may be that of a disk image, which must not fill the memory
// before it is refused.
func TestAFileIsReadNoFurtherThanItsLimit(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "disk.img")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const limit = 1000
	for size, want := range map[int64]int{0: 0, limit: limit, 1 << 30: limit + 1} { // sparse
		if err := os.Truncate(name, size); err != nil {
			t.Fatal(err)
		}
		data, err := readAtMost(name, limit)
		if err != nil || len(data) != want {
			t.Errorf("a file of %d bytes: read %d, want %d (%v)", size, len(data), want, err)
		}
	}
}
