package rawtls

import (
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"io"
	"strings"
	"sync"

	"golang.org/x/crypto/cryptobyte"
)

// Extensions of a ClientHello (IANA, TLS ExtensionType Values).
const (
	extServerName     = 0
	extStatusRequest  = 5
	extGroups         = 10
	extPointFormats   = 11
	extSignatures     = 13
	extPadding        = 21
	extMasterSecret   = 23
	extVersions       = 43
	extAuthorities    = 47
	extChainSigned    = 50 // signature_algorithms_cert
	extKeyShare       = 51
	extRenegotiation  = 0xff01
	helloPaddedLength = 512
)

// KeyType restricts a ClientHello to certificates with keys of one type.
type KeyType string

// The types of keys. The zero value is any.
const (
	RSA   KeyType = "RSA"
	ECDSA KeyType = "ECDSA"
)

// An Offer is what a ClientHello offers: every suite that can come with a
// certificate, and these versions.
type Offer struct {
	Max uint16 // the highest version, and all below it down to TLS 1.0
	Key KeyType
	// Alone offers TLS 1.3 by itself, with a key share of every group that
	// servers are known to want. Without it a few short ones do.
	Alone bool
}

// Hellos writes ClientHellos. What they have in common is put together once.
type Hellos struct {
	parts sync.Map // Offer → hello parts
}

// parts of a ClientHello: all but what changes from one to the next.
type parts struct {
	suites     []byte
	extensions []byte // but server_name and padding
	shares     []share
}

// A Hello is a ClientHello for one connection, and reads the answer to it.
type Hello struct {
	Bytes  []byte // the ClientHello in its record
	shares []share
}

// New is a ClientHello. serverName is the SNI, none where empty.
func (h *Hellos) New(serverName string, o Offer) (*Hello, error) {
	kept, ok := h.parts.Load(o)
	if !ok {
		made, err := newParts(o)
		if err != nil {
			return nil, err
		}
		kept, _ = h.parts.LoadOrStore(o, made)
	}
	p, _ := kept.(*parts)
	b := make([]byte, 0, 2*helloPaddedLength+len(p.extensions))
	b = append(b, 22, 3, 1, 0, 0, typeClientHello, 0, 0, 0) // record: TLS 1.0, what every server accepts (RFC 5246, E.1)
	b = binary.BigEndian.AppendUint16(b, min(o.Max, tls.VersionTLS12))
	b = append(b, make([]byte, 32)...)
	if _, err := rand.Read(b[len(b)-32:]); err != nil {
		return nil, err
	}
	b = append(b, 0) // no session
	b = append(b, p.suites...)
	b = append(b, 1, 0) // no compression
	at := len(b)
	b = append(b, 0, 0)
	b = appendServerName(b, serverName)
	b = pad(append(b, p.extensions...), at+2)
	binary.BigEndian.PutUint16(b[at:], uint16(len(b)-at-2))
	binary.BigEndian.PutUint16(b[3:], uint16(len(b)-recordHeader))
	binary.BigEndian.PutUint16(b[7:], uint16(len(b)-recordHeader-4))
	return &Hello{b, p.shares}, nil
}

// Read reads the answer's first flight, as the function Read does.
func (h *Hello) Read(r io.Reader) (*Flight, error) {
	return (&reader{r: r, hello: h, flight: &Flight{}}).read()
}

func newParts(o Offer) (*parts, error) {
	p := &parts{}
	if o.Max >= tls.VersionTLS13 {
		p.shares = shares(o.Alone)
	}
	var suites, extensions cryptobyte.Builder
	suites.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { addSuites(b, o) })
	o.extensions(&extensions, p.shares)
	var err error
	if p.suites, err = suites.Bytes(); err != nil {
		return nil, err
	}
	p.extensions, err = extensions.Bytes()
	return p, err
}

// addSuites adds those that fit the versions and the key. Those of TLS 1.3 say
// nothing of the key: there the signatures do.
func addSuites(b *cryptobyte.Builder, o Offer) {
	var all []suite
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		all = append(all, suite{s.ID, s.Name})
	}
	for _, s := range append(all, otherSuites()...) {
		switch {
		case modern(s.id) && o.Max >= tls.VersionTLS13, !modern(s.id) && !o.Alone && o.Key.Fits(s.name):
			b.AddUint16(s.id)
		}
	}
}

