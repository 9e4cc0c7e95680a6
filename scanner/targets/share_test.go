package targets

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"edgecert/scanner/edge"
)

// All shares together are everything, once, and no host is torn apart.
func TestShare(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range 7 {
		fmt.Fprintf(&text, "pool p%d\naccess a%d.example\n", i, i)
	}
	for i := range 300 {
		fmt.Fprintf(&text, "192.0.2.%d:%d\n", i%100+1, 1000+i)
	}
	pools := mustParse(t, text.String()).Pools
	for i := range 9 {
		pools = append(pools, edge.Pool{Name: fmt.Sprintf("sip.d%d.example", i), Kind: edge.EdgePool, Source: FoundSource + "d"})
	}
	for _, of := range []int{1, 2, 5, 20} {
		seen, host := map[string]int{}, map[string]int{}
		for index := 1; index <= of; index++ {
			for _, p := range Share(pools, edge.Shard{Index: index, Of: of}) {
				for _, l := range p.Loose {
					seen[fmt.Sprint(l.Host, l.Port)]++
					if other, known := host[l.Host]; known && other != index {
						t.Errorf("%s is in shares %d and %d of %d", l.Host, other, index, of)
					}
					host[l.Host] = index
				}
				if p.Kind != edge.LoosePool {
					seen[p.Name]++
				}
			}
		}
		if len(seen) != 7+300+9 {
			t.Errorf("%d shares hold %d", of, len(seen))
		}
		for name, n := range seen {
			if n != 1 {
				t.Errorf("%s is in %d of %d shares", name, n, of)
			}
		}
	}
	if got := Share(pools, edge.Shard{Index: 2, Of: 3}); got[0].Name != "p1" || got[1].Name != "p4" {
		t.Errorf("second share of three: %s, %s", got[0].Name, got[1].Name)
	}
}

func TestParseShard(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{"1/1": true, "2/5": true, "10000/10000": true,
		"": false, "0/2": false, "3/2": false, "1": false, "1/0": false, "-1/2": false, "1/2x": false, "+1/2": false, "01/2": false, "1/10001": false} {
		_, err := ParseShard(text)
		var hint *edge.HintError
		if (err == nil) != ok || err != nil && !errors.As(err, &hint) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestSelect(t *testing.T) {
	t.Parallel()
	pools := mustParse(t, "pool edge-emea\naccess a.example\npool edge-apac\naccess b.example\n").Pools
	if got, err := Select(pools, []string{"edge-apac"}); err != nil || len(got) != 1 || got[0].Name != "edge-apac" {
		t.Errorf("%v, %v", got, err)
	}
	var hint *edge.HintError
	if _, err := Select(pools, []string{"edge-apec"}); !errors.As(err, &hint) || hint.Hint != "did you mean edge-apac?" {
		t.Errorf("%v", err)
	}
	if got, err := Select(pools, nil); err != nil || len(got) != 2 {
		t.Errorf("%v, %v", got, err)
	}
}
