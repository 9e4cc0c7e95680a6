package rawtls

import (
	"crypto/elliptic"
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
//
// Our secret is 1 in every group. So our key is the group's generator, and what
// is agreed on is the server's own key: no arithmetic, and groups that Go lacks
// cost nothing. Everybody can read along, but what they read the server shows to
// everybody.
type Keys struct {
	shares []share
	hello  []byte // the ClientHello that offered them, without its record
}

// A share is a group with its generator, written as keys of it are.
type share struct {
	group     uint16
	generator []byte
}

// NewKeys offers every group that servers are known to want, so that none has
// to ask for another: X25519 and X448 (RFC 7748, 4), the NIST curves, and the
// finite fields of RFC 7919, whose keys are as long as their primes.
func NewKeys() *Keys {
	x25519 := make([]byte, 32)
	x25519[0] = 9
	k := &Keys{shares: []share{{uint16(tls.X25519), x25519}}}
	for _, c := range []struct {
		id    tls.CurveID
		curve elliptic.Curve
	}{{tls.CurveP256, elliptic.P256()}, {tls.CurveP384, elliptic.P384()}, {tls.CurveP521, elliptic.P521()}} {
		p := c.curve.Params()
		point := make([]byte, 1+2*((p.BitSize+7)/8))
		point[0] = uncompressed
		p.Gx.FillBytes(point[1 : 1+len(point)/2])
		p.Gy.FillBytes(point[1+len(point)/2:])
		k.shares = append(k.shares, share{uint16(c.id), point})
	}
	x448 := make([]byte, 56)
	x448[0] = 5
	k.shares = append(k.shares, share{30, x448})
	for i, bits := range []int{2048, 3072, 4096, 6144, 8192} {
		two := make([]byte, bits/8)
		two[len(two)-1] = 2
		k.shares = append(k.shares, share{256 + uint16(i), two})
	}
	return k
}

// uncompressed begins a point of a NIST curve: two coordinates follow, of which
// the first is what is agreed on (RFC 8446, 4.2.8.2 and 7.4.2).
const uncompressed = 4

// agree is what the server and we agree on.
func (s share) agree(peer []byte) ([]byte, error) {
	if len(peer) != len(s.generator) || s.generator[0] == uncompressed && peer[0] != uncompressed {
		return nil, fault.New(edge.ClassProtocol, "a key of %d bytes that is none of group %d", len(peer), s.group)
	}
	if s.generator[0] == uncompressed {
		return peer[1 : 1+len(peer)/2], nil
	}
	return peer, nil
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
				b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(s.generator) })
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
