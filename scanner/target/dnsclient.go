package target

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"time"

	"edgecert/scanner/edge"

	"golang.org/x/net/dns/dnsmessage"
)

// udpSize is the largest answer asked for over UDP: what passes every path
// without fragments (DNS flag day 2020).
const udpSize = 1232

// askServer asks r.Server itself, since package net would ask the hosts file
// first and blurs who said what.
func (r Resolver) askServer(ctx context.Context, name string, t dnsmessage.Type) lookup {
	l := lookup{status: edge.Found}
	asked := fold(name)
	for range maxCNAMEs {
		reply, err := r.query(ctx, asked, t)
		if err != nil {
			return unknown(err)
		}
		end, moved := reply.follow(asked)
		if moved {
			l.cname = end
		}
		l.addresses, l.srv = reply.addresses[end], reply.srv[end]
		switch {
		case len(l.addresses) > 0 || len(l.srv) > 0:
			return l.bounded(name)
		case reply.header.RCode == dnsmessage.RCodeNameError:
			return lookup{status: edge.Absent, cname: l.cname}
		case reply.header.RCode != dnsmessage.RCodeSuccess:
			return unknown(fmt.Errorf("%s from %s", rcode(reply.header.RCode), r.Server))
		case moved && !reply.header.RecursionAvailable: // the alias leads out of what this server knows by itself
			asked = end
		case !reply.header.Authoritative && !reply.header.RecursionAvailable:
			return unknown(fmt.Errorf("%s refers to other servers: it does not look up names itself", r.Server))
		default:
			return lookup{status: edge.Absent, cname: l.cname}
		}
	}
	return unknown(fmt.Errorf("a chain of more than %d aliases", maxCNAMEs))
}

// A reply is a DNS answer, by owner name.
type reply struct {
	header    dnsmessage.Header
	cnames    map[string]string
	addresses map[string][]netip.Addr
	srv       map[string][]edge.SRV
}

// follow walks the aliases of name to their end.
func (r reply) follow(name string) (end string, moved bool) {
	for range maxCNAMEs {
		next, ok := r.cnames[name]
		if !ok {
			break
		}
		name, moved = next, true
	}
	return name, moved
}

// query carries out one query: UDP with retries, TCP where the answer is cut.
func (r Resolver) query(ctx context.Context, name string, t dnsmessage.Type) (reply, error) {
	edns := true
	var last error
	for try := 0; try < queryTries; try++ {
		out, id, err := packQuery(name, t, edns)
		if err != nil {
			return reply{}, err
		}
		got, err := r.exchange(ctx, "udp", out, id)
		if err == nil && got.header.Truncated {
			got, err = r.exchange(ctx, "tcp", out, id)
		}
		if ctx.Err() != nil {
			return reply{}, ctx.Err()
		}
		if err != nil {
			last = err
			continue
		}
		if edns && (got.header.RCode == dnsmessage.RCodeFormatError || got.header.RCode == dnsmessage.RCodeNotImplemented) {
			edns, try = false, try-1 // a server from before EDNS (RFC 6891, 7)
			continue
		}
		return got, nil
	}
	return reply{}, last
}

func packQuery(name string, t dnsmessage.Type, edns bool) ([]byte, uint16, error) {
	n, err := dnsmessage.NewName(name + ".")
	if err != nil {
		return nil, 0, fmt.Errorf("%q cannot be asked for: %w", name, err)
	}
	id := uint16(rand.Uint32())
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: id, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: n, Type: t, Class: dnsmessage.ClassINET}},
	}
	if edns {
		var h dnsmessage.ResourceHeader
		if err := h.SetEDNS0(udpSize, dnsmessage.RCodeSuccess, false); err != nil {
			return nil, 0, err
		}
		m.Additionals = []dnsmessage.Resource{{Header: h, Body: &dnsmessage.OPTResource{}}}
	}
	out, err := m.Pack()
	if err != nil {
		return nil, 0, fmt.Errorf("%q cannot be asked for: %w", name, err)
	}
	return out, id, nil
}

