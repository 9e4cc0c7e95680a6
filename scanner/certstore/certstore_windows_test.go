package certstore

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
	"software.sslmate.com/src/go-pkcs12"
)

// TestLoad signs with a certificate of the user's store.
func TestLoad(t *testing.T) {
	thumbprint, cert := install(t)
	pair, err := Load(`cert:\CurrentUser\My\` + thumbprint)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(pair.Certificate[0], cert.Raw) {
		t.Error("another certificate was found")
	}
	key := pair.PrivateKey.(*storeKey)
	if key.spec == windows.CERT_NCRYPT_KEY_SPEC {
		t.Cleanup(func() { windows.NewLazySystemDLL("ncrypt.dll").NewProc("NCryptDeleteKey").Call(uintptr(key.handle), 0) })
	}
	if key.spec == 3 {
		key.spec = 1 // Wine's import of a PFX names exchange and signature at once
	}
	digest := sha1.Sum([]byte("hello")) // the provider that a PFX names by default knows no SHA-2
	signature, err := key.Sign(nil, digest[:], crypto.SHA1)
	if err != nil {
		t.Fatal(err)
	}
	if err := rsa.VerifyPKCS1v15(cert.PublicKey.(*rsa.PublicKey), crypto.SHA1, digest[:], signature); err != nil {
		t.Error(err)
	}
}

// TestKeyOfCNG shakes hands with a key that CNG made: PSS at TLS 1.3.
func TestKeyOfCNG(t *testing.T) {
	key := generate(t)
	for version, opts := range map[string]crypto.SignerOpts{
		"TLS 1.2": crypto.SHA256,
		"TLS 1.3": &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256},
	} {
		digest := sha256.Sum256([]byte("hello"))
		signature, err := key.Sign(nil, digest[:], opts)
		if err != nil {
			t.Errorf("%s: %v", version, err)
			continue
		}
		public := key.public.(*rsa.PublicKey)
		if pss, is := opts.(*rsa.PSSOptions); is {
			err = rsa.VerifyPSS(public, crypto.SHA256, digest[:], signature, pss)
		} else {
			err = rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature)
		}
		if err != nil {
			t.Errorf("%s: %v", version, err)
		}
	}
}

// generate has CNG make a key that lives as long as the test.
func generate(t *testing.T) *storeKey {
	t.Helper()
	api := windows.NewLazySystemDLL("ncrypt.dll")
	call := func(name string, args ...uintptr) {
		if status, _, _ := api.NewProc(name).Call(args...); status != 0 {
			t.Fatalf("%s: status 0x%08x", name, uint32(status))
		}
	}
	text := func(s string) uintptr {
		p, _ := windows.UTF16PtrFromString(s)
		return uintptr(unsafe.Pointer(p))
	}
	var provider, key uintptr
	call("NCryptOpenStorageProvider", uintptr(unsafe.Pointer(&provider)), text("Microsoft Software Key Storage Provider"), 0)
	call("NCryptCreatePersistedKey", provider, uintptr(unsafe.Pointer(&key)), text("RSA"), 0, 0, 0)
	call("NCryptFinalizeKey", key, 0)
	blob := make([]byte, 4096)
	var n uint32
	call("NCryptExportKey", key, 0, text("RSAPUBLICBLOB"), 0, uintptr(unsafe.Pointer(&blob[0])), uintptr(len(blob)), uintptr(unsafe.Pointer(&n)), 0)
	head := 24 // BCRYPT_RSAKEY_BLOB: magic, bits, lengths of exponent, modulus and primes
	exponent, modulus := int(binary.LittleEndian.Uint32(blob[8:])), int(binary.LittleEndian.Uint32(blob[12:]))
	public := &rsa.PublicKey{E: int(new(big.Int).SetBytes(blob[head : head+exponent]).Int64()),
		N: new(big.Int).SetBytes(blob[head+exponent : head+exponent+modulus])}
	return &storeKey{public: public, handle: windows.Handle(key), spec: windows.CERT_NCRYPT_KEY_SPEC}
}

func TestAbsent(t *testing.T) {
	_, err := Load(`cert:\CurrentUser\My\` + strings.Repeat("00", 20))
	if err == nil || !strings.Contains(err.Error(), "no certificate of this thumbprint") {
		t.Errorf("got %v", err)
	}
}

// install puts a certificate with its key into the user's store for the length
// of the test.
func install(t *testing.T) (string, *x509.Certificate) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "edgecert test"}, DNSNames: []string{"contoso.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pfx, err := pkcs12.LegacyDES.Encode(key, cert, nil, "test")
	if err != nil {
		t.Fatal(err)
	}
	password, _ := windows.UTF16PtrFromString("test")
	from, err := windows.PFXImportCertStore(&windows.CryptDataBlob{Size: uint32(len(pfx)), Data: &pfx[0]}, password, windows.CRYPT_USER_KEYSET)
	if err != nil {
		t.Fatal("importing the PFX:", err)
	}
	c, err := windows.CertEnumCertificatesInStore(from, nil)
	if err != nil {
		t.Fatal("reading the PFX:", err)
	}
	hash := sha1.Sum(der)
	my := userStore(t) // what is added is written when it is closed
	if err := windows.CertAddCertificateContextToStore(my, c, windows.CERT_STORE_ADD_ALWAYS, nil); err != nil {
		t.Fatal("adding to the user's store:", err)
	}
	windows.CertCloseStore(my, 0)
	t.Cleanup(func() {
		my := userStore(t)
		blob := windows.CryptHashBlob{Size: uint32(len(hash)), Data: &hash[0]}
		stored, err := windows.CertFindCertificateInStore(my, windows.X509_ASN_ENCODING, 0, windows.CERT_FIND_SHA1_HASH, unsafe.Pointer(&blob), nil)
		if err == nil {
			err = windows.CertDeleteCertificateFromStore(stored)
		}
		if err != nil {
			t.Error("the test's certificate stays in the user's store:", err)
		}
		windows.CertCloseStore(my, 0)
		windows.CertCloseStore(from, 0)
	})
	return fmt.Sprintf("%x", hash), cert
}

func userStore(t *testing.T) windows.Handle {
	t.Helper()
	name, _ := windows.UTF16PtrFromString("My")
	my, err := windows.CertOpenStore(windows.CERT_STORE_PROV_SYSTEM_W, 0, 0, windows.CERT_SYSTEM_STORE_CURRENT_USER, uintptr(unsafe.Pointer(name)))
	if err != nil {
		t.Fatal("opening the user's store:", err)
	}
	return my
}
