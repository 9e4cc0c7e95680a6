package rawtls

import (
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"hash"
	"io"
	"slices"

	"golang.org/x/crypto/cryptobyte"

	"edgecert/scanner/edge"
	"edgecert/scanner/probe/fault"
)

// Keys are our half of a TLS 1.3 key agreement, which is all that it takes to
// read a certificate there: it comes encrypted, but before anything is asked of
// the client. Good for one connection. Nil: TLS 1.3 is not offered.
type Keys struct {
	shares []share
	hello  []byte // the ClientHello that offered them, without its record
}

// NewKeys makes a key for every group that servers are known to want, so that
// none has to ask for another.
func NewKeys() (*Keys, error) {
	k := &Keys{}
	for _, g := range []struct {
		id    tls.CurveID
		curve ecdh.Curve
	}{{tls.X25519, ecdh.X25519()}, {tls.CurveP256, ecdh.P256()}, {tls.CurveP384, ecdh.P384()}, {tls.CurveP521, ecdh.P521()}} {
		s, err := ecdhShare(uint16(g.id), g.curve)
		if err != nil {
			return nil, err
		}
		k.shares = append(k.shares, s)
	}
	k.shares = append(k.shares, x448Share())
	for _, f := range fields() {
		k.shares = append(k.shares, fieldShare(uint16(f.id), prime(f.bits, f.x)))
	}
	return k, nil
}

// Read is as the function Read, for the answer to the Hello that offered k.
func (k *Keys) Read(r io.Reader) (*Flight, error) {
	return (&reader{r: r, keys: k, flight: &Flight{}}).read()
}

// extensions are what makes a ClientHello one of TLS 1.3 (RFC 8446, 9.2).
// Groups without a share are left out: the server might ask for one.
func (k *Keys) extensions(add func(id uint16, f cryptobyte.BuilderContinuation)) {
	var groups []uint16
	for _, s := range k.shares {
		groups = append(groups, s.group)
	}
	add(extGroups, list16(groups))
	add(extVersions, func(b *cryptobyte.Builder) {
		b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddUint16(tls.VersionTLS13) })
	})
	add(extKeyShare, func(b *cryptobyte.Builder) {
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			for _, s := range k.shares {
				b.AddUint16(s.group)
				b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(s.public) })
			}
		})
	})
}

// secret is the server's handshake traffic secret (RFC 8446, 7.1), from the
// key_share extension of its ServerHello.
func (k *Keys) secret(suite uint16, extension cryptobyte.String, serverHello []byte) ([]byte, error) {
	var group uint16
	var public cryptobyte.String
	if !extension.ReadUint16(&group) || !extension.ReadUint16LengthPrefixed(&public) {
		return nil, fault.New(edge.ClassProtocol, "a key_share extension that cannot be decoded")
	}
	i := slices.IndexFunc(k.shares, func(s share) bool { return s.group == group })
	if i < 0 {
		return nil, fault.New(edge.ClassProtocol, "a key for group %d, which was not offered", group)
	}
	agreed, err := k.shares[i].agree(public)
	if err != nil {
		return nil, err
	}
	return handshakeSecret(hashOf(suite), agreed, k.hello, serverHello)
}

// handshakeSecret goes down the key schedule, without a pre-shared key.
func handshakeSecret(sum func() hash.Hash, agreed, clientHello, serverHello []byte) ([]byte, error) {
	transcript := sum()
	size, nothing := transcript.Size(), transcript.Sum(nil)
	transcript.Write(clientHello)
	transcript.Write(serverHello)
	early, err := hkdf.Extract(sum, make([]byte, size), nil)
	if err != nil {
		return nil, err
	}
	derived, err := expandLabel(sum, early, "derived", nothing, size)
	if err != nil {
		return nil, err
	}
	handshake, err := hkdf.Extract(sum, agreed, derived)
	if err != nil {
		return nil, err
	}
	return expandLabel(sum, handshake, "s hs traffic", transcript.Sum(nil), size)
}

// hashOf is the hash of a suite of TLS 1.3.
func hashOf(suite uint16) func() hash.Hash {
	if suite == tls.TLS_AES_256_GCM_SHA384 {
		return sha512.New384
	}
	return sha256.New
}
