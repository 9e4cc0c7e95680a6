package dns

import (
	"context"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"edgecert/scanner/edge"
)

// The patience of a system's resolver is its own, and may be longer than
// that of a scan.
func TestRunGivesUpOnSilence(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s := NewSession(Resolver{Server: conn.LocalAddr().String(), Timeout: time.Hour})
	s.silence = 50 * time.Millisecond
	s.WantNames("sip.contoso.com")
	s.Run(t.Context())
	a := *s.names["sip.contoso.com"]
	if a.Status != edge.Unknown || !strings.HasPrefix(a.Error, "no answer from the 127.0.0.1:") {
		t.Errorf("got %+v", a)
	}
}

// What package net says of the system's resolver.
func TestSystemErrors(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err    error
		status edge.LookupStatus
		text   string
	}{
		"no such name":   {&net.DNSError{Err: "no such host", IsNotFound: true}, edge.Absent, ""},
		"server failure": {&net.DNSError{Err: "server misbehaving", Server: "192.0.2.53:53", IsTemporary: true}, edge.Unknown, "server failure from 192.0.2.53:53"},
		"silence":        {&net.DNSError{Err: "read udp 10.0.0.1:40000->192.0.2.53:53: i/o timeout", Server: "192.0.2.53:53", IsTimeout: true}, edge.Unknown, "no answer from 192.0.2.53:53"},
		"interrupted":    {context.Canceled, edge.Unknown, "context canceled"},
	} {
		if l := systemError(tt.err); l.status != tt.status || l.err != tt.text {
			t.Errorf("%s: got %v %q", name, l.status, l.err)
		}
	}
}

func TestParseResolver(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "9.9.9.9": "9.9.9.9:53", "9.9.9.9:5353": "9.9.9.9:5353", "2620:fe::fe": "[2620:fe::fe]:53",
		"[2620:fe::fe]": "[2620:fe::fe]:53", "[2620:fe::fe]:54": "[2620:fe::fe]:54", "Dns.Example": "dns.example:53",
	} {
		if r, err := ParseResolver(in); err != nil || r.Server != want {
			t.Errorf("%q: got %q, %v", in, r.Server, err)
		}
	}
	for _, in := range []string{"9.9.9.9:", "9.9.9.9:99999", "a b", "http://9.9.9.9"} {
		if r, err := ParseResolver(in); err == nil {
			t.Errorf("%q: got %v", in, r)
		}
	}
}

func TestQuestionsOfAPartner(t *testing.T) {
	t.Parallel()
	names, queries := questions(edge.Pool{Kind: edge.PartnerPool, SIPDomains: []string{"tailspin.example"},
		Services: []edge.Service{{Role: edge.Access, FQDN: "exp.tailspin.example"}}})
	if len(names) != 1 || !slices.Equal(queries, []Question{{edge.SRVFederation, "tailspin.example"}}) {
		t.Errorf("%v, %v", names, queries)
	}
}
