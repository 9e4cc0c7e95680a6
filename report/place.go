package report

import (
	"net"
	"strconv"

	"edgecert/scanner/edge"
)

// Place says where an endpoint is, in few words: "edge2 webcon:443", with the
// service's port, by which people know it; a loose endpoint is the name or
// address and port it was given as. Renderers escape it.
func (e Endpoint) Place() string {
	if e.Role == edge.Other {
		return e.hostPort()
	}
	return e.Member + " " + e.Column()
}

// Column is the service and port an endpoint stands for: "webcon:443".
func (e Endpoint) Column() string { return string(e.Role) + ":" + strconv.Itoa(e.ServicePort) }

// hostPort is what was given to dial: the name where there is one.
func (e Endpoint) hostPort() string {
	host := e.FQDN
	if host == "" {
		host = e.Address
	}
	if host == "" {
		host = e.Member
	}
	return net.JoinHostPort(host, strconv.Itoa(e.Port))
}

// Dialed is the address and port that were dialed, or the name and port where
// it has no address.
func (e Endpoint) Dialed() string {
	if e.Address == "" {
		return e.hostPort()
	}
	return net.JoinHostPort(e.Address, strconv.Itoa(e.Port))
}
