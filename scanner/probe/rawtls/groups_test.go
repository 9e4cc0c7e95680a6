package rawtls

import (
	"bytes"
	"encoding/hex"
	"math/big"
	"testing"
)

// RFC 7748, 5.2: the base point, times five.
func TestX448AsItsRFCHasIt(t *testing.T) {
	t.Parallel()
	five := make([]byte, 56)
	five[0] = 5
	const want = "3f482c8a9f19b01e6c46ee9711d9dc14fd4bf67af30765c2ae2b846a4d23a8cd0db897086239492caf350b51f833868b9bc2b3bca9cf4113"
	scalar := bytes.Clone(five)
	scalar[0], scalar[55] = scalar[0]&252, scalar[55]|128
	if got := hex.EncodeToString(ladder448(scalar, five)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// In a group of RFC 7919 two generates the squares, so that (p-1)/2 is its
// order; hardly any other number of this form passes for p.
func TestPrimesOfTheFieldGroups(t *testing.T) {
	t.Parallel()
	one, two := big.NewInt(1), big.NewInt(2)
	for _, f := range fields() {
		p := prime(f.bits, f.x)
		q := new(big.Int).Rsh(p, 1)
		if p.BitLen() != int(f.bits) || new(big.Int).Exp(two, q, p).Cmp(one) != 0 {
			t.Errorf("group %d: %x is not its prime", f.id, p)
		}
	}
}

func TestSharesAgree(t *testing.T) {
	t.Parallel()
	a, err := NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	b, err := NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	for i := range a.shares {
		left, err := a.shares[i].agree(b.shares[i].public)
		if err != nil {
			t.Fatal(err)
		}
		right, err := b.shares[i].agree(a.shares[i].public)
		if err != nil || !bytes.Equal(left, right) || bytes.Equal(a.shares[i].public, b.shares[i].public) {
			t.Errorf("group %d: %x and %x, %v", a.shares[i].group, left, right, err)
		}
	}
}
