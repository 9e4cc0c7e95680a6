package certfile

import (
	"bytes"
	"encoding/asn1"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"edgecert/scanner/lab/peer"
)

// A bench is a folder with a root, an intermediate and a leaf with its key,
// made by the OpenSSL command line: files that no one here wrote.
type bench struct {
	t   *testing.T
	dir string
}

func newBench(t *testing.T) bench {
	t.Helper()
	b := bench{t, t.TempDir()}
	b.write("ca.cnf", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n")
	b.write("leaf.cnf", "basicConstraints=CA:FALSE\nsubjectAltName=DNS:sip.contoso.com\nextendedKeyUsage=serverAuth\n")
	for name, subject := range map[string]string{"root": "root", "inter": "inter", "leaf": "sip.contoso.com", "other": "other"} {
		b.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN="+subject, "-keyout", name+".key", "-out", name+".csr")
	}
	b.openssl("x509", "-req", "-in", "root.csr", "-signkey", "root.key", "-extfile", "ca.cnf", "-days", "30", "-out", "root.pem")
	b.openssl("x509", "-req", "-in", "inter.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-extfile", "ca.cnf", "-days", "30", "-out", "inter.pem")
	b.openssl("x509", "-req", "-in", "leaf.csr", "-CA", "inter.pem", "-CAkey", "inter.key", "-CAcreateserial", "-extfile", "leaf.cnf", "-days", "30", "-out", "leaf.pem")
	b.write("chain.pem", b.read("inter.pem")+b.read("root.pem"))
	b.write("full.pem", b.read("leaf.pem")+b.read("chain.pem"))
	return b
}

func (b bench) openssl(args ...string) {
	b.t.Helper()
	cmd := exec.Command(peer.OpenSSL(b.t), args...)
	cmd.Dir = b.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		b.t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func (b bench) write(name, text string) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func (b bench) read(name string) string {
	b.t.Helper()
	data, err := os.ReadFile(filepath.Join(b.dir, name))
	if err != nil {
		b.t.Fatal(err)
	}
	return string(data)
}

func (b bench) der(name string) []byte {
	b.t.Helper()
	block, _ := pem.Decode([]byte(b.read(name)))
	if block == nil {
		b.t.Fatalf("%s holds no PEM block", name)
	}
	return block.Bytes
}

// p12 makes a PFX of the leaf with its chain by openssl pkcs12 and these
// further arguments.
func (b bench) p12(password string, args ...string) string {
	b.t.Helper()
	base := []string{"pkcs12", "-export", "-in", "leaf.pem", "-out", "edge.pfx", "-passout", "pass:" + password}
	b.openssl(append(base, args...)...)
	return b.read("edge.pfx")
}

func answer(password string) func() (string, error) {
	return func() (string, error) { return password, nil }
}

func names(f File) string {
	var out []string
	for _, c := range f.Certificates {
		out = append(out, c.CommonName())
	}
	return strings.Replace(strings.Join(out, " "), "sip.contoso.com", "leaf", 1)
}

func toUTF16(s string, big bool) string {
	var out bytes.Buffer
	for _, u := range utf16.Encode([]rune(s)) {
		hi, lo := byte(u>>8), byte(u)
		if big {
			hi, lo = lo, hi
		}
		out.Write([]byte{lo, hi})
	}
	return out.String()
}

// barePFX has neither encryption nor MAC.
func barePFX(t *testing.T, bags []byte) string {
	t.Helper()
	data := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	inside := der(t, []contentInfo{{data, asn1.RawValue{Class: 2, IsCompound: true, Bytes: der(t, bags)}}})
	return string(der(t, struct {
		Version  int
		AuthSafe contentInfo
	}{3, contentInfo{data, asn1.RawValue{Class: 2, IsCompound: true, Bytes: der(t, inside)}}}))
}

// nested are bags in bags.
func nested(t *testing.T, levels int) []byte {
	t.Helper()
	type bag struct {
		ID    asn1.ObjectIdentifier
		Value asn1.RawValue
	}
	bags := der(t, []bag{})
	for range levels {
		bags = der(t, []bag{{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 6}, asn1.RawValue{Class: 2, IsCompound: true, Bytes: bags}}})
	}
	return bags
}

func der(t *testing.T, value any) []byte {
	t.Helper()
	out, err := asn1.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
