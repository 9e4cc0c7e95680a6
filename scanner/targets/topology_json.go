package targets

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"edgecert/scanner/edge"
)

// addJSON reads what Get-CsService -EdgeServer, Get-CsPool and Get-CsSipDomain
// give through ConvertTo-Json: an object, a list, or one after the other.
func (t *topology) addJSON(name string, raw []byte) error {
	text, err := decode(name, raw)
	if err != nil {
		return err
	}
	d := json.NewDecoder(strings.NewReader(text))
	found := false
	for {
		var value any
		err := d.Decode(&value)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			line := lineOf([]byte(text), min(int(d.InputOffset()), len(text)))
			return Errors{{File: name, Line: line, Msg: "broken JSON: " + err.Error(), Hint: "give the output of ConvertTo-Json as it is"}}
		}
		found = t.walk(name, value, 0) || found
	}
	if !found {
		return Errors{{File: name, Msg: "JSON without an Edge service, a pool or a SIP domain",
			Hint: "Get-CsService -EdgeServer, Get-CsPool or Get-CsSipDomain, each with | ConvertTo-Json, is expected"}}
	}
	return nil
}

// walk looks for our objects in a value; PowerShell 5 wraps a list into
// {"value": [...], "Count": n}.
func (t *topology) walk(name string, value any, depth int) bool {
	if depth > maxJSONDepth {
		return false
	}
	found := false
	switch value := value.(type) {
	case []any:
		for _, v := range value {
			found = t.walk(name, v, depth+1) || found
		}
	case map[string]any:
		o := object(value)
		switch {
		case o.text("AccessEdgeExternalFqdn") != "":
			t.addJSONService(name, o)
			return true
		case len(o.list("Computers")) > 0:
			t.addJSONPool(name, o)
			return true
		case o.text("Name") != "" && o.has("IsDefault"):
			t.addJSONDomain(o)
			return true
		}
		for _, key := range slices.Sorted(maps.Keys(value)) {
			switch v := value[key].(type) {
			case []any, map[string]any:
				found = t.walk(name, v, depth+1) || found
			}
		}
	}
	return found
}

// An object is a PowerShell object as JSON.
type object map[string]any

func (o object) has(key string) bool { _, ok := o[key]; return ok }

// text is a string of o, empty where there is none.
func (o object) text(key string) string {
	s, _ := o[key].(string)
	return strings.TrimSpace(s)
}

// list is the strings of a list of o.
func (o object) list(key string) []string {
	value := o[key]
	if wrapped, ok := value.(map[string]any); ok {
		value = wrapped["value"]
	}
	var out []string
	switch value := value.(type) {
	case string:
		out = append(out, value)
	case []any:
		for _, v := range value {
			if s, ok := v.(string); ok {
				out = append(out, s)
			}
		}
	}
	return out
}

func (t *topology) addJSONService(name string, o object) {
	s := edgeService{pool: strings.ToLower(o.text("PoolFqdn")), source: name}
	if s.pool == "" { // "EdgeServer:edgepool.contoso.net"
		_, id, _ := strings.Cut(o.text("Identity"), ":")
		s.pool = strings.ToLower(id)
	}
	if !plainWord(s.pool) {
		s.pool = strings.ToLower(o.text("AccessEdgeExternalFqdn"))
	}
	for _, f := range []struct {
		role       edge.Role
		fqdn, port string
	}{
		{edge.Access, "AccessEdgeExternalFqdn", "AccessEdgeClientSipPort"},
		{edge.Access, "AccessEdgeExternalFqdn", "AccessEdgeExternalSipPort"},
		{edge.WebConf, "DataEdgeExternalFqdn", "DataPsomClientPort"},
		{edge.AV, "AVEdgeExternalFqdn", "MediaRelayExternalTurnTcpPort"},
	} {
		if port, err := parsePort(fmt.Sprint(o[f.port])); err == nil { // a number, or its text
			s.ports = append(s.ports, edgePort{role: f.role, fqdn: o.text(f.fqdn), port: port})
		}
	}
	t.services = append(t.services, s)
}

// addJSONPool keeps a pool's computers. Beyond its -Depth, ConvertTo-Json writes
// a list as its elements with blanks between them, or as the name of its type.
func (t *topology) addJSONPool(name string, o object) {
	c := cluster{fqdn: strings.ToLower(o.text("Fqdn")), source: name}
	if c.fqdn == "" {
		c.fqdn = strings.ToLower(o.text("Identity"))
	}
	for _, computer := range strings.Fields(strings.Join(o.list("Computers"), " ")) {
		if fqdn, err := cleanName(computer); err == nil && !strings.HasPrefix(fqdn, "microsoft.rtc.") {
			c.machines = append(c.machines, machine{fqdn: fqdn})
		} else {
			c.cut = computer
		}
	}
	t.clusters = append(t.clusters, c)
}

func (t *topology) addJSONDomain(o object) {
	if strings.EqualFold(fmt.Sprint(o["IsDefault"]), "true") { // a truth value, or its text
		t.domains = slices.Insert(t.domains, 0, o.text("Name"))
		return
	}
	t.domains = append(t.domains, o.text("Name"))
}
