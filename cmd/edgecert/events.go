package main

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"edgecert/scanner/audit"
)

// An event is a number that an administrator starts from: of the event log of
// an Edge Server, of Schannel's, or an error code of Windows, and the rules that
// find what causes it.
type event struct {
	numbers []string // event IDs, or error codes in lower hex
	what    string   // what it says
	rules   []string
	seen    string // how the cause looks in the report
}

// eventOf finds the event of a number as people write it: 14559, 0x80090322,
// 80090322 or -2146893022, which is how PowerShell prints an error code.
func eventOf(text string) (event, bool) {
	number := strings.ToLower(strings.TrimSpace(text))
	if n, err := strconv.ParseInt(number, 10, 32); err == nil && n < 0 {
		number = fmt.Sprintf("0x%08x", uint32(n))
	}
	for _, e := range events() {
		for _, n := range e.numbers {
			if number == n || "0x"+number == n {
				return e, true
			}
		}
	}
	return event{}, false
}

// isNumber says whether somebody asks for an event and not for a rule, none of
// which begins with a digit.
func isNumber(text string) bool {
	return strings.IndexFunc(strings.TrimPrefix(text, "-"), unicode.IsDigit) == 0
}

// text is what explain prints of an event.
func (e event) text(asked string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n\nIn the report: %s\n\nThe rules that find the cause:\n", asked, e.what, e.seen)
	for _, id := range e.rules {
		if r, ok := audit.Find(id); ok {
			fmt.Fprintf(&b, "    %-26s %s\n", id, r.Title)
		}
	}
	b.WriteString("\nedgecert explain RULE says more of each.")
	return b.String()
}

// events lists the numbers. Sources: the event log texts of Lync and
// Skype for Business Server as administrators published them; "Schannel Events"
// (Microsoft); winerror.h.
func events() []event {
	return append(edgeEvents(), append(schannelEvents(), errorCodes()...)...)
}

func edgeEvents() []event {
	return []event{
		{[]string{"14559"}, "the Access Edge could not import a shared session key: the servers of the pool do not have the same certificate",
			[]string{"differs-across-members", "expected-not-presented", "av-certificate-differs"},
			"two letters in one column of the matrix; the members with the wrong one are in the headline"},
		{[]string{"14397"}, "a configured certificate could not be loaded from the store; its serial number is printed, often with its bytes reversed",
			[]string{"assigned-not-presented", "endpoint-unreachable", "key-storage-unsupported"},
			"the member presents another certificate than its inventory has, or does not answer; edgecert check judges the PFX"},
		{[]string{"12303", "14694"}, "the service does not start because of its certificate; the serial number is printed with its bytes reversed",
			[]string{"endpoint-unreachable", "key-storage-unsupported", "certificate-undecodable"},
			"the member refuses connections on every port of the service; edgecert check judges the PFX"},
		{[]string{"14428"}, "outgoing TLS connections fail; the error code in the text says why (edgecert explain CODE)",
			[]string{"untrusted-issuer", "srv-target-name-missing", "expired", "chain-incomplete"},
			"scan the other side: edgecert scan PARTNER-DOMAIN --profile federation"},
		{[]string{"14502"}, "a significant number of connections to one remote server failed",
			[]string{"endpoint-unreachable", "tls12-missing", "untrusted-issuer", "srv-target-name-missing"},
			"scan the other side: edgecert scan PARTNER-DOMAIN --profile federation"},
		{[]string{"14501", "14603"}, "a remote server presented certificates that were refused",
			[]string{"srv-target-name-missing", "access-name-missing", "untrusted-issuer", "client-auth-missing", "expired"},
			"scan the other side; of your own pool, the names that partners look for are named as missing"},
	}
}

