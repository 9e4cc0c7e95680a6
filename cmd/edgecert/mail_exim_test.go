//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"edgecert/report"
)

// eximConfig is a server that takes mail for anybody from whoever has the
// password, which it asks for under TLS alone, and delivers it to a maildir.
const eximConfig = `primary_hostname = localhost
spool_directory = DIR/spool
log_file_path = DIR/%slog
pid_file_path = DIR/pid
exim_user = USER
exim_group = GROUP
deliver_drop_privilege = true
keep_environment =
tls_advertise_hosts = *
tls_certificate = DIR/server.pem
auth_advertise_hosts = ${if def:tls_in_cipher {*}{}}
acl_smtp_rcpt = check_rcpt
acl_smtp_data = accept
begin acl
check_rcpt:
  accept authenticated = *
  deny
begin routers
all:
  driver = accept
  transport = box
begin transports
box:
  driver = appendfile
  directory = DIR/box
  maildir_format
  user = USER
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and {{eq{$auth2}{alice}}{eq{$auth3}{two words}}}}
  server_set_id = $auth2
`

// exim starts Debian's mail server on loopback, as nobody where the test is
// root: it delivers nothing as root. It returns "" where it is absent.
func exim(t *testing.T, certificate []byte) (address, dir string) {
	t.Helper()
	path, err := exec.LookPath("/usr/sbin/exim4")
	if err != nil {
		if os.Getenv("EDGECERT_REAL") == "1" {
			t.Fatal("no exim4, and EDGECERT_REAL=1 asks for it")
		}
		t.Log("no exim4 on this machine: mailing was tried with our own server only")
		return "", ""
	}
	who, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	if who.Uid == "0" {
		if who, err = user.Lookup("nobody"); err != nil {
			t.Fatal(err)
		}
	}
	dir, err = os.MkdirTemp("", "edgecert-exim") // t.TempDir is closed to other users
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	config := strings.NewReplacer("DIR", dir, "USER", who.Username, "GROUP", groupName(t, who)).Replace(eximConfig)
	err = errors.Join(os.Mkdir(filepath.Join(dir, "spool"), 0o700), os.Mkdir(filepath.Join(dir, "box"), 0o700),
		os.WriteFile(filepath.Join(dir, "server.pem"), certificate, 0o600), os.WriteFile(filepath.Join(dir, "exim.conf"), []byte(config), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	uid, gid := number(t, who.Uid), number(t, who.Gid)
	for _, name := range []string{"", "spool", "box", "server.pem", "exim.conf"} {
		if err := os.Chown(filepath.Join(dir, name), uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	address = freeAddress(t)
	host, port, _ := net.SplitHostPort(address)
	var out bytes.Buffer
	cmd := exec.Command(path, "-C", filepath.Join(dir, "exim.conf"), "-bdf", "-oX", host+"."+port)
	cmd.Stdout, cmd.Stderr, cmd.Dir = &out, &out, dir
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("exim said: %s", out.String())
		}
	})
	waitFor(t, "exim to listen", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return address, dir
}

func groupName(t *testing.T, u *user.User) string {
	t.Helper()
	g, err := user.LookupGroupId(u.Gid)
	if err != nil {
		t.Fatal(err)
	}
	return g.Name
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func waitFor(t *testing.T, what string, ready func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if ready() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}

// TestMailThroughExim sends through a mail server that nobody here wrote, and
// reads what it delivered.
func TestMailThroughExim(t *testing.T) {
	t.Parallel()
	certificate, roots := serverCertificate(t)
	address, dir := exim(t, certificate)
	if address == "" {
		return
	}
	secret := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(secret, []byte("two words\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	good := mailOptions{to: []string{"Ops <ops@contoso.com>"}, from: "edgecert@contoso.com", server: address, user: "alice",
		passwordFile: secret, roots: roots}
	for _, c := range []struct {
		name    string
		mutate  func(*mailOptions)
		want    string // of the error; empty: delivered
		hint    string
		deliver report.Report
	}{
		{"STARTTLS and the right password", func(*mailOptions) {}, "", "", hostilePool()},
		{"a certificate that nobody trusts", func(o *mailOptions) { o.roots = nil }, "certificate", "trusts its issuer", scanOf("edge-emea")},
		{"the wrong password", func(o *mailOptions) { o.user = "bob" }, "535", "", scanOf("edge-emea")},
		{"no password", func(o *mailOptions) { o.user = "" }, "550", "", scanOf("edge-emea")},
	} {
		o := good
		c.mutate(&o)
		m, err := newMailer(o, noEnv)
		if err != nil {
			t.Fatal(err)
		}
		err = m.send(t.Context(), c.deliver)
		if c.want == "" {
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			checkMail(t, bytes.NewReader(delivered(t, dir)), c.deliver)
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), address) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
		if _, hint := explain(err); !strings.Contains(hint, c.hint) {
			t.Errorf("%s: hint %q", c.name, hint)
		}
	}
}

// delivered is the one mail in the maildir.
func delivered(t *testing.T, dir string) []byte {
	t.Helper()
	var names []string
	waitFor(t, "the mail to be delivered", func() bool {
		var err error
		names, err = filepath.Glob(filepath.Join(dir, "box", "new", "*"))
		return err == nil && len(names) > 0
	})
	if len(names) != 1 {
		t.Fatalf("%d mails", len(names))
	}
	text, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(fmt.Sprintf("To: %q <ops@contoso.com>", "Ops"))) {
		t.Errorf("not to whom it was sent: %.2000s", text)
	}
	return text
}
