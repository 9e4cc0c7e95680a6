package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"os"
	"slices"
	"time"

	"edgecert/scanner/edge"
)

// A clientRequest is what a server asked of us, and what came of it.
type clientRequest struct {
	ours        *tls.Certificate // nil: we have none
	asked       bool
	authorities [][]byte // acceptable CAs: distinguished names, DER
}

// answer is called by crypto/tls when the server asks. The empty certificate
// is how a client says that it has none (RFC 8446, 4.4.2; RFC 5246, 7.4.6).
func (r *clientRequest) answer(info *tls.CertificateRequestInfo) (*tls.Certificate, error) {
	r.asked, r.authorities = true, info.AcceptableCAs
	if r.ours != nil {
		return r.ours, nil
	}
	return &tls.Certificate{}, nil
}

// verdict is what the server wants if it is content so far. complete says
// that it had its chance to ask.
func (r *clientRequest) verdict(complete bool) edge.ClientCertificate {
	switch {
	case r.asked && complete:
		return edge.Requested
	case complete:
		return edge.NotRequested
	default:
		return ""
	}
}

// judge is what the server wants if the handshake ended with a fault after its
// certificate: having asked and got nothing, a refusal of any kind means that
// it requires one. Not so with a certificate of ours in its hands, nor where
// it complains of the handshake itself.
func (r *clientRequest) judge(s sight) edge.ClientCertificate {
	if !r.asked {
		return ""
	}
	if r.ours != nil {
		return edge.Requested
	}
	// bad_record_mac, decryption_failed, illegal_parameter, decrypt_error. Not
	// decode_error: GnuTLS 3.7 answers an empty certificate with it at TLS 1.2.
	if slices.Contains([]int{20, 21, 47, 51}, s.alert) {
		return ""
	}
	if s.fault.Class == edge.ClassTLSAlert || s.fault.Class == edge.ClassReset {
		return edge.Required
	}
	return ""
}

// settle waits for a TLS 1.3 server's word on our certificate, or on its
// absence, which comes after the handshake is done: an alert, a reset or a
// close is a refusal (RFC 8446, 4.4.2.4). A ticket or data says that it is
// content. TLS 1.2 servers have spoken before the handshake ends.
//
// Silence says nothing yet: a content server may have nothing to say, and a
// slow one not have come to it. So after a few round trips we take leave, which
// both answer in their own way: the content one closes, too, the other with
// the refusal that was on its way.
func (r *clientRequest) settle(ctx context.Context, conn *tls.Conn, w *wire, version uint16, handshake time.Duration) error {
	if !r.asked || version != tls.VersionTLS13 {
		return nil
	}
	w.until(ctx, grace(handshake))
	w.settling = true
	n, err := conn.Read(make([]byte, 1))
	if silent(ctx, err) {
		_ = conn.CloseWrite()
		w.until(ctx, w.deadline)
		n, err = conn.Read(make([]byte, 1))
		if errors.Is(err, io.EOF) {
			return nil
		}
	}
	if n > 0 || errors.Is(err, errContent) || silent(ctx, err) {
		return nil
	}
	return err
}

// silent says whether a read ended because nothing came in time.
func silent(ctx context.Context, err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() == nil
}

// A Schannel server cuts its list of acceptable CAs at this many bytes, two of
// length before each name: Windows Server 2003 [DOC KB 933430], and 2008 and
// later [DOC KB 2801679].
const (
	oldSchannelList = 12228
	schannelList    = 16384
	nearFull        = 300 // no name of a CA in the public programs is longer
)

// describe notes the request in t.
func (r *clientRequest) describe(t *edge.TLS, s *store) {
	t.AcceptableCAs = len(r.authorities)
	t.AcceptableCANames = s.names(r.authorities)
	size := 0
	for _, name := range r.authorities {
		size += 2 + len(name)
	}
	t.RequestCut = size <= oldSchannelList && size > oldSchannelList-nearFull ||
		size <= schannelList && size > schannelList-nearFull
}
