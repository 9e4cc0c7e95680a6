package xmpp

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
)

const (
	header   = `<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' from='contoso.com' id='1' version='1.0'>`
	features = `<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><dialback xmlns='urn:xmpp:features:dialback'/></stream:features>`
	required = `<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>`
	without  = `<stream:features><dialback xmlns='urn:xmpp:features:dialback'><errors/></dialback></stream:features>`
	proceed  = `<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`
)

// talk plays a server that sends its lines, each after it has read something,
// and then keeps the connection open. It returns all that it was sent.
func talk(t *testing.T, lines ...string) (seen *edge.XMPPStream, f *edge.Fault, sent string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		var got strings.Builder
		done := make(chan struct{})
		go func() {
			defer close(done)
			b := make([]byte, 4096)
			for _, line := range lines {
				n, err := theirs.Read(b)
				got.Write(b[:n])
				if err != nil {
					return
				}
				if line == "close" {
					theirs.Close()
					return
				}
				if _, err := io.WriteString(theirs, line); err != nil {
					return
				}
			}
			_, _ = io.Copy(&got, theirs)
		}()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		end, _ := ctx.Deadline()
		if err := ours.SetDeadline(end); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		seen, f = StartTLS(ctx, ours, "contoso.com")
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("took %v, the deadline was 10 s", took)
		}
		ours.Close()
		<-done
		sent = got.String()
	})
	return seen, f, sent
}

func TestStartTLS(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		lines []string
		want  edge.XMPPStream
		last  string // what the server was sent last
	}{
		{"offered", []string{header + features, proceed}, edge.XMPPStream{StartTLS: Offered, From: "contoso.com"}, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"},
		{"required", []string{header + required, proceed}, edge.XMPPStream{StartTLS: Required, From: "contoso.com"}, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"},
		{"not offered", []string{header + without}, edge.XMPPStream{StartTLS: NotOffered, From: "contoso.com"}, "</stream:stream>"},
		{"no features at all", []string{header + "<stream:features/>"}, edge.XMPPStream{StartTLS: NotOffered, From: "contoso.com"}, "</stream:stream>"},
		{"older than XMPP 1.0", []string{strings.Replace(header, " version='1.0'>", ">", 1)}, edge.XMPPStream{StartTLS: NotOffered, From: "contoso.com"}, "</stream:stream>"},
		{"a proceed in two tags and a newline", []string{header + "\n" + features + "\n", "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'></proceed>\n"},
			edge.XMPPStream{StartTLS: Offered, From: "contoso.com"}, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"},
		{"another prefix", []string{"<s:stream xmlns:s='http://etherx.jabber.org/streams' version='1.0' from='a'><s:features><t:starttls xmlns:t='urn:ietf:params:xml:ns:xmpp-tls'/></s:features>", proceed},
			edge.XMPPStream{StartTLS: Offered, From: "a"}, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"},
		{"a name without end", []string{strings.Replace(header, "contoso.com", strings.Repeat("a", 5000), 1) + without},
			edge.XMPPStream{StartTLS: NotOffered, From: strings.Repeat("a", limits.XMPPName)}, "</stream:stream>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, f, sent := talk(t, tt.lines...)
			if f != nil {
				t.Fatalf("fault %v, want none", f)
			}
			if d := cmp.Diff(tt.want, *got); d != "" {
				t.Error("stream differs (-want +got):\n" + d)
			}
			if !strings.HasPrefix(sent, "<?xml version='1.0'?><stream:stream xmlns='jabber:server'") || !strings.Contains(sent, " to='contoso.com'") {
				t.Errorf("began with %q", sent)
			}
			if !strings.HasSuffix(sent, tt.last) {
				t.Errorf("sent %q, want %q at the end", sent, tt.last)
			}
		})
	}
}

func TestStartTLSFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		lines []string
		want  edge.ErrorClass
		text  string
		seen  string // StartTLS of the stream; "none": no stream
	}{
		{"plain HTTP", []string{"HTTP/1.1 400 Bad Request\r\n\r\n"}, edge.ClassNotTLS, "HTTP/1.1 400", "none"},
		{"an HTML page", []string{"<html><body>no</body></html>"}, edge.ClassNotTLS, `"html"`, "none"},
		{"an SMTP banner", []string{"220 mail.contoso.com ESMTP\r\n"}, edge.ClassNotTLS, "220 mail", "none"},
		{"TLS from the first byte", []string{"\x15\x03\x01\x00\x02\x02\x0a"}, edge.ClassTLSAlert, "TLS from the first byte", "none"},
		{"closed without a word", []string{"close"}, edge.ClassReset, "", "none"},
		{"silence", nil, edge.ClassTimeout, "", "none"},
		{"silence after the header", []string{header}, edge.ClassTimeout, "features", ""},
		{"silence after starttls", []string{header + features}, edge.ClassTimeout, "STARTTLS", Offered},
		{"closed after starttls", []string{header + features, "close"}, edge.ClassReset, "STARTTLS", Offered},
		{"a domain that is not served", []string{header + "<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>"},
			edge.ClassProtocol, "host-unknown", ""},
		{"starttls refused", []string{header + features, "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>"}, edge.ClassProtocol, "<failure>", Offered},
		{"the end of the stream", []string{header + "</stream:stream>"}, edge.ClassReset, "features", ""},
		{"something sent along with the leave", []string{header + features, proceed + "<iq/>"}, edge.ClassProtocol, "follow <proceed/>", Offered},
		{"a document type", []string{"<!DOCTYPE a [<!ENTITY b 'c'>]>" + header}, edge.ClassProtocol, "directive", "none"},
		{"an undefined entity", []string{"<?xml version='1.0'?><stream:stream to='&b;'>"}, edge.ClassProtocol, "entity", "none"},
		{"broken XML", []string{header + "<stream:features><a></b>"}, edge.ClassProtocol, "", ""},
		{"a header without end", []string{"<stream:stream a='" + strings.Repeat("a", limits.XMPPStream)}, edge.ClassTooLarge, "65536", "none"},
		{"features without end", []string{header + "<stream:features>" + strings.Repeat("<a/>", limits.XMPPStream/4)}, edge.ClassTooLarge, "65536", ""},
		{"nested without end", []string{header + strings.Repeat("<a>", limits.XMPPStream/3)}, edge.ClassProtocol, "sends <a>", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, f, _ := talk(t, tt.lines...)
			if f == nil {
				t.Fatalf("stream %+v without a fault", got)
			}
			if f.Class != tt.want || !strings.Contains(f.Message, tt.text) {
				t.Errorf("fault %v, want class %s and a message with %q", f, tt.want, tt.text)
			}
			if (got == nil) != (tt.seen == "none") || (got != nil && got.StartTLS != tt.seen) {
				t.Errorf("stream %+v, want StartTLS %q", got, tt.seen)
			}
		})
	}
}

