package lab

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/crypto/ocsp"

	"edgecert/scanner/edge"
)

// Responder stands in templates for the address of the lab's own CRL and OCSP
// server, which is known only once the lab has started: Responder + "/NAME.crl"
// and Responder + "/NAME" are those of the authority NAME for its leaves,
// Responder + "/NAME/root.crl" is that of its root.
const Responder = "http://responder.invalid"

type responder struct {
	url      string
	now      time.Time
	listener net.Listener
}

func (l *Lab) startResponder() (*responder, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	// The server closes it, too; this is for a start that fails in between.
	l.closeAtEnd(ln)
	return &responder{url: "http://" + ln.Addr().String(), now: l.spec.Now, listener: ln}, nil
}

// serve answers until the lab ends.
func (r *responder) serve(l *Lab) {
	srv := &http.Server{
		Handler:           http.MaxBytesHandler(l.revocation(), maxRead),
		ReadTimeout:       patience,
		WriteTimeout:      patience,
		ReadHeaderTimeout: patience,
		MaxHeaderBytes:    maxRead,
		ErrorLog:          log.New(io.Discard, "", 0), // what clients do wrong is theirs to tell
	}
	srv.SetKeepAlivesEnabled(false)
	// Close does not wait for connections: after a request too large for it
	// net/http lingers half a second, longer than the lab may outlive its end.
	srv.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			l.wg.Add(1)
		case http.StateClosed:
			l.wg.Done()
		}
	}
	l.closeAtEnd(srv)
	l.wg.Go(func() { srv.Serve(r.listener) })
}

// revocation serves GET /NAME.crl and /NAME/root.crl, and OCSP as GET
// /NAME/BASE64 and POST /NAME (RFC 6960, appendix A).
func (l *Lab) revocation() http.Handler {
	mux := http.NewServeMux()
	for name, issuer := range l.pki.issuers {
		mux.HandleFunc("GET /"+name+".crl", func(w http.ResponseWriter, _ *http.Request) {
			crl, err := l.crl(issuer.Intermediate)
			reply(w, "application/pkix-crl", crl, err)
		})
		mux.HandleFunc("GET /"+name+"/root.crl", func(w http.ResponseWriter, _ *http.Request) {
			crl, err := l.crl(issuer.Root)
			reply(w, "application/pkix-crl", crl, err)
		})
		mux.HandleFunc("POST /"+name, func(w http.ResponseWriter, req *http.Request) {
			body, err := io.ReadAll(req.Body)
			if err != nil {
				http.Error(w, "request too large", http.StatusRequestEntityTooLarge)
				return
			}
			answer, err := l.ocsp(issuer, body)
			reply(w, "application/ocsp-response", answer, err)
		})
		mux.HandleFunc("GET /"+name+"/", func(w http.ResponseWriter, req *http.Request) {
			body, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(req.URL.Path, "/"+name+"/"))
			if err == nil {
				body, err = l.ocsp(issuer, body)
			}
			reply(w, "application/ocsp-response", body, err)
		})
	}
	return mux
}

func reply(w http.ResponseWriter, kind string, body []byte, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Write(body)
}

// crl lists the leaves that are marked revoked: those of other issuers, too,
// whose serial numbers say nothing here.
func (l *Lab) crl(issuer *Issued) ([]byte, error) {
	list := &x509.RevocationList{
		Number:     big.NewInt(1),
		ThisUpdate: l.spec.Now.Add(-time.Hour),
		NextUpdate: l.spec.Now.Add(24 * time.Hour),
	}
	for _, leaf := range l.pki.leaves {
		if leaf.Template.Revoked && leaf.Cert != nil {
			list.RevokedCertificateEntries = append(list.RevokedCertificateEntries,
				x509.RevocationListEntry{SerialNumber: leaf.Cert.SerialNumber, RevocationTime: revokedAt(l.spec.Now)})
		}
	}
	return x509.CreateRevocationList(rand.Reader, list, issuer.Cert, issuer.Key)
}

func (l *Lab) ocsp(issuer Issuer, request []byte) ([]byte, error) {
	asked, err := ocsp.ParseRequest(request)
	if err != nil {
		return nil, err
	}
	for _, leaf := range l.pki.leaves {
		if leaf.Cert == nil || leaf.Cert.SerialNumber.Cmp(asked.SerialNumber) != 0 {
			continue
		}
		status := edge.Good
		if leaf.Template.Revoked {
			status = edge.Revoked
		}
		return l.responder.answer(issuer, leaf, status)
	}
	return ocsp.UnauthorizedErrorResponse, nil // not ours: RFC 6960, 2.3
}

// answer is the OCSP response that says status of a leaf, signed by its issuer.
func (r *responder) answer(issuer Issuer, leaf *Issued, status edge.RevocationStatus) ([]byte, error) {
	response := ocsp.Response{
		Status:       ocsp.Unknown,
		SerialNumber: leaf.Cert.SerialNumber,
		ThisUpdate:   r.now.Add(-time.Hour),
		NextUpdate:   r.now.Add(24 * time.Hour),
	}
	switch status {
	case edge.Good:
		response.Status = ocsp.Good
	case edge.Revoked:
		response.Status = ocsp.Revoked
		response.RevokedAt, response.RevocationReason = revokedAt(r.now), ocsp.KeyCompromise
	}
	return ocsp.CreateResponse(issuer.Intermediate.Cert, issuer.Intermediate.Cert, response, issuer.Intermediate.Key)
}

func revokedAt(now time.Time) time.Time { return now.Add(-48 * time.Hour).UTC().Truncate(time.Second) }
