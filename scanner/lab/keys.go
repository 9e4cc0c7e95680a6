package lab

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"
)

// KeyType is the algorithm of a key.
type KeyType string

// The key types. The zero value is RSA, as an Edge wants it.
const (
	RSA     KeyType = ""
	ECDSA   KeyType = "ECDSA"
	Ed25519 KeyType = "Ed25519"
)

// A KeySpec names a key of a KeyRing: equal specs are one key. The zero value
// is an RSA key of 2048 bits.
type KeySpec struct {
	Label string // tells keys of one kind apart: "root", "renewed"
	Type  KeyType
	Bits  int // 0: 2048 for RSA, 256 for ECDSA
}

// A KeyRing makes each key once, the first time somebody asks for it. Labs
// that share a ring share their keys, which is what makes hundreds of labs in
// one test run cheap. The zero value is ready, and safe for concurrent use.
type KeyRing struct {
	mu   sync.Mutex
	keys map[KeySpec]func() (crypto.Signer, error)
}

// key returns the key that spec names.
func (r *KeyRing) key(spec KeySpec) (crypto.Signer, error) {
	r.mu.Lock()
	make1, ok := r.keys[spec]
	if !ok {
		if r.keys == nil {
			r.keys = map[KeySpec]func() (crypto.Signer, error){}
		}
		make1 = sync.OnceValues(func() (crypto.Signer, error) { return generate(spec) })
		r.keys[spec] = make1
	}
	r.mu.Unlock()
	return make1() // outside the lock: keys are made side by side
}

// warm makes all of the keys side by side.
func (r *KeyRing) warm(specs ...KeySpec) error {
	var g errgroup.Group
	for _, s := range specs {
		g.Go(func() error {
			_, err := r.key(s)
			return err
		})
	}
	return g.Wait()
}

func generate(spec KeySpec) (crypto.Signer, error) {
	switch spec.Type {
	case RSA:
		bits := spec.Bits
		if bits == 0 {
			bits = 2048
		}
		return rsa.GenerateKey(rand.Reader, bits)
	case ECDSA:
		curves := map[int]elliptic.Curve{0: elliptic.P256(), 256: elliptic.P256(), 384: elliptic.P384(), 521: elliptic.P521()}
		curve, ok := curves[spec.Bits]
		if !ok {
			return nil, fmt.Errorf("key %q: no curve of %d bits", spec.Label, spec.Bits)
		}
		return ecdsa.GenerateKey(curve, rand.Reader)
	case Ed25519:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	default:
		return nil, fmt.Errorf("key %q: unknown type %q", spec.Label, spec.Type)
	}
}
