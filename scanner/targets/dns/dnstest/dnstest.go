// Package dnstest is a real DNS server for tests, with faults to order.
package dnstest

import (
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"
)

// A Zone is a DNS server's whole knowledge: records as a zone file has them,
// and names that get special treatment.
type Zone struct {
	Records []string
	Trouble map[string]string // name to "SERVFAIL", "REFUSED", "silent", "refer", "stranger", "no EDNS", "drops EDNS", "cut short"
	Lame    bool              // not recursive: aliases are not followed
	Asked   atomic.Int32      // queries that came
}

// Serve runs a DNS server for z on loopback, UDP and TCP, for the length of the
// test, and returns its address.
func Serve(t *testing.T, z *Zone) string {
	t.Helper()
	packets, listener := listenBoth(t)
	var all []dns.RR
	for _, text := range z.Records {
		rr, err := dns.NewRR(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rr)
	}
	handler := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		z.Asked.Add(1)
		if m := z.answer(q, all); m != nil {
			if w.LocalAddr().Network() == "udp" {
				m.Truncate(512)
			}
			if z.Trouble[strings.TrimSuffix(q.Question[0].Name, ".")] == "stranger" {
				forge(w, q)
			}
			if z.Trouble[strings.TrimSuffix(q.Question[0].Name, ".")] == "cut short" {
				m.Truncated, m.Answer = true, nil
			}
			_ = w.WriteMsg(m) // the client may have gone
		}
	})
	for _, s := range []*dns.Server{{PacketConn: packets, Handler: handler}, {Listener: listener, Handler: handler}} {
		started := make(chan struct{})
		s.NotifyStartedFunc = func() { close(started) }
		go s.ActivateAndServe()
		<-started
		t.Cleanup(func() { s.Shutdown() })
	}
	return packets.LocalAddr().String()
}

// forge answers before the server does, as somebody on the way would who does
// not see the query: with another ID, and to another question.
func forge(w dns.ResponseWriter, q *dns.Msg) {
	wrongID, wrongQuestion := new(dns.Msg).SetReply(q), new(dns.Msg).SetReply(q)
	wrongID.Id++
	wrongQuestion.Question[0].Name = "evil.example."
	for _, m := range []*dns.Msg{wrongID, wrongQuestion} {
		_ = w.WriteMsg(m)
	}
}

// listenBoth takes one port of loopback for UDP and TCP.
func listenBoth(t *testing.T) (net.PacketConn, net.Listener) {
	t.Helper()
	var last error
	for range 20 { // the port that UDP got may be taken for TCP
		packets, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listener, err := net.Listen("tcp", packets.LocalAddr().String())
		if err == nil {
			return packets, listener
		}
		last = err
		packets.Close()
	}
	t.Fatal(last)
	return nil, nil
}

// answer builds the reply; nil: none.
func (z *Zone) answer(q *dns.Msg, all []dns.RR) *dns.Msg {
	m := new(dns.Msg).SetReply(q)
	m.RecursionAvailable, m.Authoritative = !z.Lame, true
	name := strings.ToLower(q.Question[0].Name)
	switch z.Trouble[strings.TrimSuffix(name, ".")] {
	case "SERVFAIL":
		return m.SetRcode(q, dns.RcodeServerFailure)
	case "REFUSED":
		return m.SetRcode(q, dns.RcodeRefused)
	case "silent":
		return nil
	case "refer":
		m.Authoritative, m.RecursionAvailable = false, false
		return m
	case "AAAA fails":
		if q.Question[0].Qtype == dns.TypeAAAA {
			return m.SetRcode(q, dns.RcodeServerFailure)
		}
	case "drops EDNS":
		if q.IsEdns0() != nil {
			return nil
		}
	case "answers EDNS alone, late": // when the query without has come
		if q.IsEdns0() == nil {
			return nil
		}
	case "fails for EDNS":
		if q.IsEdns0() != nil {
			return m.SetRcode(q, dns.RcodeServerFailure)
		}
	case "no EDNS":
		if q.IsEdns0() != nil {
			return m.SetRcode(q, dns.RcodeFormatError)
		}
	}
	known := false
	for range 20 { // aliases
		next := ""
		for _, rr := range all {
			if strings.ToLower(rr.Header().Name) != name {
				continue
			}
			known = true
			if cname, ok := rr.(*dns.CNAME); ok {
				m.Answer = append(m.Answer, rr)
				next = strings.ToLower(cname.Target)
			} else if rr.Header().Rrtype == q.Question[0].Qtype {
				m.Answer = append(m.Answer, rr)
			}
		}
		if next == "" || z.Lame {
			break
		}
		name = next
	}
	if !known {
		m.Rcode = dns.RcodeNameError
	}
	return m
}