// exchange sends a query and waits for its answer. What answers another query
// is passed over (a late packet, or somebody's guess).
func (r Resolver) exchange(ctx context.Context, network string, out []byte, id uint16) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, network, r.Server)
	if err != nil {
		return reply{}, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if network == "tcp" {
		out = append(binary.BigEndian.AppendUint16(nil, uint16(len(out))), out...)
	}
	if _, err := conn.Write(out); err != nil {
		return reply{}, err
	}
	for {
		in, err := receive(conn, network)
		if err != nil {
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				return reply{}, &silence{r.Server, r.Timeout}
			}
			return reply{}, fmt.Errorf("asking %s: %w", r.Server, err)
		}
		if got, err := parseReply(in, id); err == nil {
			return got, nil
		} else if network == "tcp" {
			return reply{}, fmt.Errorf("asking %s: %w", r.Server, err)
		}
	}
}

// silence is a server that does not answer.
type silence struct {
	server  string
	waiting time.Duration
}

func (s *silence) Error() string {
	return fmt.Sprintf("no answer from %s within %s", s.server, s.waiting)
}

// Timeout makes silence a net.Error.
func (s *silence) Timeout() bool { return true }

// Temporary makes silence a net.Error.
func (s *silence) Temporary() bool { return true }

// receive reads one message: at most 64 KiB by either transport.
func receive(conn net.Conn, network string) ([]byte, error) {
	if network == "udp" {
		buf := make([]byte, 4096)
		n, err := conn.Read(buf)
		return buf[:n], err
	}
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, err
	}
	buf := make([]byte, binary.BigEndian.Uint16(size[:]))
	_, err := io.ReadFull(conn, buf)
	return buf, err
}

// parseReply reads an answer to the query of an ID. Records behind a broken
// one are lost with it: then the whole answer is refused.
func parseReply(in []byte, id uint16) (reply, error) {
	out := reply{cnames: map[string]string{}, addresses: map[string][]netip.Addr{}, srv: map[string][]edge.SRV{}}
	var p dnsmessage.Parser
	h, err := p.Start(in)
	if err != nil {
		return out, err
	}
	if h.ID != id || !h.Response {
		return out, errors.New("an answer to another query")
	}
	out.header = h
	if err := p.SkipAllQuestions(); err != nil || h.Truncated {
		return out, err
	}
	for {
		rr, err := p.AnswerHeader()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			return out, nil
		}
		if err == nil {
			err = out.record(&p, rr)
		}
		if err != nil {
			return out, fmt.Errorf("broken answer: %w", err)
		}
	}
}

// record keeps one record of the answer section.
func (r *reply) record(p *dnsmessage.Parser, h dnsmessage.ResourceHeader) error {
	owner := fold(h.Name.String())
	switch h.Type {
	case dnsmessage.TypeA:
		a, err := p.AResource()
		if err == nil {
			r.addresses[owner] = append(r.addresses[owner], netip.AddrFrom4(a.A))
		}
		return err
	case dnsmessage.TypeAAAA:
		a, err := p.AAAAResource()
		if err == nil {
			r.addresses[owner] = append(r.addresses[owner], netip.AddrFrom16(a.AAAA).Unmap())
		}
		return err
	case dnsmessage.TypeCNAME:
		c, err := p.CNAMEResource()
		if err == nil {
			r.cnames[owner] = fold(c.CNAME.String())
		}
		return err
	case dnsmessage.TypeSRV:
		s, err := p.SRVResource()
		if err == nil {
			r.srv[owner] = append(r.srv[owner], edge.SRV{Target: fold(s.Target.String()),
				Port: int(s.Port), Priority: int(s.Priority), Weight: int(s.Weight)})
		}
		return err
	default:
		return p.SkipAnswer()
	}
}

// rcode is a response code as people know it: "SERVFAIL".
func rcode(c dnsmessage.RCode) string {
	switch c {
	case dnsmessage.RCodeServerFailure:
		return "SERVFAIL"
	case dnsmessage.RCodeRefused:
		return "REFUSED"
	case dnsmessage.RCodeFormatError:
		return "FORMERR"
	case dnsmessage.RCodeNotImplemented:
		return "NOTIMP"
	default:
		return strings.TrimPrefix(c.String(), "RCode")
	}
}
