package rawtls

import (
	"crypto/ecdh"
	"crypto/rand"
	"math/big"
	"slices"

	"edgecert/scanner/edge"
	"edgecert/scanner/probe/fault"
)

// The groups of TLS 1.3 that crypto/ecdh lacks are done here with math/big,
// neither fast nor in constant time. That gives nothing away: what is agreed on
// hides a certificate that the server shows to everybody.

// A share is our key for one group.
type share struct {
	group  uint16
	public []byte
	agree  func(peer []byte) ([]byte, error)
}

func ecdhShare(group uint16, curve ecdh.Curve) (share, error) {
	key, err := curve.GenerateKey(rand.Reader)
	if err != nil {
		return share{}, err
	}
	return share{group, key.PublicKey().Bytes(), func(public []byte) ([]byte, error) {
		peer, err := curve.NewPublicKey(public)
		if err != nil {
			return nil, fault.New(edge.ClassProtocol, "a key that is none of its group: %v", err)
		}
		agreed, err := key.ECDH(peer)
		if err != nil {
			return nil, fault.New(edge.ClassProtocol, "a key that agrees with none: %v", err)
		}
		return agreed, nil
	}}, nil
}

// ours is a share of a group whose keys all have the size of its elements.
func ours(group uint16, base []byte, power func([]byte) []byte) share {
	return share{group, power(base), func(public []byte) ([]byte, error) {
		if len(public) != len(base) {
			return nil, fault.New(edge.ClassProtocol, "a key of %d bytes for group %d, which has %d", len(public), group, len(base))
		}
		return power(public), nil
	}}
}

// The finite field groups (RFC 7919, appendix A): ID, bits, and the number
// that makes the prime one.
func fields() []struct{ id, bits, x int64 } {
	return []struct{ id, bits, x int64 }{
		{256, 2048, 560316}, {257, 3072, 2625351}, {258, 4096, 5736041}, {259, 6144, 15705020}, {260, 8192, 10965728},
	}
}

// prime is 2^b - 2^(b-64) + {[2^(b-130) e] + x} 2^64 - 1 (RFC 7919, appendix A).
func prime(bits, x int64) *big.Int {
	const guard = 64 // bits, for what the divisions drop
	one := big.NewInt(1)
	e := new(big.Int)
	for term, k := new(big.Int).Lsh(one, uint(bits-130+guard)), int64(1); term.Sign() > 0; k++ {
		e.Add(e, term)
		term.Quo(term, big.NewInt(k))
	}
	p := e.Rsh(e, guard)
	p.Add(p, big.NewInt(x)).Lsh(p, 64).Sub(p, one)
	p.Add(p, new(big.Int).Lsh(one, uint(bits)))
	return p.Sub(p, new(big.Int).Lsh(one, uint(bits-64)))
}

// fieldShare is Diffie-Hellman with generator 2. Keys and secrets are as long
// as the prime (RFC 8446, 4.2.8.1 and 7.4.1).
func fieldShare(group uint16, p *big.Int) share {
	secret := new(big.Int).SetBytes(random(32))
	base := make([]byte, (p.BitLen()+7)/8)
	base[len(base)-1] = 2
	return ours(group, base, func(b []byte) []byte {
		b2 := new(big.Int).SetBytes(b)
		return b2.Exp(b2, secret, p).FillBytes(make([]byte, len(b)))
	})
}

const x448 = 30

// x448Share is RFC 7748, 5, with the ladder as it stands there.
func x448Share() share {
	secret := random(56)
	secret[0] &= 252
	secret[55] |= 128
	base := make([]byte, 56)
	base[0] = 5
	return ours(x448, base, func(u []byte) []byte { return ladder448(secret, u) })
}

func ladder448(scalar, u []byte) []byte {
	little := func(b []byte) *big.Int {
		b = slices.Clone(b)
		slices.Reverse(b)
		return new(big.Int).SetBytes(b)
	}
	one, two := big.NewInt(1), big.NewInt(2)
	p := new(big.Int).Lsh(one, 448)
	p.Sub(p, new(big.Int).Lsh(one, 224)).Sub(p, one)
	mod := func(x *big.Int) *big.Int { return x.Mod(x, p) }
	add := func(x, y *big.Int) *big.Int { return mod(new(big.Int).Add(x, y)) }
	sub := func(x, y *big.Int) *big.Int { return mod(new(big.Int).Sub(x, y)) }
	mul := func(x, y *big.Int) *big.Int { return mod(new(big.Int).Mul(x, y)) }

	k, x1 := little(scalar), little(u)
	x2, z2, x3, z3 := one, new(big.Int), x1, one
	for t := 447; t >= 0; t-- {
		swap := k.Bit(t) == 1
		if swap {
			x2, z2, x3, z3 = x3, z3, x2, z2
		}
		a, b, c, d := add(x2, z2), sub(x2, z2), add(x3, z3), sub(x3, z3)
		aa, bb, da, cb := mul(a, a), mul(b, b), mul(d, a), mul(c, b)
		e, sum, diff := sub(aa, bb), add(da, cb), sub(da, cb)
		x3, z3 = mul(sum, sum), mul(x1, mul(diff, diff))
		x2, z2 = mul(aa, bb), mul(e, add(aa, mul(big.NewInt(39081), e)))
		if swap {
			x2, z2, x3, z3 = x3, z3, x2, z2
		}
	}
	out := mul(x2, new(big.Int).Exp(z2, new(big.Int).Sub(p, two), p)).FillBytes(make([]byte, 56))
	slices.Reverse(out)
	return out
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails: crypto/rand ends the program instead
	return b
}
