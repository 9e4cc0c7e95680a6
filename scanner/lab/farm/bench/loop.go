package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"text/tabwriter"
	"time"
)

// loop is loop (a): a whole handshake with every endpoint of a list, so many at
// a time, and nothing else.
func loop(out io.Writer, targets, concurrency string) error {
	n, err := strconv.Atoi(concurrency)
	if err != nil {
		return err
	}
	file, err := os.Open(targets)
	if err != nil {
		return err
	}
	defer file.Close()
	work := make(chan string, n)
	var workers sync.WaitGroup
	for range n {
		workers.Go(func() {
			for address := range work {
				shake(address)
			}
		})
	}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		work <- lines.Text()
	}
	close(work)
	workers.Wait()
	_, err = fmt.Fprintln(out, "done")
	return err
}

const loopTimeout = 5 * time.Second

func shake(address string) {
	conn, err := (&net.Dialer{Timeout: loopTimeout, KeepAlive: -1}).Dial("tcp", address)
	if err != nil {
		return
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(loopTimeout))
	_ = tls.Client(conn, &tls.Config{InsecureSkipVerify: true, CurvePreferences: []tls.CurveID{tls.X25519}, SessionTicketsDisabled: true}).Handshake()
}

// table prints medians, and their ratios to the first command's.
func table(out io.Writer, name string, n int, names []string, costs [][]cost) error {
	fmt.Fprintf(out, "\n%s: %d endpoints, medians of %d\n", name, n, len(costs[0]))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\twall s\tcpu ms/1000\tpeak MB\tJSON B/endpoint\twall x\tcpu x\tpeak x\t")
	base := costs[0]
	for i, name := range names {
		c := costs[i]
		wall := func(c cost) float64 { return c.wall.Seconds() }
		cpu := func(c cost) float64 { return c.cpu.Seconds() * 1e6 / float64(n) }
		mem := func(c cost) float64 { return float64(c.peak) / 1e6 }
		size := func(c cost) float64 { return float64(c.bytes) / float64(n) }
		fmt.Fprintf(w, "%s\t%.2f\t%.0f\t%.0f\t%.0f\t%.2f\t%.2f\t%.2f\t\n", name, median(c, wall), median(c, cpu), median(c, mem), median(c, size),
			ratio(c, base, wall), ratio(c, base, cpu), ratio(c, base, mem))
	}
	return w.Flush()
}
