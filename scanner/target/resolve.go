package target

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"edgecert/scanner/edge"

	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/sync/errgroup"
)

// The manners towards a resolver.
const (
	concurrentLookups = 64 // under way at a time: a resolver's own limit is in the hundreds
	maxSilence        = 64 // unanswered queries in a row, after which no more are asked
)

// Resolve asks DNS for everything the pools need, each question once, and
// returns the pools with their DNS filled in: addresses of every service name
// (XMPP aside, which is reached where Access is) and the SRV records of every
// SIP domain, also where members are named; of loose endpoints the hostnames
// alone. A pool that has its DNS already keeps it. What could not be found out
// says so in its status; Resolve itself never fails. Notes say where DNS has
// more or fewer addresses than there are members.
func Resolve(ctx context.Context, pools []edge.Pool, r Resolver) []edge.Pool {
	s := newSession(r)
	for _, p := range pools {
		if p.DNS == nil {
			s.want(p)
		}
	}
	s.run(ctx)
	out := slices.Clone(pools)
	for i, p := range out {
		if names, queries := questions(p); p.DNS == nil && len(names)+len(queries) > 0 {
			out[i].DNS = s.answer(names, queries)
			out[i].Notes = slices.Concat(p.Notes, countNotes(out[i]))
		}
	}
	return out
}

// An srvQuestion asks for one SRV record of a SIP domain.
type srvQuestion struct {
	kind   edge.SRVKind
	domain string
}

func (q srvQuestion) name() string {
	switch q.kind {
	case edge.SRVFederation:
		return "_sipfederationtls._tcp." + q.domain
	case edge.SRVClient:
		return "_sip._tls." + q.domain
	default:
		return "_xmpp-server._tcp." + q.domain
	}
}

// questions lists what a pool needs of DNS.
func questions(p edge.Pool) (names []string, queries []srvQuestion) {
	add := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if p.Kind != edge.EdgePool {
		seen := map[string]bool{} // thousands of them
		for _, l := range p.Loose {
			if _, err := netip.ParseAddr(l.Host); err != nil && !seen[l.Host] {
				seen[l.Host] = true
				names = append(names, l.Host)
			}
		}
		return names, nil
	}
	for _, s := range p.Services {
		if s.Role != edge.XMPP {
			add(s.FQDN)
		}
	}
	for _, d := range p.SIPDomains {
		for _, kind := range []edge.SRVKind{edge.SRVFederation, edge.SRVClient, edge.SRVXMPP} {
			queries = append(queries, srvQuestion{kind, d})
		}
	}
	return names, queries
}

// A session is one round of lookups.
type session struct {
	resolver Resolver
	silent   atomic.Int32  // queries in a row that nobody answered
	heard    atomic.Bool   // something was answered, ever
	silence  time.Duration // of nothing but silence, after which the resolver is taken for dead

	mu    sync.Mutex
	names map[string]*edge.NameAnswer // nil: wanted
	srv   map[srvQuestion]*edge.SRVAnswer
}

func newSession(r Resolver) *session {
	r.Timeout = cmp.Or(r.Timeout, queryTimeout)
	return &session{resolver: r, silence: silenceTries * r.Timeout, names: map[string]*edge.NameAnswer{}, srv: map[srvQuestion]*edge.SRVAnswer{}}
}

// want notes what a pool needs.
func (s *session) want(p edge.Pool) {
	names, queries := questions(p)
	s.wantNames(names...)
	for _, q := range queries {
		if _, known := s.srv[q]; !known {
			s.srv[q] = nil
		}
	}
}

func (s *session) wantNames(names ...string) {
	for _, n := range names {
		if _, known := s.names[n]; !known {
			s.names[n] = nil
		}
	}
}

// errSilence is why a round of lookups was broken off.
var errSilence = errors.New("no answer to any query")

// run looks up what is wanted and not known yet. Where nothing at all is
// answered it gives up early: a scan that knows its members must not wait long
// for a resolver that is not there.
func (s *session) run(ctx context.Context) {
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
			a := s.addresses(ctx, n)
			s.mu.Lock()
			defer s.mu.Unlock()
			s.names[n] = &a
			return nil
		})
	}
	for _, q := range queries {
		group.Go(func() error {
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
func (s *session) open() (names []string, queries []srvQuestion) {
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
func (s *session) answer(names []string, queries []srvQuestion) *edge.DNS {
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
func (s *session) ask(ctx context.Context, name string, t dnsmessage.Type) lookup {
	silent := s.silent.Load()
	dead := silent >= maxSilence || silent > 0 && !s.heard.Load()
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
func (s *session) addresses(ctx context.Context, name string) edge.NameAnswer {
	var four, six lookup
	var both sync.WaitGroup
	both.Go(func() { six = s.ask(ctx, name, dnsmessage.TypeAAAA) })
	four = s.ask(ctx, name, dnsmessage.TypeA)
	both.Wait()
	a := edge.NameAnswer{Name: name, Status: edge.Absent, CNAME: cmp.Or(four.cname, six.cname)}
	a.Addresses = slices.Concat(four.addresses, six.addresses)
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
func (s *session) records(ctx context.Context, q srvQuestion) edge.SRVAnswer {
	l := s.ask(ctx, q.name(), dnsmessage.TypeSRV)
	return edge.SRVAnswer{Kind: q.kind, Domain: q.domain, Query: q.name(), Status: l.status, Error: l.err, Records: l.srv}
}

// Unanswered is why DNS could not be asked, where no question of any pool was
// answered; empty otherwise.
func Unanswered(pools []edge.Pool) string {
	why := ""
	for _, p := range pools {
		if p.DNS == nil {
			continue
		}
		for _, a := range p.DNS.Names {
			if a.Status != edge.Unknown {
				return ""
			}
			why = cmp.Or(why, a.Error)
		}
		for _, a := range p.DNS.SRV {
			if a.Status != edge.Unknown {
				return ""
			}
			why = cmp.Or(why, a.Error)
		}
	}
	return why
}
