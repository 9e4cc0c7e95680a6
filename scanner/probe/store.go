package probe

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"sync"

	"edgecert/scanner/edge"
)

// A store makes each certificate once, however many endpoints present it.
type store struct {
	mu     *sync.Mutex
	parsed map[*x509.Certificate]*edge.Certificate // crypto/tls shares what it parsed
	known  map[edge.Fingerprint]*edge.Certificate
	cas    map[edge.Fingerprint][]string
}

func newStore() store {
	return store{
		mu:     &sync.Mutex{},
		parsed: map[*x509.Certificate]*edge.Certificate{},
		known:  map[edge.Fingerprint]*edge.Certificate{},
		cas:    map[edge.Fingerprint][]string{},
	}
}

// chain is a chain that crypto/tls has parsed.
func (s *store) chain(certs []*x509.Certificate) []*edge.Certificate {
	chain := make([]*edge.Certificate, len(certs))
	for i, cert := range certs {
		s.mu.Lock()
		chain[i] = s.parsed[cert]
		s.mu.Unlock()
		if chain[i] == nil {
			chain[i] = s.keep(&edge.Certificate{Raw: cert.Raw, Fingerprint: sha256.Sum256(cert.Raw), X509: cert})
		}
	}
	return chain
}

// raw is a chain that crypto/tls has not parsed.
func (s *store) raw(ders [][]byte) []*edge.Certificate {
	chain := make([]*edge.Certificate, len(ders))
	for i, der := range ders {
		s.mu.Lock()
		chain[i] = s.known[sha256.Sum256(der)]
		s.mu.Unlock()
		if chain[i] == nil {
			chain[i] = s.keep(edge.NewCertificate(der))
		}
	}
	return chain
}

// keep returns the one that stands for c: c itself unless another was faster.
func (s *store) keep(c *edge.Certificate) *edge.Certificate {
	s.mu.Lock()
	defer s.mu.Unlock()
	first, ok := s.known[c.Fingerprint]
	if !ok {
		first = c
		s.known[c.Fingerprint] = c
	}
	if c.X509 != nil {
		s.parsed[c.X509] = first
	}
	return first
}

// What is kept of a CertificateRequest's names: enough for the rule that says
// when they are too many, and no more of each than a line.
const (
	maxNames      = 150
	maxNameLength = 300
)

// names are distinguished names as text (RFC 4514); one that cannot be read is
// its bytes in hex. Servers of one pool send the same hundred: they are read
// once.
func (s *store) names(ders [][]byte) []string {
	if len(ders) == 0 {
		return nil
	}
	h := sha256.New()
	for _, der := range ders {
		h.Write([]byte{byte(len(der) >> 8), byte(len(der))})
		h.Write(der)
	}
	id := edge.Fingerprint(h.Sum(nil))
	s.mu.Lock()
	defer s.mu.Unlock()
	names, ok := s.cas[id]
	if !ok {
		for _, der := range ders[:min(len(ders), maxNames)] {
			names = append(names, distinguishedName(der))
		}
		s.cas[id] = names
	}
	return names
}

func distinguishedName(der []byte) string {
	var rdns pkix.RDNSequence
	text := hex.EncodeToString(der)
	if rest, err := asn1.Unmarshal(der, &rdns); err == nil && len(rest) == 0 {
		text = rdns.String()
	}
	return text[:min(len(text), maxNameLength)]
}
