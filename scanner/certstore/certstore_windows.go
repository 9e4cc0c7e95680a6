package certstore

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"golang.org/x/sys/windows"
)

// cacheOnly is CERT_CHAIN_CACHE_ONLY_URL_RETRIEVAL: no issuer is fetched, for
// the scan contacts its targets and nothing else.
const cacheOnly = 4

// Load finds the certificate and opens its key, without a question to the
// user. The handles live as long as the program.
func Load(path string) (*tls.Certificate, error) {
	p, err := parse(path)
	if err != nil {
		return nil, err
	}
	found, err := find(p)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	leaf, err := x509.ParseCertificate(der(found))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	pair := &tls.Certificate{Certificate: append([][]byte{leaf.Raw}, issuers(found)...), Leaf: leaf}
	key := &storeKey{public: leaf.PublicKey}
	var free bool
	err = windows.CryptAcquireCertificatePrivateKey(found,
		windows.CRYPT_ACQUIRE_PREFER_NCRYPT_KEY_FLAG|windows.CRYPT_ACQUIRE_SILENT_FLAG, nil, &key.handle, &key.spec, &free)
	if err != nil {
		return nil, fmt.Errorf("%s: opening its private key: %w", path, err)
	}
	if key.spec != windows.CERT_NCRYPT_KEY_SPEC { // CryptoAPI knows no PSS
		pair.SupportedSignatureAlgorithms = []tls.SignatureScheme{tls.PKCS1WithSHA256, tls.PKCS1WithSHA384, tls.PKCS1WithSHA512, tls.PKCS1WithSHA1}
	}
	pair.PrivateKey = key
	return pair, nil
}

func find(p place) (*windows.CertContext, error) {
	name, err := windows.UTF16PtrFromString(p.store)
	if err != nil {
		return nil, err
	}
	flags := uint32(windows.CERT_STORE_READONLY_FLAG | windows.CERT_STORE_OPEN_EXISTING_FLAG | windows.CERT_SYSTEM_STORE_CURRENT_USER)
	if p.machine {
		flags ^= windows.CERT_SYSTEM_STORE_CURRENT_USER | windows.CERT_SYSTEM_STORE_LOCAL_MACHINE
	}
	store, err := windows.CertOpenStore(windows.CERT_STORE_PROV_SYSTEM_W, 0, 0, flags, uintptr(unsafe.Pointer(name)))
	if err != nil {
		return nil, fmt.Errorf("opening the store %s: %w", p.store, err)
	}
	hash := windows.CryptHashBlob{Size: uint32(len(p.thumbprint)), Data: &p.thumbprint[0]}
	found, err := windows.CertFindCertificateInStore(store, windows.X509_ASN_ENCODING|windows.PKCS_7_ASN_ENCODING, 0,
		windows.CERT_FIND_SHA1_HASH, unsafe.Pointer(&hash), nil)
	if err != nil {
		return nil, errors.New("no certificate of this thumbprint is in the store")
	}
	return found, nil
}

// issuers are the intermediates that this machine has; without them the
// certificate goes alone.
func issuers(leaf *windows.CertContext) [][]byte {
	para := windows.CertChainPara{}
	para.Size = uint32(unsafe.Sizeof(para))
	var chain *windows.CertChainContext
	if windows.CertGetCertificateChain(0, leaf, nil, leaf.Store, &para, cacheOnly, 0, &chain) != nil || chain.ChainCount == 0 {
		return nil
	}
	defer windows.CertFreeCertificateChain(chain)
	first := unsafe.Slice(chain.Chains, chain.ChainCount)[0]
	var out [][]byte
	for i, e := range unsafe.Slice(first.Elements, first.NumElements) {
		c, err := x509.ParseCertificate(der(e.CertContext))
		if i > 0 && err == nil && !slices.Equal(c.RawSubject, c.RawIssuer) {
			out = append(out, c.Raw)
		}
	}
	return out
}

func der(c *windows.CertContext) []byte {
	return slices.Clone(unsafe.Slice(c.EncodedCert, c.Length))
}
