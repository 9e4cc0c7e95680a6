package probe

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"net"
	"time"

	"edgecert/scanner/limits"
	"edgecert/scanner/probe/rawtls"
)

// errContent ends the reading after a TLS 1.3 handshake: the server went on
// with what only a content server sends.
var errContent = errors.New("the server is content")

// A wire is a connection as a handshake sees it. It lets others compute during
// every Read and keeps what the server sends until the certificate is safe:
// for the message about a peer that speaks something else, and for a chain
// that crypto/tls refuses to parse.
type wire struct {
	net.Conn
	prober   *Prober
	deadline time.Time
	dialed   time.Duration // how long the connection took
	stop     func() bool   // ends the watch for the end of the scan
	release  func()        // gives the address's slot back
	listens  bool          // what the server sends is kept
	record   *[]byte       // what it sent since listen; nil: nothing yet
	secret   []byte        // the server's handshake traffic secret, from the key log
	verified bool          // crypto/tls has verified the server's signature
	settling bool
	settled  []byte // what came since settling
}

// Read lets others compute while it waits. After a handshake (settling) it reads
// record by record: crypto/tls asks for the next one only when the one before
// was no alert.
func (w *wire) Read(b []byte) (int, error) {
	if w.settling && wholeRecords(w.settled) {
		return 0, errContent
	}
	w.prober.Traffic.Leave()
	n, err := w.Conn.Read(b)
	w.prober.Traffic.Enter()
	if w.listens && n > 0 {
		w.keep(b[:n])
	}
	if w.settling && len(w.settled) < limits.Settled {
		w.settled = append(w.settled, b[:n]...)
	}
	return n, err
}

// wholeRecords says whether b is one or more whole TLS records.
func wholeRecords(b []byte) bool {
	if len(b) >= limits.Settled {
		return true
	}
	whole := len(b) > 0
	for len(b) > 0 {
		if len(b) < 5 || len(b) < 5+int(binary.BigEndian.Uint16(b[3:])) {
			return false
		}
		b = b[5+int(binary.BigEndian.Uint16(b[3:])):]
	}
	return whole
}

// Close also gives back what the connection holds.
func (w *wire) Close() error {
	w.stop()
	err := w.Conn.Close()
	w.forget()
	w.prober.Traffic.Leave()
	w.release()
	return err
}

// until brings the end of reading forward. Without it, and after it, the
// handshake's own deadline and the end of the scan hold.
func (w *wire) until(ctx context.Context, t time.Time) {
	if t.After(w.deadline) {
		return
	}
	_ = w.SetReadDeadline(t)
	if ctx.Err() != nil { // the watch may have fired before
		_ = w.SetReadDeadline(time.Unix(1, 0))
	}
}

// listen begins a recording. Recordings are pooled: a handshake needs a few kB
// of it, and thousands come by in a second.
func (w *wire) listen() { w.listens = true }

// keep takes a buffer with the first bytes: thousands may wait for theirs.
func (w *wire) keep(b []byte) {
	if w.record == nil {
		w.record, _ = w.prober.recordings.Get().(*[]byte)
	}
	if len(*w.record) < limits.Flight {
		*w.record = append(*w.record, b...)
	}
}

// forget ends the recording. A large one is not kept for the next handshake.
func (w *wire) forget() {
	if w.record != nil && cap(*w.record) <= 64<<10 {
		*w.record = (*w.record)[:0]
		w.prober.recordings.Put(w.record)
	}
	w.record, w.listens = nil, false
}

// heard is what the server has sent so far.
func (w *wire) heard() []byte {
	if w.record == nil {
		return nil
	}
	return *w.record
}

// Write takes the lines of the key log, each with one call. Only the secret
// that opens the server's certificate is kept, and that the last ones came.
type keyLog struct{ wire *wire }

func (k keyLog) Write(line []byte) (int, error) {
	switch {
	case bytes.HasPrefix(line, []byte("SERVER_HANDSHAKE")):
		k.wire.secret = rawtls.ServerSecret(line)
	case bytes.HasPrefix(line, []byte("CLIENT_RANDOM")), bytes.HasPrefix(line, []byte("CLIENT_TRAFFIC_SECRET_0")):
		k.wire.verified = true
	}
	return len(line), nil
}
