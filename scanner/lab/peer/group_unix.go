//go:build unix

package peer

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// lead gives a program a group of its own, so that its children end with it.
func lead(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func end(leader *os.Process) error {
	err := syscall.Kill(-leader.Pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}
