package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"reflect"

	"edgecert/scanner/edge"
	"edgecert/scanner/probe/fault"
	"edgecert/scanner/probe/rawtls"
)

// How much of a stranger's words a message quotes.
const maxQuote = 60

// faultOf tells the error of a handshake apart, with the number of the fatal
// alert that it was, if it was one.
func (w *wire) faultOf(ctx context.Context, err error) (f *edge.Fault, alert int) {
	if ctx.Err() != nil {
		return interrupted(ctx), 0
	}
	heard := w.heard()
	if len(heard) > 0 && !speaksTLS(heard) {
		return fault.New(edge.ClassNotTLS, "no TLS: the answer begins %q", heard[:min(len(heard), maxQuote)]), 0
	}
	if n := alertOf(err); n > 0 {
		return fault.New(edge.ClassTLSAlert, "the server sent alert %s", rawtls.AlertName(n)), n
	}
	var header tls.RecordHeaderError
	if errors.As(err, &header) {
		return fault.New(edge.ClassProtocol, "%s (%x)", header.Msg, header.RecordHeader), 0
	}
	f = fault.Of(err, "in the handshake")
	if f.Class == edge.ClassReset && len(heard) == 0 && errors.Is(err, io.EOF) {
		f.Message = "closed without a word"
	}
	return f, 0
}

// speaksTLS says whether b can begin the records of a server's handshake.
func speaksTLS(b []byte) bool {
	return (b[0] == 21 || b[0] == 22) && (len(b) < 2 || b[1] == 3)
}

// alertOf is the number of the alert that the peer sent, 0 where err is none.
// crypto/tls tells it as a net.OpError around a number of a type of its own.
func alertOf(err error) int {
	var raw *rawtls.Alert
	if errors.As(err, &raw) {
		return raw.Number
	}
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		return 0
	}
	if v := reflect.ValueOf(op.Err); v.Kind() == reflect.Uint8 {
		return int(v.Uint())
	}
	return 0
}
