package dns

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
	"edgecert/scanner/mistake"

	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/sync/errgroup"
)

// The manners towards a resolver.
const (
	concurrentLookups = 64 // under way at a time: a resolver's own limit is in the hundreds
)

// A Session is one round of lookups.
type Session struct {
	resolver Resolver
	silent   atomic.Int32  // queries in a row that nobody answered
	heard    atomic.Bool   // something was answered, ever
	silence  time.Duration // of nothing but silence, after which the resolver is taken for dead

	mu    sync.Mutex
	names map[string]*edge.NameAnswer // nil: wanted
	srv   map[Question]*edge.SRVAnswer
}

// NewSession begins a round of lookups with r.
func NewSession(r Resolver) *Session {
	r = r.patient()
	r.plain = new(atomic.Bool)
	return &Session{resolver: r, silence: r.Patience + r.Timeout, names: map[string]*edge.NameAnswer{}, srv: map[Question]*edge.SRVAnswer{}}
}

// Want notes what a pool needs.
func (s *Session) Want(p edge.Pool) {
	names, queries := questions(p)
	s.WantNames(names...)
	for _, q := range queries {
		if _, known := s.srv[q]; !known {
			s.srv[q] = nil
		}
	}
}

// WantNames notes further names.
func (s *Session) WantNames(names ...string) {
	for _, n := range names {
		if _, known := s.names[n]; !known {
			s.names[n] = nil
		}
	}
}

// errSilence is why a round of lookups was broken off.
var errSilence = errors.New("no answer to any query")

// Run looks up what is wanted and not known yet. Where nothing at all is
// answered it gives up early: a scan that knows its members must not wait long
// for a resolver that is not there.
func (s *Session) Run(ctx context.Context) {
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	watch := time.AfterFunc(s.silence, func() {
		if !s.heard.Load() {
			giveUp(errSilence)
		}
	})
	defer watch.Stop()
	var group errgroup.Group
	group.SetLimit(concurrentLookups)
	names, queries := s.open()
	for _, n := range names {
		group.Go(func() error {
			defer mistake.Caught(ctx)
			a := s.addresses(ctx, n)
			s.mu.Lock()
			defer s.mu.Unlock()
			s.names[n] = &a
			return nil
		})
	}
	for _, q := range queries {
		group.Go(func() error {
			defer mistake.Caught(ctx)
			a := s.records(ctx, q)
			s.mu.Lock()
			defer s.mu.Unlock()
			s.srv[q] = &a
			return nil
		})
	}
	group.Wait()
}

// open lists the questions without an answer.
func (s *Session) open() (names []string, queries []Question) {
	for n, a := range s.names {
		if a == nil {
			names = append(names, n)
		}
	}
	for q, a := range s.srv {
		if a == nil {
			queries = append(queries, q)
		}
	}
	return names, queries
}

// answer is what was found, in the order of the questions.
func (s *Session) answer(names []string, queries []Question) *edge.DNS {
	d := &edge.DNS{Resolver: s.resolver.Name()}
	for _, n := range names {
		d.Names = append(d.Names, *s.names[n])
	}
	for _, q := range queries {
		d.SRV = append(d.SRV, *s.srv[q])
	}
	return d
}

// ask asks unless the resolver has proved to be dead: ten thousand names would
// wait for hours.
func (s *Session) ask(ctx context.Context, name string, t dnsmessage.Type) lookup {
	silent := s.silent.Load()
	dead := silent >= limits.UnansweredQueries || silent > 0 && !s.heard.Load()
	switch {
	case dead || errors.Is(context.Cause(ctx), errSilence):
		return lookup{status: edge.Unknown, err: fmt.Sprintf("not asked: the %s resolver does not answer", s.resolver.Name())}
	case ctx.Err() != nil:
		return lookup{status: edge.Unknown, err: "not asked: interrupted"}
	}
	l := s.resolver.ask(ctx, name, t)
	switch {
	case l.status == edge.Unknown && errors.Is(context.Cause(ctx), errSilence):
		l = lookup{status: edge.Unknown, err: fmt.Sprintf("no answer from the %s resolver", s.resolver.Name())}
		s.silent.Add(1)
	case l.status == edge.Unknown && ctx.Err() != nil:
		l = lookup{status: edge.Unknown, err: "interrupted"}
	case l.silent:
		s.silent.Add(1)
	default:
		s.silent.Store(0)
		s.heard.Store(true)
	}
	return l
}

// addresses looks up A and AAAA. One family that answers is enough to be
// found; the other's trouble is kept in Error.
func (s *Session) addresses(ctx context.Context, name string) edge.NameAnswer {
	var four, six lookup
	var both sync.WaitGroup
	both.Go(func() {
		defer mistake.Caught(ctx)
		six = s.ask(ctx, name, dnsmessage.TypeAAAA)
	})
	four = s.ask(ctx, name, dnsmessage.TypeA)
	both.Wait()
	a := edge.NameAnswer{Name: name, Status: edge.Absent, CNAME: cmp.Or(four.cname, six.cname)}
	for _, ip := range slices.Concat(four.addresses, six.addresses) { // an AAAA may hold an IPv4 address
		if !slices.Contains(a.Addresses, ip) {
			a.Addresses = append(a.Addresses, ip)
		}
	}
	switch {
	case four.err == six.err:
		a.Error = four.err
	case six.err == "":
		a.Error = "A: " + four.err
	case four.err == "":
		a.Error = "AAAA: " + six.err
	default:
		a.Error = "A: " + four.err + "; AAAA: " + six.err
	}
	switch {
	case len(a.Addresses) > 0:
		a.Status = edge.Found
	case four.status == edge.Unknown || six.status == edge.Unknown:
		a.Status = edge.Unknown
	}
	return a
}

// records looks up an SRV record.
func (s *Session) records(ctx context.Context, q Question) edge.SRVAnswer {
	l := s.ask(ctx, q.Kind.Query(q.Domain), dnsmessage.TypeSRV)
	return edge.SRVAnswer{Kind: q.Kind, Domain: q.Domain, Query: q.Kind.Query(q.Domain), Status: l.status, Error: l.err, Records: l.srv}
}

// Name is what was found of a name that was wanted; the zero answer of another.
func (s *Session) Name(name string) edge.NameAnswer {
	if a := s.names[name]; a != nil {
		return *a
	}
	return edge.NameAnswer{Name: name}
}

// SRV is what was found of a record that was wanted.
func (s *Session) SRV(kind edge.SRVKind, domain string) edge.SRVAnswer {
	if a := s.srv[Question{kind, domain}]; a != nil {
		return *a
	}
	return edge.SRVAnswer{Kind: kind, Domain: domain}
}

// Answer is what was found of what p needs.
func (s *Session) Answer(p edge.Pool) *edge.DNS { return s.answer(questions(p)) }
