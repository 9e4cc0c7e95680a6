package probe

import (
	"crypto/tls"
	"slices"
	"strings"

	"edgecert/scanner/edge"
)

// Why a proof of key was not seen.
const (
	refusedBefore = "the server refused the handshake before it came"
	notByGo       = "the key is none that could be verified here"
)

// proofOf says whether the server has shown in this handshake that it holds the
// key of the certificate that it presents. crypto/tls tells its secrets only
// after it has verified the signature.
func (w *wire) proofOf(state tls.ConnectionState, r *clientRequest, err error) edge.Proof {
	alert := alertOf(err)
	switch {
	case err == nil, w.verified && !encryptsToKey(state):
		return edge.Proof{State: edge.Proved}
	case badSignature(err):
		return edge.Proof{State: edge.Disproved, Reason: "the handshake is signed by another key than the certificate's"}
	case signatureRefused(err):
		return edge.Proof{State: edge.NotSeen, Reason: notByGo}
	case encryptsToKey(state) && r.ours == nil && slices.Contains([]int{20, 21, 47, 50, 51}, alert):
		// bad_record_mac, decryption_failed, decrypt_error: the keys that the
		// server has are others than ours, since it could not decrypt them.
		// illegal_parameter (Go) and decode_error: what is encrypted to the
		// certificate's key is longer, or a larger number, than fits its own.
		return edge.Proof{State: edge.Disproved, Reason: "the server cannot decrypt what is encrypted to the certificate's key"}
	default:
		return edge.Proof{State: edge.NotSeen, Reason: refusedBefore}
	}
}

// encryptsToKey says whether the suite has no signature: with RSA key exchange
// the server proves its key by being able to go on.
func encryptsToKey(state tls.ConnectionState) bool {
	return strings.HasPrefix(tls.CipherSuiteName(state.CipherSuite), "TLS_RSA_")
}

// badSignature says whether a handshake ended because its signature is wrong,
// and not because crypto/tls cannot verify such a one (an RSA exponent beyond
// 2^31 for one). It tells both in words alone.
func badSignature(err error) bool {
	return signatureRefused(err) &&
		(strings.HasSuffix(err.Error(), " verification failure") || strings.HasSuffix(err.Error(), " verification error"))
}

func signatureRefused(err error) bool {
	return err != nil && strings.HasPrefix(err.Error(), "tls: invalid signature by the server certificate")
}
