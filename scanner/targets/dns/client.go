package dns

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"time"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"

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
	for range limits.CNAMEs {
		reply, err := r.query(ctx, asked, t)
		if err != nil {
			return unknown(err)
		}
		end, moved := reply.follow(asked)
		if moved && !edge.InCloud(l.cname) {
			l.cname = reply.alias(asked)
		}
		l.addresses, l.srv = reply.addresses[end], reply.srv[end]
		switch {
		case len(l.addresses) > 0 || len(l.srv) > 0:
			return l.bounded(name)
		case reply.cnames[end] != "":
			return unknown(errAliases)
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
	return unknown(errAliases)
}

// errAliases is a chain of aliases that goes on, or leads into itself.
var errAliases = fmt.Errorf("a chain of more than %d aliases", limits.CNAMEs)

// query carries out one query: UDP, TCP where the answer is cut. What drops a
// query with EDNS without a word (RFC 6891, 7, and boxes before it), or loses a
// packet, is asked again without EDNS; what refuses it, too. The answer to either
// counts, however late within r.Patience.
func (r Resolver) query(ctx context.Context, name string, t dnsmessage.Type) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, r.Patience)
	defer cancel()
	plain, err := packQuery(name, t, false)
	if err != nil {
		return reply{}, err
	}
	first := plain
	if r.plain == nil || !r.plain.Load() {
		if first, err = packQuery(name, t, true); err != nil {
			return reply{}, err
		}
	}
	got, by, err := r.overUDP(ctx, first, plain)
	if err == nil && by.edns && got.refusesEDNS() {
		got, by, err = r.overUDP(ctx, plain, plain)
	}
	if err != nil {
		return reply{}, err
	}
	if first.edns && !by.edns && r.plain != nil {
		r.plain.Store(true)
	}
	if got.header.Truncated {
		got, err = r.overTCP(ctx, by)
	}
	return got, err
}

// refusesEDNS says whether a server may have failed for EDNS alone: those from
// before it say so, and some fail in other words.
func (r reply) refusesEDNS() bool {
	switch r.header.RCode {
	case dnsmessage.RCodeFormatError, dnsmessage.RCodeNotImplemented, dnsmessage.RCodeServerFailure, dnsmessage.RCodeRefused:
		return true
	default:
		return false
	}
}

// A query is one question, ready to be sent.
type query struct {
	id       uint16
	question dnsmessage.Question
	edns     bool
	packed   []byte
}

func packQuery(name string, t dnsmessage.Type, edns bool) (query, error) {
	n, err := dnsmessage.NewName(name + ".")
	if err != nil {
		return query{}, fmt.Errorf("%q cannot be asked for: %w", name, err)
	}
	q := query{id: uint16(rand.Uint32()), edns: edns, question: dnsmessage.Question{Name: n, Type: t, Class: dnsmessage.ClassINET}}
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: q.id, RecursionDesired: true},
		Questions: []dnsmessage.Question{q.question},
	}
	if edns {
		var h dnsmessage.ResourceHeader
		if err := h.SetEDNS0(udpSize, dnsmessage.RCodeSuccess, false); err != nil {
			return query{}, err
		}
		m.Additionals = []dnsmessage.Resource{{Header: h, Body: &dnsmessage.OPTResource{}}}
	}
	if q.packed, err = m.Pack(); err != nil {
		return query{}, fmt.Errorf("%q cannot be asked for: %w", name, err)
	}
	return q, nil
}

// overUDP sends queries, one after r.Timeout without an answer to those before,
// and takes the answer to any. What answers none is passed over (a late packet,
// or somebody's guess).
func (r Resolver) overUDP(ctx context.Context, queries ...query) (reply, query, error) {
	conn, stop, err := r.dial(ctx, "udp")
	if err != nil {
		return reply{}, query{}, err
	}
	defer stop()
	for n, q := range queries {
		if _, err = conn.Write(q.packed); err != nil {
			break
		}
		end, _ := ctx.Deadline()
		if next := time.Now().Add(r.Timeout); n < len(queries)-1 && next.Before(end) {
			end = next
		}
		_ = conn.SetReadDeadline(end)
		for ctx.Err() == nil { // else the end of ctx may have come before this deadline
			buf := make([]byte, 4096)
			var size int
			if size, err = conn.Read(buf); err != nil {
				break
			}
			for _, asked := range queries[:n+1] {
				if got, err := parseReply(buf[:size], asked); err == nil {
					return got, asked, nil
				}
			}
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
	}
	if err == nil {
		err = context.DeadlineExceeded
	}
	return reply{}, query{}, r.failed(err)
}

// overTCP sends a query and waits for its answer. One that is cut there too is
// none.
func (r Resolver) overTCP(ctx context.Context, q query) (reply, error) {
	conn, stop, err := r.dial(ctx, "tcp")
	if err != nil {
		return reply{}, err
	}
	defer stop()
	if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(q.packed))), q.packed...)); err != nil {
		return reply{}, r.failed(err)
	}
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return reply{}, r.failed(err)
	}
	in := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(conn, in); err != nil {
		return reply{}, r.failed(err)
	}
	got, err := parseReply(in, q)
	if err == nil && got.header.Truncated {
		err = errors.New("an answer cut short over TCP, too,")
	}
	if err != nil {
		return reply{}, r.failed(err)
	}
	return got, nil
}

// dial connects to r.Server until ctx ends; stop ends the connection.
func (r Resolver) dial(ctx context.Context, network string) (conn net.Conn, stop func(), err error) {
	var dialer net.Dialer
	conn, err = dialer.DialContext(ctx, network, r.Server)
	if err != nil {
		return nil, nil, r.failed(err)
	}
	unwatch := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	return conn, func() { unwatch(); conn.Close() }, nil
}

// failed is what went wrong with r.Server.
func (r Resolver) failed(err error) error {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return &silence{r.Server, r.Patience}
	}
	return fmt.Errorf("%s from %s", reason(err), r.Server)
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
