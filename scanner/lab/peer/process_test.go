//go:build unix

package peer

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What a test started ends with it, the children of it, too.
func TestStartedProgramsEndWithTheTest(t *testing.T) {
	t.Parallel()
	var child int
	t.Run("a program with a child", func(t *testing.T) {
		p := Start(t, Program(t, "sh", "dash"), "-c", "sleep 600 & echo child $!; wait")
		var err error
		if child, err = strconv.Atoi(p.Says(t, `child (\d+)`)); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(child, 0); err != nil {
			t.Fatalf("the child does not run: %v", err)
		}
	})
	// Whoever inherits the child may take a moment to see its end; until then
	// a killed process can still be signalled.
	for limit := time.Now().Add(time.Second); time.Now().Before(limit); time.Sleep(pollPause) {
		if err := syscall.Kill(child, 0); errors.Is(err, syscall.ESRCH) || zombie(child) {
			return
		}
	}
	t.Errorf("process %d runs on", child)
}

func TestServesWaitsForTheListener(t *testing.T) {
	t.Parallel()
	addr := FreePort(t, netip.MustParseAddr("127.0.0.1"))
	p := Start(t, Program(t, "sh", "dash"), "-c", "sleep 600")
	go func() {
		time.Sleep(3 * pollPause)
		if l, err := net.Listen("tcp", addr.String()); err == nil {
			c, _ := l.Accept()
			c.Close()
			l.Close()
		}
	}()
	p.Serves(t, addr)
}

// zombie says whether a process is dead and only its entry is left.
func zombie(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(b), ") Z ")
}
