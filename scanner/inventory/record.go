package inventory

import (
	"fmt"
	"strings"
	"time"

	"edgecert/scanner/edge"
	"edgecert/scanner/powershell"
)

// A certificate is an object of Get-CsCertificate, and of which computer.
type certificate struct {
	powershell.Object
	host    string
	started map[string]time.Time
}

// collected takes the certificates out of what `edgecert collect` gathered, an
// object for each member, and everything else for certificates as it is.
func collected(found []powershell.Object) []certificate {
	var out []certificate
	for _, o := range found {
		if !o.Has("Certificates") {
			out = append(out, certificate{Object: o, host: o.First("PSComputerName", "MachineName")})
			continue
		}
		started := map[string]time.Time{}
		for _, s := range o.Objects("Services") {
			if at, err := readDate(s.Text("Started"), unclear); err == nil {
				started[strings.ToUpper(s.Text("Name"))] = at
			}
		}
		for i, c := range o.Objects("Certificates") {
			c.Place = fmt.Sprintf("%s, certificate %d", o.Place, i+1)
			out = append(out, certificate{Object: c, host: o.First("MachineName", "PSComputerName"), started: started})
		}
	}
	return out
}

// storesOf are the stores of the members that a gathered file says both of.
func storesOf(found []powershell.Object) ([]edge.Store, error) {
	var out []edge.Store
	for _, o := range found {
		if !o.Has("CA") || !o.Has("Root") {
			continue
		}
		s := edge.Store{Member: o.First("MachineName", "PSComputerName"), Sorted: o.Has("Misplaced"), Source: o.Place}
		for _, list := range []struct {
			name string
			to   *[]string
		}{{"CA", &s.CA}, {"Root", &s.Root}} {
			for _, text := range o.List(list.name) {
				t, err := thumbprint(text)
				if err != nil {
					return nil, fmt.Errorf("%s: store %s: %w", o.Place, list.name, err)
				}
				*list.to = append(*list.to, t)
			}
		}
		for _, c := range o.Objects("Misplaced") {
			t, err := thumbprint(c.Text("Thumbprint"))
			if err != nil {
				return nil, fmt.Errorf("%s: Misplaced: %w", o.Place, err)
			}
			s.Misplaced = append(s.Misplaced, edge.StoredCertificate{Thumbprint: t, Subject: c.Text("Subject"), Issuer: c.Text("Issuer")})
		}
		out = append(out, s)
	}
	return out, nil
}

// printed reports whether c comes from what a console showed, where other
// objects may stand as well.
func (c certificate) printed() bool { return !strings.Contains(c.Place, ": record ") }

// serviceOf is the Windows service that presents the certificate of a use:
// assigned is not in use until it has started again.
func serviceOf(use string) string {
	switch use {
	case edge.TypeAccess, edge.TypeInternal:
		return "RTCSRV"
	case edge.TypeWebConf:
		return "RTCDATAPROXY"
	case edge.TypeAV:
		return "RTCMRAUTH"
	default:
		return ""
	}
}

// dates are the properties that are dates.
func dates() []string { return []string{"NotBefore", "NotAfter", "EffectiveDate"} }

// orderOf is the order of day and month in all dates of a file.
func orderOf(list []certificate) order {
	var all []string
	for _, c := range list {
		for _, d := range dates() {
			all = append(all, c.Text(d))
		}
	}
	return dateOrder(all)
}

func (c certificate) record(o order) (record, error) {
	r := record{place: c.Place, host: c.host, started: c.started, serial: serial(c.Text("SerialNumber")),
		subject: c.Text("Subject"), issuer: c.Text("Issuer"), roll: strings.EqualFold(c.Text("Roll"), "true")}
	var err error
	if r.thumbprint, err = thumbprint(c.Text("Thumbprint")); err != nil {
		return r, err
	}
	if r.uses, err = uses(c.Text("Use")); err != nil {
		return r, err
	}
	// Of a list that goes on nothing is said: what it lacks is unknown, not missing.
	if names, cut := powershell.SplitList(c.Text("AlternativeNames")); !cut && len(names) > 0 {
		r.names = names
	}
	for i, to := range []*time.Time{&r.notBefore, &r.notAfter, &r.effective} {
		property := dates()[i]
		if *to, err = readDate(c.Text(property), o); err != nil {
			return r, fmt.Errorf("%s: %w", property, err)
		}
	}
	if r.effective.Year() < 1900 { // .NET's zero date, moved by a time zone
		r.effective = time.Time{}
	}
	return r, nil
}
