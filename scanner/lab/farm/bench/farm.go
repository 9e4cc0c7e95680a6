package main

import (
	"bufio"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"edgecert/scanner/lab/farm"
)

// What a farm leaves in its folder.
const (
	targetsFile = "targets.txt"
	rootFile    = "root.pem"
	truthFile   = "truth.txt" // ADDRESS LEAF, "-" where none is to be seen
)

// startFarm runs a farm in a process of its own until stop.
func startFarm(self string, spec farm.Spec, dir string) (stop func(), err error) {
	text, err := json.Marshal(spec)
	if err != nil {
		return nil, err
	}
	c := exec.Command(self, "farm", string(text), dir)
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	stop = func() {
		in.Close()
		_ = c.Wait() // it has said what there is to say
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		stop()
		return nil, errors.New("the farm did not start")
	}
	return stop, nil
}

// serve is that process: it says when it is ready, and ends with its input.
func serve(out io.Writer, in io.Reader, text, dir string) error {
	var spec farm.Spec
	if err := json.Unmarshal([]byte(text), &spec); err != nil {
		return err
	}
	f, err := farm.Start(spec)
	if err != nil {
		return err
	}
	defer f.Close()
	var targets, truth strings.Builder
	for _, e := range f.Endpoints {
		fmt.Fprintln(&targets, e.Address)
		leaf := "-"
		if e.Leaf != [32]byte{} {
			leaf = fmt.Sprintf("%x", e.Leaf)
		}
		fmt.Fprintln(&truth, e.Address, leaf)
	}
	root := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.Root})
	for name, text := range map[string]string{targetsFile: targets.String(), truthFile: truth.String(), rootFile: string(root)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintln(out, "ready"); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, in)
	return err
}

// verify holds a report against what the farm serves: every endpoint is in it,
// with its leaf.
func verify(report, truth string) error {
	file, err := os.Open(report)
	if err != nil {
		return err
	}
	defer file.Close()
	var doc struct {
		Pools []struct {
			Endpoints []struct {
				Address     string  `json:"address"`
				Port        uint16  `json:"port"`
				Certificate *string `json:"certificate"`
			} `json:"endpoints"`
		} `json:"pools"`
	}
	if err := json.NewDecoder(bufio.NewReaderSize(file, 1<<20)).Decode(&doc); err != nil {
		return err
	}
	seen := map[string]string{}
	for _, p := range doc.Pools {
		for _, e := range p.Endpoints {
			leaf := "-"
			if e.Certificate != nil {
				leaf = *e.Certificate
			}
			seen[fmt.Sprintf("%s:%d", e.Address, e.Port)] = leaf
		}
	}
	text, err := os.ReadFile(truth)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		address, leaf, _ := strings.Cut(strings.TrimSpace(line), " ")
		if got, ok := seen[address]; !ok || got != leaf {
			return fmt.Errorf("%s: the report has leaf %q, the farm %q", address, got, leaf)
		}
	}
	return nil
}
