// Package farm is a fleet of TLS endpoints on loopback, tens of thousands of
// them, that behave as they are told: what the speed and the steadiness of a
// scan are measured against. One listener a port answers for all of 127/8, so
// it runs on Linux, where each of these addresses is loopback.
package farm

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"sync"
	"time"
)

// A Spec is a farm to order. The zero value of a field: none of it.
type Spec struct {
	Addresses  int
	Mix        map[Behaviour]int // of a hundred endpoints; the others are healthy
	Delay      time.Duration     // before a ServerHello
	Jitter     time.Duration     // beside it, up to this, by endpoint
	MaxVersion uint16            // of TLS
}

// An Endpoint is one address and port, and the truth about it.
type Endpoint struct {
	Address   netip.AddrPort
	Behaviour Behaviour
	Leaf      [sha256.Size]byte // of a healthy one
}

// ports are how many each address serves; shared are the addresses that present
// one certificate.
const (
	ports  = 2
	shared = 4
)

// A Farm is a fleet that serves.
type Farm struct {
	Root      []byte // DER
	Endpoints []Endpoint
	spec      Spec
	listeners []net.Listener
	leaves    []tls.Certificate
	serving   sync.WaitGroup
	done      chan struct{}
}

// Start serves until Close.
func Start(spec Spec) (*Farm, error) {
	f := &Farm{spec: spec, done: make(chan struct{})}
	if err := f.issue(); err != nil {
		return nil, err
	}
	closed, err := f.listen()
	if err != nil {
		f.Close()
		return nil, err
	}
	order := behaviours(spec.Mix)
	for i := range spec.Addresses * ports {
		e := Endpoint{Address: netip.AddrPortFrom(address(i/ports), port(f.listeners[i%ports])), Behaviour: order[i*37%100]}
		switch e.Behaviour {
		case Healthy, Slow:
			e.Leaf = sha256.Sum256(f.leaf(i / ports).Certificate[0])
		case Closed:
			e.Address = netip.AddrPortFrom(e.Address.Addr(), closed)
		}
		f.Endpoints = append(f.Endpoints, e)
	}
	for i, l := range f.listeners {
		f.serving.Go(func() { f.accept(l, i, order) })
	}
	return f, nil
}

// behaviours are those of a hundred endpoints.
func behaviours(mix map[Behaviour]int) []Behaviour {
	var order []Behaviour
	for _, b := range All() {
		for range mix[b] {
			order = append(order, b)
		}
	}
	for len(order) < 100 {
		order = append(order, Healthy)
	}
	return order
}

// base is the first address of a farm.
const base = 127<<24 | 16<<16 | 1

func address(i int) netip.Addr {
	n := base + i
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

func index(a netip.Addr) int {
	b := a.As4()
	return (int(b[0])<<24 | int(b[1])<<16 | int(b[2])<<8 | int(b[3])) - base
}

func port(l net.Listener) uint16 { return l.Addr().(*net.TCPAddr).AddrPort().Port() }

// listen opens the ports, and finds one where nobody listens.
func (f *Farm) listen() (closed uint16, err error) {
	for range ports + 1 {
		l, err := net.Listen("tcp4", ":0")
		if err != nil {
			return 0, fmt.Errorf("opening a port of the farm: %w", err)
		}
		f.listeners = append(f.listeners, l)
	}
	last := f.listeners[ports]
	f.listeners = f.listeners[:ports]
	return port(last), last.Close()
}

func (f *Farm) accept(l net.Listener, at int, order []Behaviour) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		local := conn.LocalAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
		i := index(local)
		if !local.IsLoopback() || i < 0 || i >= f.spec.Addresses {
			conn.Close()
			continue
		}
		f.serving.Go(func() {
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(time.Minute)) // no scan of one endpoint takes longer
			n := i*ports + at
			f.serve(conn, order[n*37%100], n)
		})
	}
}

// Close ends the farm and every connection to it.
func (f *Farm) Close() {
	close(f.done)
	for _, l := range f.listeners {
		l.Close()
	}
	f.serving.Wait()
}

func (f *Farm) leaf(address int) tls.Certificate { return f.leaves[address/shared] }

// issue makes the root and the leaves.
func (f *Farm) issue() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	now := time.Now()
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Farm Root"}, IsCA: true,
		BasicConstraintsValid: true, NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(9, 0, 0), KeyUsage: x509.KeyUsageCertSign}
	if f.Root, err = x509.CreateCertificate(rand.Reader, root, root, key.Public(), key); err != nil {
		return err
	}
	for i := range f.spec.Addresses/shared + 1 {
		leaf := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 2)), Subject: pkix.Name{CommonName: "sip.contoso.com"},
			NotBefore: now.AddDate(0, -1, 0), NotAfter: now.AddDate(0, 5, 0), KeyUsage: x509.KeyUsageDigitalSignature,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, CRLDistributionPoints: []string{"http://crl.example/farm.crl"},
			DNSNames: []string{"sip.contoso.com", "webcon.contoso.com", "sip.fabrikam.com"},
		}
		for a := i * shared; a < (i+1)*shared; a++ {
			leaf.IPAddresses = append(leaf.IPAddresses, address(a).AsSlice())
		}
		der, err := x509.CreateCertificate(rand.Reader, leaf, root, key.Public(), key)
		if err != nil {
			return err
		}
		f.leaves = append(f.leaves, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key})
	}
	return nil
}
