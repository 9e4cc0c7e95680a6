//go:build !windows

package certstore

import (
	"crypto/tls"
	"fmt"
)

// Load refuses: there is no such store here.
func Load(path string) (*tls.Certificate, error) {
	if _, err := parse(path); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("%s: only Windows has a store of certificates: name a PEM file", path)
}
