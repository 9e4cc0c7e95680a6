package dns

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"

	"golang.org/x/net/dns/dnsmessage"
)

// A reply is a DNS answer, by owner name.
type reply struct {
	header    dnsmessage.Header
	cnames    map[string]string
	addresses map[string][]netip.Addr
	srv       map[string][]edge.SRV
}

// follow walks the aliases of name to their end.
func (r reply) follow(name string) (end string, moved bool) {
	for range limits.CNAMEs {
		next, ok := r.cnames[name]
		if !ok {
			break
		}
		name, moved = next, true
	}
	return name, moved
}

// alias is what name is an alias of: the end of the chain, or the name in
// Microsoft 365 that it goes through, behind which another company's may stand.
func (r reply) alias(name string) string {
	for range limits.CNAMEs {
		next, ok := r.cnames[name]
		if name = next; !ok || edge.InCloud(next) {
			break
		}
		if _, further := r.cnames[next]; !further {
			break
		}
	}
	return name
}

// parseReply reads an answer to a query. It must repeat the question (RFC 5452,
// 9.1), unless it says that the question was not understood. Records behind a
// broken one are lost with it: then the whole answer is refused.
func parseReply(in []byte, asked query) (reply, error) {
	out := reply{cnames: map[string]string{}, addresses: map[string][]netip.Addr{}, srv: map[string][]edge.SRV{}}
	var p dnsmessage.Parser
	h, err := p.Start(in)
	if err != nil {
		return out, err
	}
	if h.ID != asked.id || !h.Response {
		return out, errors.New("an answer to another query")
	}
	out.header = h
	questions, err := p.AllQuestions()
	if err != nil {
		return out, err
	}
	if !asked.repeatedIn(questions) && (len(questions) > 0 || h.RCode == dnsmessage.RCodeSuccess) {
		return out, errors.New("an answer to another question")
	}
	if h.Truncated {
		return out, nil
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

// repeatedIn reports whether an answer is to this question.
func (q query) repeatedIn(list []dnsmessage.Question) bool {
	return len(list) == 1 && list[0].Type == q.question.Type && list[0].Class == q.question.Class &&
		fold(list[0].Name.String()) == fold(q.question.Name.String())
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
