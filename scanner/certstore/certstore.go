// Package certstore signs with a certificate of Windows' own store, the key of
// which stays where it is:
//
//	cert:\CurrentUser\My\THUMBPRINT ─ Load ─→ tls.Certificate
//
// It is a hundred lines over golang.org/x/sys/windows, which is here anyway:
// google/certtostore wants provider and container named, which nobody knows of
// a certificate, and the others need cgo.
package certstore

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"edgecert/scanner/edge"
)

// ErrPath is a path that names no certificate of a store.
var ErrPath = errors.New(`a certificate of the store is written as cert:\CurrentUser\My\THUMBPRINT or cert:\LocalMachine\My\THUMBPRINT`)

// Is says whether name is meant as a path into the store.
func Is(name string) bool {
	return len(name) > 5 && strings.EqualFold(name[:5], "cert:")
}

// place is a path, taken apart.
type place struct {
	machine    bool
	store      string
	thumbprint [20]byte
}

// parse reads a path as PowerShell shows it; a thumbprint copied from the
// certificate's window has spaces and an invisible mark in front.
func parse(path string) (place, error) {
	var p place
	parts := strings.Split(strings.Trim(strings.ReplaceAll(path[5:], "/", `\`), `\`), `\`)
	if len(parts) != 3 {
		return p, fmt.Errorf("%s: %w", path, ErrPath)
	}
	switch strings.ToLower(parts[0]) {
	case "currentuser":
	case "localmachine":
		p.machine = true
	default:
		return p, fmt.Errorf("%s: %w", path, ErrPath)
	}
	p.store = parts[1]
	digits, _ := edge.ParseThumbprint(parts[2])
	b, err := hex.DecodeString(digits)
	if err != nil || len(b) != len(p.thumbprint) {
		return p, fmt.Errorf("%s: %q is no thumbprint of 40 hexadecimal digits: %w", path, parts[2], ErrPath)
	}
	copy(p.thumbprint[:], b)
	return p, nil
}
