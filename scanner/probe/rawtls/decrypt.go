package rawtls

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"io"

	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/crypto/cryptobyte"

	"edgecert/scanner/edge"
	"edgecert/scanner/probe/fault"
)

// An opener decrypts the server's handshake records of TLS 1.3 (RFC 8446, 5).
type opener struct {
	unseal unseal
	iv     []byte
	count  uint64
}

// unseal decrypts a record in place.
type unseal func(nonce, record, header []byte) (plain []byte, err error)

// The suites of TLS 1.3 that crypto/tls lacks.
const (
	aes128CCM  = 0x1304
	aes128CCM8 = 0x1305
)

func newOpener(suite uint16, secret []byte) (*opener, error) {
	sum, keyLen, build := hashOf(suite), 16, newGCM
	switch suite {
	case tls.TLS_AES_128_GCM_SHA256:
	case tls.TLS_AES_256_GCM_SHA384:
		keyLen = 32
	case tls.TLS_CHACHA20_POLY1305_SHA256:
		keyLen, build = chacha20poly1305.KeySize, newChaCha
	case aes128CCM:
		build = func(key []byte) (unseal, error) { return newCCM(key, 16) }
	case aes128CCM8:
		build = func(key []byte) (unseal, error) { return newCCM(key, 8) }
	default:
		return nil, fault.New(edge.ClassProtocol, "TLS 1.3 with suite %#04x, which was not offered", suite)
	}
	if len(secret) != sum().Size() {
		return nil, fault.New(edge.ClassProtocol, "an encrypted record before the keys were agreed")
	}
	key, err := expandLabel(sum, secret, "key", nil, keyLen)
	if err != nil {
		return nil, err
	}
	iv, err := expandLabel(sum, secret, "iv", nil, 12)
	if err != nil {
		return nil, err
	}
	open, err := build(key)
	return &opener{unseal: open, iv: iv}, err
}

func newGCM(key []byte) (unseal, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	return opening(aead), err
}

func newChaCha(key []byte) (unseal, error) {
	aead, err := chacha20poly1305.New(key)
	return opening(aead), err
}

func opening(aead cipher.AEAD) unseal {
	return func(nonce, record, header []byte) ([]byte, error) {
		return aead.Open(record[:0], nonce, record, header)
	}
}

// newCCM is the counter mode in CCM (RFC 3610, 2.3) with a nonce of 12 bytes.
// The tag is passed over: it would prove that the record is from whoever sent
// the ServerHello, whom nobody believes here either.
func newCCM(key []byte, tag int) (unseal, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return func(nonce, record, _ []byte) ([]byte, error) {
		if len(record) < tag {
			return nil, io.ErrUnexpectedEOF
		}
		plain := record[:len(record)-tag]
		counter := append(append([]byte{2}, nonce...), 0, 0, 1) // counter 0 is for the tag
		cipher.NewCTR(block, counter).XORKeyStream(plain, plain)
		return plain, nil
	}, nil
}

// expandLabel is HKDF-Expand-Label (RFC 8446, 7.1).
func expandLabel(sum func() hash.Hash, secret []byte, label string, context []byte, n int) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddUint16(uint16(n))
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte("tls13 " + label)) })
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(context) })
	info, err := b.Bytes()
	if err != nil {
		return nil, err
	}
	return hkdf.Expand(sum, secret, string(info), n)
}

// open decrypts one record in place: its inner type stands behind the content,
// before padding of zeros (RFC 8446, 5.2 to 5.4).
func (o *opener) open(record []byte) (kind byte, plain []byte, err error) {
	nonce := bytes.Clone(o.iv)
	for i, b := range binary.BigEndian.AppendUint64(nil, o.count) {
		nonce[4+i] ^= b
	}
	o.count++
	header := binary.BigEndian.AppendUint16([]byte{recordApplication, 3, 3}, uint16(len(record)))
	plain, err = o.unseal(nonce, record, header)
	if err != nil {
		return 0, nil, fault.New(edge.ClassProtocol, "an encrypted record that cannot be opened")
	}
	plain = bytes.TrimRight(plain, "\x00")
	if len(plain) == 0 {
		return 0, nil, fault.New(edge.ClassProtocol, "an encrypted record without a type")
	}
	return plain[len(plain)-1], plain[:len(plain)-1], nil
}

// ServerSecret finds the server's handshake traffic secret in lines of a key
// log, the form that tls.Config.KeyLogWriter gets. Nil where it is not there.
func ServerSecret(keyLog []byte) []byte {
	for line := range bytes.Lines(keyLog) {
		fields := bytes.Fields(line)
		if len(fields) != 3 || string(fields[0]) != "SERVER_HANDSHAKE_TRAFFIC_SECRET" {
			continue
		}
		if secret, err := hex.DecodeString(string(fields[2])); err == nil {
			return secret
		}
	}
	return nil
}
