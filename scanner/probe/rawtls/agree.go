package rawtls

import (
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"hash"
	"slices"

	"golang.org/x/crypto/cryptobyte"

	"edgecert/scanner/edge"
	"edgecert/scanner/probe/fault"
)

// A share is a group with its generator, written as keys of it are.
type share struct {
	group     uint16
	generator []byte
}

// shares are our half of a TLS 1.3 key agreement, which is all that it takes to
// read a certificate there: it comes encrypted, but before anything is asked of
// the client. Our secret is 1 in every group. So our key is the group's
// generator, and what is agreed on is the server's own key: no arithmetic, and
// groups that Go lacks cost nothing. Everybody can read along, but what they
// read the server shows to everybody.
//
// X25519 (RFC 7748, 4) and the NIST curves; where all is set, every group that
// servers are known to want, so that none has to ask for another: X448 and the
// finite fields of RFC 7919, whose keys are as long as their primes, too.
func shares(all bool) []share {
	x25519 := make([]byte, 32)
	x25519[0] = 9
	out := []share{{uint16(tls.X25519), x25519}}
	for _, c := range []struct {
		id    tls.CurveID
		curve elliptic.Curve
	}{{tls.CurveP256, elliptic.P256()}, {tls.CurveP384, elliptic.P384()}, {tls.CurveP521, elliptic.P521()}} {
		p := c.curve.Params()
		point := make([]byte, 1+2*((p.BitSize+7)/8))
		point[0] = uncompressed
		p.Gx.FillBytes(point[1 : 1+len(point)/2])
		p.Gy.FillBytes(point[1+len(point)/2:])
		out = append(out, share{uint16(c.id), point})
	}
	if !all {
		return out
	}
	x448 := make([]byte, 56)
	x448[0] = 5
	out = append(out, share{30, x448})
	for i, bits := range []int{2048, 3072, 4096, 6144, 8192} {
		two := make([]byte, bits/8)
		two[len(two)-1] = 2
		out = append(out, share{256 + uint16(i), two})
	}
	return out
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

// secret is the server's handshake traffic secret (RFC 8446, 7.1), from the
// key_share extension of its ServerHello.
func (h *Hello) secret(suite uint16, extension cryptobyte.String, serverHello []byte) ([]byte, error) {
	var group uint16
	var public cryptobyte.String
	if !extension.ReadUint16(&group) || !extension.ReadUint16LengthPrefixed(&public) {
		return nil, fault.New(edge.ClassProtocol, "a key_share extension that cannot be decoded")
	}
	i := slices.IndexFunc(h.shares, func(s share) bool { return s.group == group })
	if i < 0 {
		return nil, fault.New(edge.ClassProtocol, "a key for group %d, which was not offered", group)
	}
	agreed, err := h.shares[i].agree(public)
	if err != nil {
		return nil, err
	}
	return handshakeSecret(hashOf(suite), agreed, h.Bytes[recordHeader:], serverHello)
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
