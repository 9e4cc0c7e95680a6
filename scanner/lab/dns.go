package lab

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"edgecert/scanner/edge"
)

// DNS is what the lab's DNS server answers. Names are in lower case without a
// trailing dot. A name that stands in no map does not exist.
type DNS struct {
	Addresses map[string][]netip.Addr
	CNAME     map[string]string
	SRV       map[string][]edge.SRV
	Trouble   map[string]Trouble // instead of an answer
}

// Trouble is how a DNS server fails.
type Trouble string

// The troubles.
const (
	ServerFailure Trouble = "servfail"
	Refused       Trouble = "refused"
	Silent        Trouble = "silent"
)

type dnsServer struct {
	zone    DNS
	address string
}

// startDNS listens on one port number for UDP and TCP, as a resolver has it.
func (l *Lab) startDNS() (*dnsServer, error) {
	var last error
	for range 8 { // UDP has far fewer of its numbers taken than TCP, so TCP chooses
		tcp, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		udp, err := net.ListenPacket("udp", tcp.Addr().String())
		if err != nil {
			tcp.Close()
			last = err
			continue
		}
		l.closeAtEnd(udp)
		l.closeAtEnd(tcp)
		d := &dnsServer{zone: l.spec.DNS, address: udp.LocalAddr().String()}
		l.wg.Go(func() { d.serveUDP(udp) })
		l.accept(tcp, d.serveTCP)
		return d, nil
	}
	return nil, fmt.Errorf("no port for DNS: %w", last)
}

func (d *dnsServer) serveUDP(conn net.PacketConn) {
	b := make([]byte, 4096)
	for {
		n, from, err := conn.ReadFrom(b)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(time.Millisecond)
			continue
		}
		answer := d.answer(b[:n])
		if len(answer) > 1232 { // what fits without fragments: the rest is asked for by TCP
			answer = truncated(answer)
		}
		if answer != nil {
			conn.WriteTo(answer, from)
		}
	}
}

func (d *dnsServer) serveTCP(_ context.Context, conn net.Conn) {
	for {
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(conn, query); err != nil {
			return
		}
		answer := d.answer(query)
		if answer == nil {
			io.Copy(io.Discard, conn)
			return
		}
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
	}
}

// answer is the reply to one query, nil for none.
func (d *dnsServer) answer(query []byte) []byte {
	var p dnsmessage.Parser
	head, err := p.Start(query)
	if err != nil || head.Response {
		return nil
	}
	q, err := p.Question()
	if err != nil {
		return nil
	}
	name := strings.ToLower(strings.TrimSuffix(q.Name.String(), "."))
	m := dnsmessage.Message{Questions: []dnsmessage.Question{q}}
	m.Header = dnsmessage.Header{ID: head.ID, Response: true, Authoritative: true,
		RecursionDesired: head.RecursionDesired, RecursionAvailable: true}
	switch d.zone.Trouble[name] {
	case Silent:
		return nil
	case ServerFailure:
		m.RCode = dnsmessage.RCodeServerFailure
	case Refused:
		m.RCode = dnsmessage.RCodeRefused
	default:
		m.RCode, m.Answers = d.records(name, q)
	}
	out, err := m.Pack()
	if err != nil { // a name in the spec that DNS cannot carry
		return nil
	}
	return out
}

// records answers for an existing name with what it has of the type asked
// for, which may be nothing, and follows CNAMEs.
func (d *dnsServer) records(name string, q dnsmessage.Question) (dnsmessage.RCode, []dnsmessage.Resource) {
	var out []dnsmessage.Resource
	add := func(kind dnsmessage.Type, body dnsmessage.ResourceBody) {
		owner, err := dnsmessage.NewName(name + ".")
		if err == nil {
			head := dnsmessage.ResourceHeader{Name: owner, Type: kind, Class: dnsmessage.ClassINET, TTL: 60}
			out = append(out, dnsmessage.Resource{Header: head, Body: body})
		}
	}
	for range 8 { // a loop of CNAMEs ends here
		target, ok := d.zone.CNAME[name]
		if !ok {
			break
		}
		if n, err := dnsmessage.NewName(target + "."); err == nil {
			add(dnsmessage.TypeCNAME, &dnsmessage.CNAMEResource{CNAME: n})
		}
		name = target
	}
	addresses, isHost := d.zone.Addresses[name]
	services, isService := d.zone.SRV[name]
	if !isHost && !isService {
		return dnsmessage.RCodeNameError, out
	}
	for _, a := range addresses {
		switch {
		case a.Is4() && q.Type == dnsmessage.TypeA:
			add(q.Type, &dnsmessage.AResource{A: a.As4()})
		case a.Is6() && q.Type == dnsmessage.TypeAAAA:
			add(q.Type, &dnsmessage.AAAAResource{AAAA: a.As16()})
		}
	}
	for _, s := range services {
		target, err := dnsmessage.NewName(s.Target + ".")
		if err == nil && q.Type == dnsmessage.TypeSRV {
			add(q.Type, &dnsmessage.SRVResource{Priority: uint16(s.Priority), Weight: uint16(s.Weight), Port: uint16(s.Port), Target: target})
		}
	}
	return dnsmessage.RCodeSuccess, out
}

// truncated is an answer's header and question with the bit that sends the
// client to TCP.
func truncated(answer []byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(answer) != nil {
		return nil
	}
	m.Truncated, m.Answers = true, nil
	out, _ := m.Pack()
	return out
}
