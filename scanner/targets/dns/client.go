package dns

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
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
// packet, is asked again without EDNS, and then has all the time that is left.
func (r Resolver) query(ctx context.Context, name string, t dnsmessage.Type) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, r.Patience)
	defer cancel()
	edns := r.plain == nil || !r.plain.Load()
	var last error
	for try := range queryTries {
		q, err := packQuery(name, t, edns)
		if err != nil {
			return reply{}, err
		}
		wait := r.Timeout
		if try == queryTries-1 {
			wait = r.Patience
		}
		got, err := r.both(ctx, q, wait)
		if err == nil && edns && (got.header.RCode == dnsmessage.RCodeFormatError || got.header.RCode == dnsmessage.RCodeNotImplemented) {
			edns = false // a server from before EDNS
			if q, err = packQuery(name, t, edns); err != nil {
				return reply{}, err
			}
			got, err = r.both(ctx, q, wait)
		}
		if err == nil {
			if !edns && r.plain != nil {
				r.plain.Store(true)
			}
			return got, nil
		}
		edns, last = false, err
		if ctx.Err() != nil {
			break
		}
	}
	if context.Cause(ctx) == context.DeadlineExceeded && last == nil {
		last = &silence{r.Server, r.Patience}
	}
	return reply{}, last
}

// both asks over UDP, and over TCP where the answer is cut. One that is cut there
// too is none.
func (r Resolver) both(ctx context.Context, q query, wait time.Duration) (reply, error) {
	got, err := r.exchange(ctx, "udp", q, wait)
	if err == nil && got.header.Truncated {
		got, err = r.exchange(ctx, "tcp", q, wait)
		if err == nil && got.header.Truncated {
			err = fmt.Errorf("an answer cut short over TCP, too, from %s", r.Server)
		}
	}
	return got, err
}

// A query is one question, ready to be sent.
type query struct {
	id       uint16
	question dnsmessage.Question
	packed   []byte
}

func packQuery(name string, t dnsmessage.Type, edns bool) (query, error) {
	n, err := dnsmessage.NewName(name + ".")
	if err != nil {
		return query{}, fmt.Errorf("%q cannot be asked for: %w", name, err)
	}
	q := query{id: uint16(rand.Uint32()), question: dnsmessage.Question{Name: n, Type: t, Class: dnsmessage.ClassINET}}
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

// exchange sends a query and waits for its answer. What answers another query
// is passed over (a late packet, or somebody's guess).
func (r Resolver) exchange(ctx context.Context, network string, q query, wait time.Duration) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, network, r.Server)
	if err != nil {
		return reply{}, r.failed(err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	out := q.packed
	if network == "tcp" {
		out = append(binary.BigEndian.AppendUint16(nil, uint16(len(out))), out...)
	}
	if _, err := conn.Write(out); err != nil {
		return reply{}, r.failed(err)
	}
	for {
		in, err := receive(conn, network)
		if err != nil {
			return reply{}, r.failed(err)
		}
		if got, err := parseReply(in, q); err == nil {
			return got, nil
		} else if network == "tcp" {
			return reply{}, r.failed(err)
		}
	}
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
