package report

import (
	"bytes"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
	"os"
	"testing"
)

func TestZZDump(t *testing.T) {
	w := htmlWorlds(t)
	w["12x5"] = twelveByFive(t).report()
	w["pools"] = manyPools(t).report()
	w["loose500"] = looseReport(t, 500)
	w["cmdline"] = commandLine(t).report()
	w["unresolved"] = unresolved(t).report()
	w["changed"] = changed(t)
	half := newWorld(t, 12)
	for _, m := range []string{"edge2", "edge5", "edge7", "edge8", "edge11"} {
		for _, c := range []cell{{edge.Access, 443}, {edge.Access, 5061}, {edge.WebConf, 443}} {
			half.present(m, c.role, c.port, half.previousLeaf)
		}
	}
	half.js = audit.Judge(half.ev, audit.Policy{}, finished)
	w["half"] = half.report()
	down := newWorld(t, 3)
	for _, m := range []string{"edge1", "edge2", "edge3"} {
		for _, c := range []cell{{edge.Access, 443}, {edge.Access, 5061}, {edge.WebConf, 443}, {edge.AV, 443}} {
			down.fail(m, c.role, c.port, edge.ClassTimeout, "no answer in time")
		}
	}
	down.js = audit.Judge(down.ev, audit.Policy{}, finished)
	w["down"] = down.report()
	big := newWorld(t, 2)
	for i := range 40 {
		big.pool("edge-"+string(rune('a'+i/26))+string(rune('a'+i%26)), 2, healthyCells)
	}
	w["pools40"] = big.report()
	for n, r := range w {
		var b bytes.Buffer
		if err := JSON(&b, r); err != nil {
			t.Fatal(err)
		}
		os.WriteFile("/tmp/rp/worlds/"+n+".json", b.Bytes(), 0o644)
		b.Reset()
		HTML(&b, r)
		os.WriteFile("/tmp/rp/worlds/"+n+".html", b.Bytes(), 0o644)
	}
}
