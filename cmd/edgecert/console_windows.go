package main

import (
	"os"

	"golang.org/x/sys/windows"
)

// takesEscapes asks the console to understand escape sequences: since Windows
// 10 it can, and does where it is asked; an older one would show them.
func takesEscapes(f *os.File) bool {
	var mode uint32
	h := windows.Handle(f.Fd())
	if windows.GetConsoleMode(h, &mode) != nil {
		return false
	}
	return mode&windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING != 0 ||
		windows.SetConsoleMode(h, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
