package certfile

import (
	"cmp"
	"path/filepath"
	"slices"
	"time"

	"edgecert/scanner/edge"
)

// AsEvidence makes of a file what a scan would have brought home if the pool
// already presented it, so that the same rules judge it: one capture for every
// service and port that shows a certificate on the wire, all of one member
// that is called as the file. A/V has none: its certificate is never seen, and
// its name is never missing. TLS and the extra handshakes are nil, DNS and
// inventory are left out: what needs the network cannot be told from a file.
//
// services limits it to those for which the certificate is meant, and to their
// names: whoever says so has one for each, whatever the pool says. None: all. It
// changes neither file nor pool; reading no clock, it leaves the evidence's times
// to now.
func AsEvidence(file File, pool edge.Pool, services []edge.Role, now time.Time) edge.Evidence {
	member := filepath.Base(file.Name)
	chain := file.Chain()
	pool.File = file.Checked()
	pool.Members = []edge.Member{{Name: member, Source: file.Name}}
	pool.VIPs, pool.DNS, pool.Inventory, pool.Stores, pool.InventoryFiles = nil, nil, nil, nil, nil
	if len(services) > 0 {
		pool.Groups = pool.Apart()
	}
	withAV := len(services) == 0 && pool.SharesWithAccess(edge.AV) // a request for the group is one for A/V too
	pool.Services = slices.DeleteFunc(slices.Clone(pool.Services), func(s edge.Service) bool {
		return s.Role == edge.AV && !withAV || len(services) > 0 && !slices.Contains(services, s.Role)
	})
	ev := edge.Evidence{Started: now, Finished: now}
	add := func(e edge.Endpoint) {
		e.Pool, e.Member, e.ServicePort, e.Source = pool.Name, member, e.Port, file.Name
		ev.Captures = append(ev.Captures, edge.Capture{Endpoint: e, Outcome: edge.Captured, Stage: edge.StageCertificate, Chain: chain})
	}
	for _, s := range pool.Services {
		for _, port := range s.Ports {
			if s.Role != edge.AV {
				add(edge.Endpoint{Role: s.Role, FQDN: s.FQDN, Port: port})
			}
		}
	}
	for _, l := range pool.Loose {
		add(edge.Endpoint{Role: edge.Other, FQDN: cmp.Or(l.SNI, l.Host), Port: l.Port})
	}
	ev.Pools = []edge.Pool{pool}
	return ev
}

// Checked is what is to be said of a file beside its certificates.
func (f File) Checked() *edge.CheckedFile {
	return &edge.CheckedFile{Name: filepath.Base(f.Name), Format: string(f.Format), Key: f.Key, Provider: f.Provider}
}

// Chain is the file's certificates as a server would send them. In PFX and
// PKCS#7 the order means nothing (Windows builds the chain from its stores),
// so it is put in order; a PEM file is what a device sends as it is.
func (f File) Chain() []*edge.Certificate {
	if f.Format != PFX && f.Format != PKCS7 {
		return f.Certificates
	}
	out := f.Certificates[:1:1]
	rest := slices.Clone(f.Certificates[1:])
	for {
		last := out[len(out)-1]
		i := slices.IndexFunc(rest, func(c *edge.Certificate) bool {
			return c.X509 != nil && last.X509 != nil && c.Subject() == last.Issuer()
		})
		if i < 0 {
			return append(out, rest...)
		}
		out = append(out, rest[i])
		rest = slices.Delete(rest, i, i+1)
	}
}
