package probe

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"encoding/hex"
	"sync"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
	"edgecert/scanner/probe/fault"
	"edgecert/scanner/probe/rawtls"
)

// A store makes each certificate and each chain once, however many endpoints
// present it. What it keeps is its own copy: a certificate of crypto/tls lies
// in the message that it came with, and has two more copies in a cache as long
// as it lives.
type store struct {
	mu      *sync.Mutex
	room    Room
	known   map[edge.Fingerprint]*edge.Certificate
	chains  map[edge.Fingerprint]sent // by the hash of what was sent
	staples map[edge.Fingerprint][]byte
	cas     map[edge.Fingerprint][]string
	shared  *edge.Shared
	unread  bool // what is kept stays DER alone until read
}

// A sent is a chain as it is kept: leaf first, nil where there was no room for
// as much as its path.
type sent struct {
	chain []*edge.Certificate
	cut   int            // certificates that are not kept
	key   rawtls.KeyType // of the leaf; empty where it is neither, or not known
}

func newStore() store {
	return store{
		mu:      &sync.Mutex{},
		room:    RoomFor(0),
		known:   map[edge.Fingerprint]*edge.Certificate{},
		chains:  map[edge.Fingerprint]sent{},
		staples: map[edge.Fingerprint][]byte{},
		cas:     map[edge.Fingerprint][]string{},
		shared:  edge.NewShared(),
	}
}

// hashOf tells lists of byte strings apart.
func hashOf(list [][]byte) edge.Fingerprint {
	h := sha256.New()
	var length [4]byte
	for _, b := range list {
		binary.BigEndian.PutUint32(length[:], uint32(len(b)))
		h.Write(length[:])
		h.Write(b)
	}
	return edge.Fingerprint(h.Sum(nil))
}

// chain is a chain as it is kept. Equal ones are cut alike, and once.
func (s *store) chain(ders [][]byte) sent {
	id := hashOf(ders)
	s.mu.Lock()
	kept, known := s.chains[id]
	s.mu.Unlock()
	if known {
		return kept
	}
	chain := make([]*edge.Certificate, len(ders))
	for i, der := range ders {
		print := edge.Fingerprint(sha256.Sum256(der))
		s.mu.Lock()
		chain[i] = s.known[print]
		s.mu.Unlock()
		if chain[i] == nil {
			chain[i] = edge.NewCertificate(bytes.Clone(der))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if kept, known = s.chains[id]; !known {
		kept = s.keep(chain)
		s.chains[id] = kept
	}
	return kept
}

// keep takes in what there is room for. Whoever made a certificate first made
// it for all.
func (s *store) keep(chain []*edge.Certificate) sent {
	whole, key := len(chain), keyOf(reread(chain[0]))
	if !s.room.take(s.priceOf(chain), s.room.All) {
		chain = path(edge.Map(chain, reread))
		if !s.room.take(s.priceOf(chain), s.room.Paths) {
			return sent{cut: whole}
		}
	}
	for i, c := range chain {
		if first := s.known[c.Fingerprint]; first != nil {
			chain[i] = first
			continue
		}
		if s.unread {
			c.X509, c.ParseError, c.Unreadable = nil, "", nil
		}
		s.known[c.Fingerprint] = c
	}
	return sent{chain, whole - len(chain), key}
}

// reread is c with what it says.
func reread(c *edge.Certificate) *edge.Certificate {
	if c.X509 != nil || c.ParseError != "" {
		return c
	}
	return edge.NewCertificate(c.Raw)
}

// read reads what was kept unread. What a certificate says takes six times the
// room of its DER, and each collection of garbage goes through it: 50,000
// endpoints with 6,250 certificates spent a sixth of their time on that.
func (s *store) read() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.known {
		*c = *reread(c)
		s.shared.Certificate(c.X509)
	}
}

// share lets c share what others showed alike.
func (s *store) share(c *edge.Capture) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shared.Capture(c)
}

// priceOf is what keeping a chain costs beside what is kept already.
func (s *store) priceOf(chain []*edge.Certificate) int64 {
	sum := int64(0)
	for _, c := range chain {
		if s.known[c.Fingerprint] == nil {
			sum += price(len(c.Raw))
			if c.X509 != nil { // each name is a text of its own, here and where names are compared
				sum += 150 * int64(len(c.X509.DNSNames))
			}
		}
	}
	return sum
}

// staple keeps an OCSP response: cut where it is too large, or no room is left.
func (s *store) staple(der []byte) (kept []byte, cut bool) {
	if len(der) == 0 {
		return nil, false
	}
	id := edge.Fingerprint(sha256.Sum256(der))
	s.mu.Lock()
	defer s.mu.Unlock()
	kept = s.staples[id]
	if kept == nil {
		if len(der) > limits.Staple || !s.room.take(price(len(der)), s.room.All) {
			return nil, true
		}
		kept = bytes.Clone(der)
		s.staples[id] = kept
	}
	return kept, false
}

// names are distinguished names as text (RFC 4514); one that cannot be read is
// its bytes in hex. Servers of one pool send the same hundred: they are read
// once. None where there is no room.
func (s *store) names(ders [][]byte) []string {
	if len(ders) == 0 {
		return nil
	}
	id := hashOf(ders)
	s.mu.Lock()
	defer s.mu.Unlock()
	names, ok := s.cas[id]
	if ok {
		return names
	}
	size := 0
	for _, der := range ders[:min(len(ders), limits.AcceptableCAs)] {
		names = append(names, distinguishedName(der))
		size += len(names[len(names)-1])
	}
	if !s.room.take(price(size), s.room.All) {
		names = nil
	}
	s.cas[id] = names
	return names
}

func distinguishedName(der []byte) string {
	var rdns pkix.RDNSequence
	text := hex.EncodeToString(der)
	if rest, err := asn1.Unmarshal(der, &rdns); err == nil && len(rest) == 0 {
		text = rdns.String()
	}
	return text[:min(len(text), limits.NameLength)]
}

// take puts a chain into the sight, or says that there was no room for it.
func (s *sight) take(k sent) (kept bool) {
	s.chain, s.cut, s.leafKey = k.chain, k.cut, k.key
	if len(k.chain) > 0 {
		return true
	}
	s.fault = fault.New(edge.ClassLocal, "the certificates of this scan take more memory than it may use; those of this endpoint were not kept")
	return false
}
