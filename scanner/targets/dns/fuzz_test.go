package dns

import (
	"net/netip"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"edgecert/scanner/limits"
)

// FuzzReply: whatever a server answers, it is refused or an answer to what was
// asked, and following its aliases comes to an end.
func FuzzReply(f *testing.F) {
	const name = "sip.contoso.com"
	q, err := packQuery(name, dnsmessage.TypeA, true)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(q.packed)
	for _, m := range replies(q) {
		packed, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packed)
		f.Add(packed[:len(packed)-1])
		f.Add(append(packed, 0xc0, 0x0c))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) > 1 { // what answers another query is not looked at
			in[0], in[1] = byte(q.id>>8), byte(q.id)
		}
		r, err := parseReply(in, q)
		if err != nil {
			return
		}
		if !r.header.Response || r.header.ID != q.id {
			t.Errorf("taken for an answer: %+v", r.header)
		}
		end, moved := r.follow(name)
		if _, on := r.cnames[name]; on != moved {
			t.Errorf("an alias to %q: %v, moved: %v", end, on, moved)
		}
		r.alias(name)
		l := lookup{addresses: r.addresses[end], srv: r.srv[end]}.bounded(name)
		if len(l.addresses) > limits.AddressesOfName || len(l.srv) > limits.SRVRecords {
			t.Errorf("%d addresses and %d SRV records are kept", len(l.addresses), len(l.srv))
		}
	})
}

// replies are an address, aliases, one that leads into itself, a service, an answer that is
// cut, and none.
func replies(q query) []dnsmessage.Message {
	answer := func(code dnsmessage.RCode, answers ...dnsmessage.Resource) dnsmessage.Message {
		return dnsmessage.Message{Header: dnsmessage.Header{ID: q.id, Response: true, RCode: code}, Questions: []dnsmessage.Question{q.question}, Answers: answers}
	}
	of := func(owner string, t dnsmessage.Type, body dnsmessage.ResourceBody) dnsmessage.Resource {
		return dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(owner), Type: t, Class: dnsmessage.ClassINET}, Body: body}
	}
	own := q.question.Name.String()
	a := of("edge.contoso.com.", dnsmessage.TypeA, &dnsmessage.AResource{A: netip.MustParseAddr("127.0.0.1").As4()})
	alias := of(own, dnsmessage.TypeCNAME, &dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName("edge.contoso.com.")})
	cut := answer(dnsmessage.RCodeSuccess)
	cut.Truncated = true
	many := make([]dnsmessage.Resource, limits.AddressesOfName+1)
	for i := range many {
		many[i] = of(own, dnsmessage.TypeAAAA, &dnsmessage.AAAAResource{AAAA: [16]byte{0: 0x20, 14: byte(i >> 8), 15: byte(i)}})
	}
	return []dnsmessage.Message{
		answer(dnsmessage.RCodeSuccess, alias, a), answer(dnsmessage.RCodeSuccess, many...), cut, answer(dnsmessage.RCodeNameError), answer(dnsmessage.RCodeServerFailure),
		answer(dnsmessage.RCodeSuccess, of(own, dnsmessage.TypeCNAME, &dnsmessage.CNAMEResource{CNAME: q.question.Name})),
		answer(dnsmessage.RCodeSuccess, of(own, dnsmessage.TypeSRV, &dnsmessage.SRVResource{Port: 443, Target: q.question.Name})),
		answer(dnsmessage.RCodeSuccess, of(own, dnsmessage.TypeTXT, &dnsmessage.TXTResource{TXT: []string{"v=spf1 -all"}})),
	}
}
