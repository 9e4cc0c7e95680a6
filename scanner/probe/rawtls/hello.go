package rawtls

import (
	"crypto/rand"
	"crypto/tls"

	"golang.org/x/crypto/cryptobyte"
)

// Extensions that Hello sends (IANA, TLS ExtensionType Values).
const (
	extServerName     = 0
	extStatusRequest  = 5
	extGroups         = 10
	extPointFormats   = 11
	extSignatures     = 13
	extPadding        = 21
	extMasterSecret   = 23
	extAuthorities    = 47
	extVersions       = 43
	extKeyShare       = 51
	extRenegotiation  = 0xff01
	helloPaddedLength = 512
)

// Hello is a ClientHello, in its record, that offers max (TLS 1.2 at most) and
// less, and every suite that can come with a certificate; with keys, TLS 1.3
// alone. serverName is the SNI, none where empty.
func Hello(serverName string, max uint16, keys *Keys) ([]byte, error) {
	var random [32]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddUint8(22)
	b.AddUint16(tls.VersionTLS10) // what every server accepts (RFC 5246, E.1)
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddUint8(typeClientHello)
		b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) {
			b.AddUint16(min(max, tls.VersionTLS12))
			b.AddBytes(random[:])
			b.AddUint8(0) // no session
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { addSuites(b, keys != nil) })
			b.AddBytes([]byte{1, 0}) // no compression
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
				b.AddBytes(extensions(serverName, max, keys))
			})
		})
	})
	hello, err := b.Bytes()
	if keys != nil && err == nil {
		keys.hello = hello[recordHeader:]
	}
	return hello, err
}

// addSuites adds those of TLS 1.3, or all others.
func addSuites(b *cryptobyte.Builder, version13 bool) {
	var ids []uint16
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		ids = append(ids, s.ID)
	}
	for _, s := range otherSuites() {
		ids = append(ids, s.id)
	}
	for _, id := range ids {
		if modern(id) == version13 {
			b.AddUint16(id)
		}
	}
}

// extensions are the ClientHello's, padded: some old load balancers hang on a
// ClientHello of 256 to 511 bytes (RFC 7685, 1).
func extensions(serverName string, max uint16, keys *Keys) []byte {
	var b cryptobyte.Builder
	add := func(id uint16, f cryptobyte.BuilderContinuation) {
		b.AddUint16(id)
		b.AddUint16LengthPrefixed(f)
	}
	if serverName != "" {
		add(extServerName, func(b *cryptobyte.Builder) {
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
				b.AddUint8(0)
				b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(serverName)) })
			})
		})
	}
	add(extStatusRequest, func(b *cryptobyte.Builder) { b.AddBytes([]byte{1, 0, 0, 0, 0}) })
	if keys != nil {
		keys.extensions(add)
	} else {
		add(extGroups, list16(groups()))
	}
	add(extPointFormats, func(b *cryptobyte.Builder) { b.AddBytes([]byte{1, 0}) })
	if max >= tls.VersionTLS12 {
		add(extSignatures, list16(signatures()))
	}
	add(extMasterSecret, func(*cryptobyte.Builder) {})
	add(extRenegotiation, func(b *cryptobyte.Builder) { b.AddUint8(0) })
	done, err := b.Bytes()
	if err != nil || len(done) >= helloPaddedLength {
		return done
	}
	pad := cryptobyte.NewBuilder(done)
	pad.AddUint16(extPadding)
	pad.AddUint16LengthPrefixed(func(p *cryptobyte.Builder) { p.AddBytes(make([]byte, helloPaddedLength-len(done))) })
	return pad.BytesOrPanic()
}

func list16(values []uint16) cryptobyte.BuilderContinuation {
	return func(b *cryptobyte.Builder) {
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			for _, v := range values {
				b.AddUint16(v)
			}
		})
	}
}

// groups are all named groups that were ever in use: X25519, the NIST curves,
// X448, Brainpool, secp256k1, the old binary and prime curves, FFDHE.
func groups() []uint16 {
	return []uint16{29, 23, 24, 25, 30, 26, 27, 28, 22, 14, 13, 12, 11, 10, 9, 21, 19, 256, 257, 258, 259, 260}
}

// signatures are all schemes, PSS with PSS keys (0x0809 to 0x080b) among them:
// crypto/tls lacks these, SHA-224, DSA, Ed448 and MD5.
func signatures() []uint16 {
	return []uint16{
		0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0807, 0x0808, 0x0809, 0x080a, 0x080b, 0x081a, 0x081b, 0x081c,
		0x0401, 0x0501, 0x0601, 0x0303, 0x0301, 0x0203, 0x0201, 0x0402, 0x0502, 0x0602, 0x0302, 0x0202, 0x0101,
	}
}
