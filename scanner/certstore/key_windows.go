package certstore

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"unsafe"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/sys/windows"
)

// storeKey is a private key of Windows: of CNG, or, where spec says so, of the
// older CryptoAPI.
type storeKey struct {
	public crypto.PublicKey
	handle windows.Handle
	spec   uint32
}

func (k *storeKey) Public() crypto.PublicKey { return k.public }

// Sign has Windows sign the digest.
func (k *storeKey) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if len(digest) == 0 {
		return nil, errors.New("signing with a key of the store: nothing to sign")
	}
	if k.spec != windows.CERT_NCRYPT_KEY_SPEC {
		return k.signOld(digest, opts)
	}
	if _, is := k.public.(*ecdsa.PublicKey); is {
		raw, err := k.signHash(nil, digest, 0)
		if err != nil {
			return nil, err
		}
		return ecdsaSignature(raw)
	}
	name, err := windows.UTF16PtrFromString(map[crypto.Hash]string{crypto.SHA1: "SHA1", crypto.SHA256: "SHA256",
		crypto.SHA384: "SHA384", crypto.SHA512: "SHA512"}[opts.HashFunc()])
	if err != nil {
		return nil, err
	}
	padding := struct { // BCRYPT_PSS_PADDING_INFO, whose head is BCRYPT_PKCS1_PADDING_INFO
		hash *uint16
		salt uint32
	}{name, uint32(len(digest))}
	if _, is := opts.(*rsa.PSSOptions); is {
		return k.signHash(unsafe.Pointer(&padding), digest, 8) // TLS has the salt as long as the digest
	}
	return k.signHash(unsafe.Pointer(&padding), digest, 2)
}

// signHash is NCryptSignHash; flags say which padding it is given.
func (k *storeKey) signHash(padding unsafe.Pointer, digest []byte, flags uintptr) ([]byte, error) {
	sign := windows.NewLazySystemDLL("ncrypt.dll").NewProc("NCryptSignHash")
	out := make([]byte, 1024) // an RSA key of 8192 bits
	var n uint32
	status, _, _ := sign.Call(uintptr(k.handle), uintptr(padding), uintptr(unsafe.Pointer(&digest[0])), uintptr(len(digest)),
		uintptr(unsafe.Pointer(&out[0])), uintptr(len(out)), uintptr(unsafe.Pointer(&n)), flags)
	if status != 0 {
		return nil, fmt.Errorf("signing with a key of the store: status 0x%08x", uint32(status))
	}
	return out[:n], nil
}

// signOld signs with CryptoAPI, which writes RSA signatures back to front.
func (k *storeKey) signOld(digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	algorithm, known := map[crypto.Hash]uintptr{crypto.SHA1: 0x8004, crypto.SHA256: 0x800c, crypto.SHA384: 0x800d, crypto.SHA512: 0x800e}[opts.HashFunc()]
	if _, pss := opts.(*rsa.PSSOptions); pss || !known {
		return nil, errors.New("signing with a key of the store: its provider knows no such signature")
	}
	api := windows.NewLazySystemDLL("advapi32.dll")
	call := func(name string, args ...uintptr) error {
		if ok, _, err := api.NewProc(name).Call(args...); ok == 0 {
			return fmt.Errorf("signing with a key of the store: %s: %w", name, err)
		}
		return nil
	}
	var hash uintptr
	if err := call("CryptCreateHash", uintptr(k.handle), algorithm, 0, 0, uintptr(unsafe.Pointer(&hash))); err != nil {
		return nil, err
	}
	defer call("CryptDestroyHash", hash) //nolint:errcheck // it is gone with the program at the latest
	const hashValue = 2                  // HP_HASHVAL
	if err := call("CryptSetHashParam", hash, hashValue, uintptr(unsafe.Pointer(&digest[0])), 0); err != nil {
		return nil, err
	}
	out := make([]byte, 2048)
	n := uint32(len(out))
	if err := call("CryptSignHashW", hash, uintptr(k.spec), 0, 0, uintptr(unsafe.Pointer(&out[0])), uintptr(unsafe.Pointer(&n))); err != nil {
		return nil, err
	}
	out = out[:n]
	slices.Reverse(out)
	return out, nil
}

// ecdsaSignature is r and s, side by side, as TLS has them.
func ecdsaSignature(raw []byte) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1BigInt(new(big.Int).SetBytes(raw[:len(raw)/2]))
		b.AddASN1BigInt(new(big.Int).SetBytes(raw[len(raw)/2:]))
	})
	return b.Bytes()
}
