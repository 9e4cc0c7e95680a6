package audit

import (
	"crypto/x509"
	"slices"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/edge"
)

// Steps that rules bring along: what no certificate of the pool mends. They
// hold nothing from the network but hex digits.

const importIntermediate = `Import-Certificate -FilePath 'C:\intermediate.cer' -CertStoreLocation Cert:\LocalMachine\CA`

// replaceAuthority takes a CA's newer certificate into the store that Schannel
// sends from, and an old one out of it.
func replaceAuthority(members []string, old *edge.Certificate, text string) []Step {
	commands := []string{importIntermediate}
	if old != nil {
		commands = append(commands, removeFromStore(old))
	}
	return []Step{{On: members, Text: text, Commands: commands, Restart: true}}
}

func removeFromStore(c *edge.Certificate) string {
	return `Remove-Item Cert:\LocalMachine\CA\` + thumbprint(c)
}

// missingSteps take an intermediate from who sends it to who does not.
func (w *world) missingSteps(g chainGroup) []Step {
	if !w.pool.IsEdge() {
		return []Step{{Text: "add the intermediate to the chain that is sent"}}
	}
	senders := w.sendersHere(g.trust.Missing...)
	own := edge.Keep(w.names(g.at), func(m string) bool { return slices.Contains(senders, m) })
	lacking := slices.DeleteFunc(w.names(g.at), func(m string) bool { return slices.Contains(own, m) })
	stored, misplaced, rest, _ := w.whereMissing(lacking, g.trust.Missing)
	var out []Step
	if len(own) > 0 { // its store is the machine's
		out = append(out, Step{On: own, Text: "the intermediate is there already, other services send it: restart", Restart: true})
	}
	if len(stored) > 0 {
		out = append(out, Step{On: stored, Text: "the intermediate is in the store for intermediate CAs already: restart", Restart: true})
	}
	for _, m := range misplaced {
		s, _ := w.stores(m)
		var wrong []string
		for _, c := range g.trust.Missing {
			if !slices.Contains(s.CA, c.Thumbprint()) {
				wrong = append(wrong, c.Thumbprint())
			}
		}
		move := moveToCA([]string{m}, wrong)
		if n := len(out) - 1; n >= 0 && slices.Equal(out[n].Commands, move.Commands) {
			out[n] = moveToCA(append(out[n].On, m), wrong)
			continue
		}
		out = append(out, move)
	}
	if len(rest) == 0 {
		return out
	}
	var imports []string
	for _, c := range g.trust.Missing {
		file := remedy.Quote(`C:\` + thumbprint(c) + ".cer")
		sender := w.sendersHere(c)
		if !slices.ContainsFunc(rest, func(m string) bool { return !slices.Contains(sender, m) }) {
			continue // what the others lack is another one
		}
		sender = slices.DeleteFunc(sender, func(m string) bool { return slices.Contains(rest, m) })
		text := "export the intermediate"
		if len(sender) == 0 {
			text = "on a server that sends it, export the intermediate"
		}
		out = append(out, Step{On: sender[:min(1, len(sender))], Text: text,
			Commands: []string{`Export-Certificate -Cert Cert:\LocalMachine\CA\` + thumbprint(c) + " -FilePath " + file}})
		imports = append(imports, "Import-Certificate -FilePath "+file+` -CertStoreLocation Cert:\LocalMachine\CA`)
	}
	return append(out, Step{On: rest, Text: "copy that file there, import it", Commands: imports, Restart: true})
}

// sendersHere are the members of this pool that send all of these intermediates,
// be it on different services.
func (w *world) sendersHere(above ...*edge.Certificate) []string {
	var out []string
	for n, c := range above {
		senders := w.names(w.those(func(capture edge.Capture) bool { return sends(c)(capture) && !capture.Endpoint.VIP }))
		if n == 0 {
			out = senders
		}
		out = edge.Keep(out, func(m string) bool { return slices.Contains(senders, m) })
	}
	return out
}

// sends picks the captures that send an intermediate.
func sends(c *edge.Certificate) func(edge.Capture) bool {
	return func(capture edge.Capture) bool { return len(capture.Chain) > 1 && edge.Holds(capture.Chain[1:], c) }
}

// clientAuthRequired says whether the pool's certificate must carry client
// authentication too.
func clientAuthRequired(w *world) bool { return w.pool.NeedsClientAuth() }

// hasUsage says whether an extended key usage is there, "any" included.
func hasUsage(c *x509.Certificate, want x509.ExtKeyUsage) bool {
	return slices.Contains(c.ExtKeyUsage, want) || slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny)
}