// Fits says whether a suite's certificate has such a key.
func (k KeyType) Fits(name string) bool {
	return k == "" || strings.Contains(name, "_"+string(k)+"_") && !strings.HasPrefix(name, "TLS_ECDH_")
}

// extensions are the ClientHello's, server_name and padding aside.
func (o Offer) extensions(b *cryptobyte.Builder, shares []share) {
	add := func(id uint16, f cryptobyte.BuilderContinuation) {
		b.AddUint16(id)
		b.AddUint16LengthPrefixed(f)
	}
	add(extStatusRequest, func(b *cryptobyte.Builder) { b.AddBytes([]byte{1, 0, 0, 0, 0}) })
	offered := groups()
	if o.Max >= tls.VersionTLS13 {
		offered = nil // groups without a share are left out: the server might ask for one
	}
	for _, s := range shares {
		offered = append(offered, s.group)
	}
	add(extGroups, list16(offered))
	add(extPointFormats, func(b *cryptobyte.Builder) { b.AddBytes([]byte{1, 0}) })
	if o.Max >= tls.VersionTLS12 {
		add(extSignatures, list16(signatures(o.Key)))
	}
	if o.Max >= tls.VersionTLS12 && o.Key != "" {
		add(extChainSigned, list16(signatures(""))) // whoever issued the certificate may have any key
	}
	add(extMasterSecret, func(*cryptobyte.Builder) {})
	add(extRenegotiation, func(b *cryptobyte.Builder) { b.AddUint8(0) })
	if o.Max >= tls.VersionTLS13 {
		o.agreement(add, shares)
	}
}

// agreement is what makes a ClientHello one of TLS 1.3 (RFC 8446, 9.2).
func (o Offer) agreement(add func(id uint16, f cryptobyte.BuilderContinuation), shares []share) {
	versions := []uint16{tls.VersionTLS13, tls.VersionTLS12, tls.VersionTLS11, tls.VersionTLS10}
	if o.Alone {
		versions = versions[:1]
	}
	add(extVersions, func(b *cryptobyte.Builder) {
		b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) {
			for _, v := range versions {
				b.AddUint16(v)
			}
		})
	})
	add(extKeyShare, func(b *cryptobyte.Builder) {
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			for _, s := range shares {
				b.AddUint16(s.group)
				b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(s.generator) })
			}
		})
	})
}

func appendServerName(b []byte, name string) []byte {
	if name == "" {
		return b
	}
	n := len(name)
	for _, v := range []int{extServerName, n + 5, n + 3} {
		b = binary.BigEndian.AppendUint16(b, uint16(v))
	}
	b = append(b, 0)
	return append(binary.BigEndian.AppendUint16(b, uint16(n)), name...)
}

// pad fills the extensions that begin at from up to a length: some old load
// balancers hang on a ClientHello of 256 to 511 bytes (RFC 7685, 1).
func pad(b []byte, from int) []byte {
	missing := helloPaddedLength - (len(b) - from)
	if missing <= 0 {
		return b
	}
	b = binary.BigEndian.AppendUint16(b, extPadding)
	b = binary.BigEndian.AppendUint16(b, uint16(missing))
	return append(b, make([]byte, missing)...)
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

// signatures are all schemes that such a key can make, those of crypto/tls in its
// order, by which servers choose their certificate. It lacks those
// with PSS keys (0x0809 to 0x080b), Brainpool, SHA-224, DSA, Ed448 and MD5.
func signatures(k KeyType) []uint16 {
	switch k {
	case RSA:
		return []uint16{0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401, 0x0501, 0x0601, 0x0301, 0x0201, 0x0101}
	case ECDSA:
		return []uint16{0x0403, 0x0503, 0x0603, 0x081a, 0x081b, 0x081c, 0x0303, 0x0203}
	default:
		return []uint16{
			0x0804, 0x0403, 0x0807, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0503, 0x0603, 0x0201, 0x0203,
			0x0808, 0x0809, 0x080a, 0x080b, 0x081a, 0x081b, 0x081c, 0x0303, 0x0301, 0x0402, 0x0502, 0x0602, 0x0302, 0x0202, 0x0101,
		}
	}
}
