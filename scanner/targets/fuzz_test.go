package targets

import (
	"bytes"
	"os"
	"testing"

	"edgecert/scanner/edge"
	"edgecert/scanner/targets/topology"

	"github.com/google/go-cmp/cmp"
)

// Whatever parses can be planned, and written out and read back unchanged.
func FuzzParse(f *testing.F) {
	example, err := os.ReadFile("../../targets.example.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		string(example), healthy, otherKinds, healthy + "certificates av access\nexpect av a9\ninventory * x", "pool p\naccess a.example 1 2 3\nmember x access=192.0.2.1:3,1", "[::1]:443 sni=a.b", "pool \"a b\"\naccess a.b",
		"\ufeffpool bücher\n\taccess b_c.example\r\nvip 192.0.2.1", "pool p\naccess a.b\ninventory x \"\"", "domain xn--a", "a:1 sni=", "\xff\xfea\x00", "::1",
		"pool p\naccess a.b\nxmpp c.d\nvip access=192.0.2.1:444 xmpp=192.0.2.1", "pool p\naccess a.b\nmember é 192.0.2.1\nmember É 192.0.2.2",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		file, err := parse("t", raw, nil)
		if err != nil {
			return
		}
		endpoints := edge.Plan(file.Pools)
		for _, e := range endpoints {
			if e.Port < 1 || e.Port > 65535 || e.Pool == "" || !e.Address.IsValid() && e.Fault == nil {
				t.Fatalf("planned %+v", e)
			}
		}
		var b bytes.Buffer
		if err := Write(&b, file.Pools); err != nil {
			t.Fatal(err)
		}
		back, err := parse("t", b.Bytes(), nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, b.Bytes())
		}
		if d := cmp.Diff(file.Pools, back.Pools, comparing()); d != "" {
			t.Fatalf("%s\n%s", d, b.Bytes())
		}
	})
}

// Whatever is taken for a topology makes pools that a targets file can hold.
func FuzzTopology(f *testing.F) {
	for _, seed := range []string{
		published, builder, `[{"AccessEdgeExternalFqdn":"a.b","AccessEdgeClientSipPort":443,"PoolFqdn":"p"},{"Fqdn":"p","Computers":["c"]},{"Name":"a.b","IsDefault":true}]`,
		"<!DOCTYPE a>", `<?xml version="1.0" encoding="utf-16"?><Topology/>`, `{"value":[{"Computers":"x"}]}`, "PK\x03\x04", "PK\x05\x06" + string(make([]byte, 18)),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !topology.Recognize(raw) {
			return
		}
		file, err := loadBytes("t", raw)
		if err != nil {
			return
		}
		for _, p := range file.Pools {
			if _, ok := p.Service(edge.Access); !ok {
				t.Fatalf("a pool without Access: %+v", p)
			}
		}
		var b bytes.Buffer
		if err := Write(&b, file.Pools); err != nil {
			t.Fatal(err)
		}
		if _, err := parse("t", b.Bytes(), nil); err != nil {
			t.Fatalf("%v\n%s", err, b.Bytes())
		}
	})
}
