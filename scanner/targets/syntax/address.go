package syntax

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"edgecert/scanner/edge"
)

// maxPorts bounds the ports of a service.
const maxPorts = 16

// ParsePort reads a port in decimal.
func ParsePort(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || strings.Trim(s, "0123456789") != "" {
		return 0, fmt.Errorf("%q is no port", s)
	}
	if n < 1 || n > 65535 {
		return 0, fmt.Errorf("port %d: ports run from 1 to 65535", n)
	}
	return n, nil
}

// ParsePorts reads ports, each of which may stand once.
func ParsePorts(list []string) ([]int, error) {
	if len(list) > maxPorts {
		return nil, fmt.Errorf("%d ports: at most %d are taken", len(list), maxPorts)
	}
	var ports []int
	for _, s := range list {
		n, err := ParsePort(s)
		if err != nil {
			return nil, err
		}
		if slices.Contains(ports, n) {
			return nil, fmt.Errorf("port %d stands twice", n)
		}
		ports = append(ports, n)
	}
	return ports, nil
}

// ParseIP reads an address that can be dialed.
func ParseIP(s string) (netip.Addr, error) {
	ip, err := netip.ParseAddr(s)
	if err != nil {
		return ip, fmt.Errorf("%q is no IP address", s)
	}
	if ip.Zone() != "" {
		return ip, fmt.Errorf("%q has a zone: it means something on this host only", s)
	}
	if ip = ip.Unmap(); !edge.OfHost(ip) {
		return ip, fmt.Errorf("%q is no address of a host", s)
	}
	return ip, nil
}

// ParseAddress reads IP, IPv4:PORT[,PORT]… or [IPv6]:PORT[,PORT]….
func ParseAddress(s string) (netip.Addr, []int, error) {
	host, ports := s, ""
	switch {
	case strings.HasPrefix(s, "["):
		inner, rest, closed := strings.Cut(s[1:], "]")
		if !closed || rest != "" && rest[0] != ':' {
			return netip.Addr{}, nil, fmt.Errorf("%q is no address: [IPv6]:PORT is expected", s)
		}
		host, ports = inner, strings.TrimPrefix(rest, ":")
		if rest == ":" {
			return netip.Addr{}, nil, fmt.Errorf("%q has no port behind its colon", s)
		}
	case strings.Count(s, ":") == 1:
		host, ports, _ = strings.Cut(s, ":")
		if ports == "" {
			return netip.Addr{}, nil, fmt.Errorf("%q has no port behind its colon", s)
		}
	}
	ip, err := ParseIP(host)
	if err != nil || ports == "" {
		return ip, nil, err
	}
	list, err := ParsePorts(strings.Split(ports, ","))
	if err != nil {
		err = fmt.Errorf("%q: %w", s, err)
	}
	return ip, list, err
}

// SplitHostPort reads HOST:PORT; HOST is a clean name or the text of an IP
// address.
func SplitHostPort(s string) (string, int, error) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 || strings.HasSuffix(s, "]") {
		return "", 0, fmt.Errorf("%q has no port", s)
	}
	host, portText := s[:i], s[i+1:]
	if host == "" || portText == "" {
		return "", 0, fmt.Errorf("%q is no HOST:PORT", s)
	}
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		host = host[1 : len(host)-1]
	} else if strings.Contains(host, ":") {
		if strings.Trim(host, "[0123456789abcdefABCDEF:") != "" {
			return "", 0, fmt.Errorf("%q is no HOST:PORT", s)
		}
		return "", 0, fmt.Errorf("%q is no HOST:PORT: an IPv6 address stands in brackets", s)
	}
	port, err := ParsePort(portText)
	if err != nil {
		return "", 0, fmt.Errorf("%q is no HOST:PORT: %w", s, err)
	}
	if _, err := netip.ParseAddr(host); err == nil {
		ip, err := ParseIP(host)
		return ip.String(), port, err
	}
	host, err = CleanName(host)
	return host, port, err
}

// MapPorts lays the ports that an address gives over those of its service:
// Address.Ports as edge documents it. As many as the service has stand for them
// by position. Fewer are taken for a tunnel to the first ones, unless they are
// ports of the service themselves: then the address has only these.
func MapPorts(service, given []int) ([]int, error) {
	if len(given) == 0 || slices.Equal(service, given) {
		return nil, nil
	}
	if len(given) > len(service) {
		return nil, fmt.Errorf("%d ports (%s) for a service that has %d (%s)",
			len(given), JoinPorts(given), len(service), JoinPorts(service))
	}
	own := !slices.ContainsFunc(given, func(p int) bool { return !slices.Contains(service, p) })
	if !own {
		return append(slices.Clone(given), make([]int, len(service)-len(given))...), nil
	}
	if len(given) == len(service) {
		return nil, fmt.Errorf("ports %s in another order than the service's %s: they stand for them by position",
			JoinPorts(given), JoinPorts(service))
	}
	ports := make([]int, len(service))
	for i, p := range service {
		if slices.Contains(given, p) {
			ports[i] = p
		}
	}
	return ports, nil
}

func JoinPorts(ports []int) string {
	text := edge.Map(ports, strconv.Itoa)
	return strings.Join(text, " ")
}