func TestStartTLSInterrupted(t *testing.T) {
	t.Parallel()
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, _ = theirs.Read(make([]byte, 4096))
		cancel()
	}()
	if _, f := StartTLS(ctx, ours, "contoso.com"); f == nil || f.Class != edge.ClassInterrupted {
		t.Errorf("fault %v, want interrupted", f)
	}
}

// A hostile name must not break out of the attribute it stands in.
func TestDomainIsEscaped(t *testing.T) {
	t.Parallel()
	ours, theirs := net.Pipe()
	sent := make(chan string, 1)
	go func() {
		b := make([]byte, 4096)
		n, _ := theirs.Read(b)
		sent <- string(b[:n])
		theirs.Close()
	}()
	if _, f := StartTLS(t.Context(), ours, "a'/><b>"); f == nil {
		t.Error("no fault of a closed stream")
	}
	if got := <-sent; !strings.Contains(got, "to='a&#39;/&gt;&lt;b&gt;'") {
		t.Errorf("sent %q", got)
	}
}

// conversation is a peer that has said everything beforehand.
type conversation struct {
	net.Conn
	in io.Reader
}

func (c conversation) Read(b []byte) (int, error)       { return c.in.Read(b) }
func (c conversation) Write(b []byte) (int, error)      { return len(b), nil }
func (c conversation) SetDeadline(time.Time) error      { return nil }
func (c conversation) SetReadDeadline(time.Time) error  { return nil }
func (c conversation) SetWriteDeadline(time.Time) error { return nil }

func FuzzStartTLS(f *testing.F) {
	for _, s := range []string{header + features + proceed, header + required, header + without, "HTTP/1.1 400 no", "<html>",
		"\x15\x03\x01\x00\x02\x02\x0a", header + "<stream:error><host-unknown/></stream:error>", "<!DOCTYPE a>", ""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, fault := StartTLS(t.Context(), conversation{in: strings.NewReader(string(b))}, "contoso.com")
		switch {
		case got == nil && fault == nil:
			t.Error("neither a stream nor a fault")
		case fault != nil && (fault.Class == "" || fault.Message == ""):
			t.Errorf("empty fault %+v", fault)
		case fault == nil && got.StartTLS == "":
			t.Error("a stream without an answer to STARTTLS")
		case got != nil && len(got.From) > limits.XMPPName:
			t.Errorf("a name of %d bytes", len(got.From))
		}
	})
}
