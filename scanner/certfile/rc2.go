package certfile

import (
	"crypto/cipher"
	"encoding/binary"
	"encoding/hex"
	"math/bits"
)

// RC2 (RFC 2268), in which Windows and OpenSSL encrypted the certificates of a
// PFX for twenty years. It is only ever opened here.
type rc2 struct{ k [64]uint16 }

// newRC2 takes a key of 5 or 16 bytes, all of whose bits count.
func newRC2(key []byte) (cipher.Block, error) {
	pi, err := hex.DecodeString(rc2Table)
	if err != nil {
		return nil, err
	}
	var l [128]byte
	n := copy(l[:], key)
	for i := n; i < len(l); i++ {
		l[i] = pi[l[i-1]+l[i-n]]
	}
	l[128-n] = pi[l[128-n]]
	for i := 127 - n; i >= 0; i-- {
		l[i] = pi[l[i+1]^l[i+n]]
	}
	c := &rc2{}
	for i := range c.k {
		c.k[i] = binary.LittleEndian.Uint16(l[2*i:])
	}
	return c, nil
}

func (c *rc2) BlockSize() int { return 8 }

// Encrypt is there for the interface's sake: CBC opens by Decrypt alone.
func (c *rc2) Encrypt(_, _ []byte) {}

// Decrypt is section 4 of the RFC: five rounds of mixing, one of mashing, six,
// one, five, all in reverse.
func (c *rc2) Decrypt(dst, src []byte) {
	var r [4]uint16
	for i := range r {
		r[i] = binary.LittleEndian.Uint16(src[2*i:])
	}
	for round := 15; round >= 0; round-- {
		for i := 3; i >= 0; i-- {
			a, b, d := r[(i+3)&3], r[(i+2)&3], r[(i+1)&3]
			r[i] = bits.RotateLeft16(r[i], -[4]int{1, 2, 3, 5}[i]) - c.k[4*round+i] - (a & b) - (^a & d)
		}
		if round == 11 || round == 5 {
			for i := 3; i >= 0; i-- {
				r[i] -= c.k[r[(i+3)&3]&63]
			}
		}
	}
	for i := range r {
		binary.LittleEndian.PutUint16(dst[2*i:], r[i])
	}
}

// rc2Table is PITABLE, from the digits of pi (section 2).
const rc2Table = "d978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2" +
	"179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82" +
	"54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626" +
	"6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7" +
	"08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec" +
	"c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731" +
	"2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9" +
	"0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad"
