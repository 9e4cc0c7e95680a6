package certfile

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"edgecert/scanner/edge"

	"golang.org/x/text/encoding/unicode"
)

// decodeText says whether data is text, and returns it as UTF-8: with any byte
// order mark, or UTF-16 without one, which PowerShell's redirection writes.
func decodeText(data []byte) (string, bool) {
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return decodeUTF16(data, unicode.LittleEndian)
	case len(data) > 1 && data[0] != 0 && data[1] == 0:
		return decodeUTF16(data, unicode.LittleEndian)
	case len(data) > 1 && data[0] == 0 && data[1] != 0:
		return decodeUTF16(data, unicode.BigEndian)
	case len(data) > 1 && data[0] == 0x30 && data[1] >= 0x80:
		return "", false // a DER sequence with a length of several bytes
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) && !bytes.Contains(data, []byte("-----BEGIN ")) {
		return "", false
	}
	return strings.TrimSpace(string(data)), true
}

func decodeUTF16(data []byte, e unicode.Endianness) (string, bool) {
	out, err := unicode.UTF16(e, unicode.UseBOM).NewDecoder().Bytes(data)
	if err != nil {
		return "", false
	}
	return strings.TrimSpace(string(out)), true
}

// readText reads every PEM block, whatever stands between them, or base64
// without a header.
func (c *contents) readText(text string) error {
	if strings.HasPrefix(text, "{") && strings.Contains(text[:min(len(text), 200)], `"edgecert.scan/`) {
		return edge.Hintf("edgecert report shows it", "%w: it is a saved scan", ErrNoCertificate)
	}
	if !strings.Contains(text, "-----BEGIN ") {
		der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
		if err != nil {
			return edge.Hintf(accepted, "%w: it is text without a PEM block", ErrNoCertificate)
		}
		return c.readDER(der)
	}
	c.format = PEM
	lines := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace("\n" + text)
	lines = strings.NewReplacer("\n> ", "\n", "\n>", "\n").Replace(lines) // a mail that was answered
	rest := []byte(lines)
	blocks := 0
	for {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			break
		}
		blocks++
		if err := c.readBlock(block); err != nil {
			return fmt.Errorf("PEM block %d (%s): %w", blocks, block.Type, err)
		}
	}
	if begins := countBegins(lines); begins > blocks {
		return fmt.Errorf("%d of %d PEM blocks are damaged (cut off, or not base64)", begins-blocks, begins)
	}
	return nil
}

func (c *contents) readBlock(block *pem.Block) error {
	switch block.Type {
	case "CERTIFICATE", "X509 CERTIFICATE", "PKCS7", "CMS", "PKCS #7 SIGNED DATA":
		// certutil -encode calls everything a certificate, so the bytes decide.
		return c.readDERAs(block.Bytes, PEM)
	case "TRUSTED CERTIFICATE":
		return c.readTrusted(block.Bytes)
	case "ENCRYPTED PRIVATE KEY":
		return c.readEncryptedKey(block.Bytes)
	case "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY":
		return c.readPEMKey(block)
	case "EC PARAMETERS", "DH PARAMETERS":
		return nil
	case "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST":
		c.others = append(c.others, aRequest)
	default:
		if strings.HasSuffix(block.Type, "PRIVATE KEY") {
			c.addOddKey("is of a kind that cannot be read (" + block.Type + ")")
			return nil
		}
		c.others = append(c.others, fmt.Sprintf("a block called %q", block.Type))
	}
	return nil
}

const aRequest = "a certificate request: the CA's answer to it is the certificate"

var errDamaged = errors.New("the contents are damaged or no certificate")

// countBegins counts the lines that begin a PEM block. In a mail "-----BEGIN
// CERTIFICATE-----" may stand within a sentence, too.
func countBegins(text string) int {
	n := 0
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "-----BEGIN "); ok && strings.Index(name, "-----") == len(name)-len("-----") {
			n++
		}
	}
	return n
}