func schannelEvents() []event {
	return []event{
		{[]string{"36885"}, "the list of trusted authorities that a server sends when it asks for a client certificate is too long and was cut",
			[]string{"too-many-acceptable-cas"}, "a note about 5061 with the number of authorities"},
		{[]string{"36874", "36888"}, "no cipher suite or protocol version in common, or a fatal alert was sent for another reason",
			[]string{"tls12-missing", "legacy-tls", "ec-key", "key-usage-unsuitable", "key-type-unsupported"},
			"which TLS versions the member speaks, and what about its key shuts clients out"},
		{[]string{"36887"}, "the other side sent a fatal alert: 42 to 46 are about our certificate, 48 is an unknown authority, 70 a version, 40 no suite in common",
			[]string{"untrusted-issuer", "chain-incomplete", "expired", "tls12-missing", "key-usage-unsuitable"},
			"what is wrong with the certificate or the versions of the member whose log this is"},
		{[]string{"36870", "36871", "36869"}, "the private key of the server's certificate cannot be used",
			[]string{"key-storage-unsupported", "key-missing", "key-not-proved", "endpoint-unreachable"},
			"the member gives no certificate, or one whose key it does not have"},
		{[]string{"36881"}, "the remote certificate has expired or is not yet valid", []string{"expired", "not-yet-valid", "intermediate-expired"},
			"the end of each certificate, in the legend and in the headline"},
		{[]string{"36882", "36876", "36877"}, "the remote certificate comes from an authority that is not trusted",
			[]string{"untrusted-issuer", "not-public-ca", "chain-incomplete", "root-withdrawn", "root-store-misplaced"},
			"which authority, and whether only an intermediate was not sent"},
		{[]string{"36883"}, "the remote certificate has been revoked", []string{"revoked"}, "with --revocation, or where the server staples the answer"},
		{[]string{"36884"}, "the remote certificate does not have the name that was expected",
			[]string{"srv-target-name-missing", "access-name-missing", "sip-domain-name-missing", "webcon-name-missing", "wildcard-only", "depends-on-sni"},
			"the names that are missing in the certificate, each with who looks for it"},
	}
}

func errorCodes() []event {
	names := []string{"srv-target-name-missing", "access-name-missing", "sip-domain-name-missing", "webcon-name-missing", "wildcard-only", "depends-on-sni"}
	usage := []string{"server-auth-missing", "client-auth-missing", "key-usage-unsuitable"}
	return []event{
		{[]string{"0x80090322", "0x800b010f"}, "SEC_E_WRONG_PRINCIPAL, CERT_E_CN_NO_MATCH: the certificate does not have the name that was expected", names,
			"the names that are missing in the certificate, each with who looks for it"},
		{[]string{"0x80090325", "0x800b0109", "0x800b010a"}, "SEC_E_UNTRUSTED_ROOT, CERT_E_UNTRUSTEDROOT, CERT_E_CHAINING: no path to an authority that is trusted",
			[]string{"untrusted-issuer", "not-public-ca", "chain-incomplete", "root-withdrawn", "root-store-misplaced"},
			"which authority, and whether only an intermediate was not sent"},
		{[]string{"0x80092013", "0x80092012", "0x800b010e"}, "CRYPT_E_REVOCATION_OFFLINE, CRYPT_E_NO_REVOCATION_CHECK, CERT_E_REVOCATION_FAILURE: whether it is revoked could not be found out",
			[]string{"revocation-unknown", "crl-missing"}, "with --revocation: which responder or list did not answer this host"},
		{[]string{"0x80092010", "0x800b010c"}, "CRYPT_E_REVOKED, CERT_E_REVOKED: the certificate has been revoked", []string{"revoked"},
			"with --revocation, or where the server staples the answer"},
		{[]string{"0x80090328", "0x800b0101"}, "SEC_E_CERT_EXPIRED, CERT_E_EXPIRED: a certificate has expired or is not yet valid",
			[]string{"expired", "not-yet-valid", "intermediate-expired"}, "the end of each certificate, in the legend and in the headline"},
		{[]string{"0x80090349", "0x800b0110"}, "SEC_E_CERT_WRONG_USAGE, CERT_E_WRONG_USAGE: the certificate may not be used for this", usage,
			"which usage is missing"},
		{[]string{"0x80090331", "0x80090326"}, "SEC_E_ALGORITHM_MISMATCH, SEC_E_ILLEGAL_MESSAGE: the two sides have no version or suite in common",
			[]string{"tls12-missing", "legacy-tls", "ec-key", "key-type-unsupported"}, "which TLS versions the member speaks, and what about its key shuts clients out"},
		{[]string{"0x8009030d", "0x8009030e"}, "SEC_E_UNKNOWN_CREDENTIALS, SEC_E_NO_CREDENTIALS: the private key of the certificate cannot be used",
			[]string{"key-storage-unsupported", "key-missing", "key-not-proved"}, "the member gives no certificate, or one whose key it does not have"},
		{[]string{"0x8007274c", "0x8007274d", "0x80072746"}, "WSAETIMEDOUT, WSAECONNREFUSED, WSAECONNRESET: no answer, refused, or reset",
			[]string{"endpoint-unreachable", "stopped-answering", "dns-unknown-address"}, "the member and service that do not answer"},
	}
}
