package audit

import (
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/edge"
)

func tls12Missing() Rule {
	return Rule{
		ID: "tls12-missing", Family: "tls", Wire: true, Severity: Error,
		Varies: "warning where TLS 1.3 is spoken, but with --profile federation",
		Short:  "does not speak TLS 1.2", Mend: remedy.BySetting,
		Title: "TLS 1.2 is not spoken",
		Doc: `Microsoft 365 and most partners federate with TLS 1.2 or better alone; current clients and phones refuse less. An Edge
that stops at TLS 1.0 is cut off from them, silently and at once on the day they tighten. One that speaks TLS 1.3 alone is cut
off from partners and phones that know nothing newer than 1.2.

How to fix it: enable TLS 1.2 for Schannel and .NET, reboot. Skype for Business Server Subscription Edition speaks it, and is
alone in support since October 2025; 2019, 2015 with CU9 and the Edge role of Lync Server 2013 can speak it until they are
replaced:
    'Server', 'Client' | ForEach-Object {
        $key = "HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\$_"
        if (-not (Test-Path $key)) { New-Item $key -Force | Out-Null }
        Set-ItemProperty $key Enabled 1
        Set-ItemProperty $key DisabledByDefault 0
    }
    'Microsoft', 'Wow6432Node\Microsoft' | ForEach-Object {
        $key = "HKLM:\SOFTWARE\$_\.NETFramework\v4.0.30319"
        Set-ItemProperty $key SchUseStrongCrypto 1
        Set-ItemProperty $key SystemDefaultTlsVersions 1
    }`,
		Source: "\"Preparing for TLS 1.2 in Office 365\" (Microsoft): federation needs it; RFC 8996 deprecates TLS 1.0 and 1.1",
		Run: eachBunch(oldVersion, func(w *world, b bunch) Finding {
			f := Finding{
				Subjects: []string{b.key},
				Message:  fmt.Sprintf("expected TLS 1.2 or 1.3, got %s at most; %s", b.key, w.where(b.at)),
				Fix:      "enable TLS 1.2 for Schannel and .NET (edgecert explain tls12-missing prints the commands) and reboot; what cannot speak it has to be replaced by Subscription Edition",
			}
			if modern(b.key) {
				f.Message = fmt.Sprintf("expected TLS 1.2 beside %s, got a refusal; %s", b.key, w.where(b.at))
				if w.scan.policy.Profile != profileFederation {
					f.Severity = Warning
				}
			}
			return f
		}),
	}
}

// oldVersion names the best version of an endpoint that speaks no TLS 1.2. The
// scan offers all versions and a server picks its best, so the ordinary
// handshake tells, but where that is TLS 1.3.
func oldVersion(w *world, r *result, i int, c edge.Capture) string {
	tls12 := offer(c, edge.OfferTLS12)
	switch {
	case spoken(c, "TLS 1.2"):
		r.pass()
	case w.scan.ev.Asked.Quick:
	case c.Leaf() == nil:
		if w.unasked(c) {
			r.unseen(i)
		}
	case c.TLS == nil || c.TLS.Version == "":
		r.couldNotTell("the version was not seen", i)
	case tls12.asked && tls12.why != "":
		r.couldNotTell(tls12.why, i)
	case modern(c.TLS.Version) && !tls12.asked:
		r.couldNotTell("TLS 1.2 was not asked for", i)
	default:
		return c.TLS.Version
	}
	return ""
}

// spoken says whether any handshake was of a version.
func spoken(c edge.Capture, version string) bool {
	return slices.ContainsFunc(slices.Concat(equal(c)...), func(p edge.Presentation) bool { return p.Version == version })
}

func modern(version string) bool {
	return strings.HasPrefix(version, "TLS 1.2") || strings.HasPrefix(version, "TLS 1.3")
}

func legacyTLS() Rule {
	return Rule{
		ID: "legacy-tls", Family: "tls", Wire: true, Severity: Warning,
		Short: "still accepts TLS 1.1 or older", Mend: remedy.BySetting,
		Title: "TLS 1.1 or older is still accepted",
		Doc: `TLS 1.0 and 1.1 are deprecated, and audits ask for them to be off. It is possible on Skype for Business Server
Subscription Edition, which alone is in support, and also on 2019, 2015 with CU9 and the Edge role of Lync Server 2013; phones
and partners of old lose their connection then, so look at who still uses it first.

How to fix it: switch both off on Schannel's server side, and reboot:
    'TLS 1.0', 'TLS 1.1' | ForEach-Object {
        $key = "HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\$_\Server"
        if (-not (Test-Path $key)) { New-Item $key -Force | Out-Null }
        Set-ItemProperty $key Enabled 0
        Set-ItemProperty $key DisabledByDefault 1
    }`,
		Source: `"Disable TLS 1.0/1.1 in Skype for Business Server 2015" (Microsoft) lists what supports it: 2015 CU9 and later, 2019, the Edge role of Lync Server 2013; RFC 8996 deprecates both`,
		Run: eachBunch(further(legacyVersion), func(w *world, b bunch) Finding {
			return Finding{
				Subjects: []string{b.key},
				Message:  fmt.Sprintf("expected TLS 1.1 and older to be refused, got a handshake with %s; %s", b.key, w.where(b.at)),
				Fix:      "after seeing who still uses it: switch both off for Schannel (edgecert explain legacy-tls prints the commands) and reboot",
			}
		}),
	}
}

func legacyVersion(w *world, r *result, i int, c edge.Capture) string {
	old := offer(c, edge.OfferTLS11)
	switch {
	case onlyOld(c):
		r.pass() // tls12-missing
	case !old.asked:
		if !w.scan.ev.Asked.Quick {
			r.couldNotTell("older versions were not asked for", i)
		}
	case old.why != "":
		r.couldNotTell(old.why, i)
	case old.refused:
		r.pass()
	case old.shown[0].Version != "":
		return old.shown[0].Version
	default:
		return "TLS 1.1 or older"
	}
	return ""
}

// onlyOld says whether an endpoint was seen to speak nothing better than
// TLS 1.1, which the ordinary handshake shows by itself.
func onlyOld(c edge.Capture) bool {
	return c.TLS != nil && c.TLS.Version != "" && !modern(c.TLS.Version) && !spoken(c, "TLS 1.2")
}

func clientCertNotRequested() Rule {
	return Rule{
		ID: "client-cert-not-requested", Family: "tls", For: edgeAlone, Wire: true, Severity: Warning,
		Short: "does not ask for a client certificate on the federation port", Mend: remedy.BySetting, Raised: []string{profileFederation},
		Title: "5061 does not ask for a client certificate: it is not mutual TLS",
		Doc: `Federation is mutual TLS: the Access Edge asks the server that connects on 5061 for its certificate. Where it does not
ask, what answers is not an Access Edge's federation port (a load balancer or proxy that ends TLS, a client port moved
here), and partners' servers cannot prove who they are: federation fails, or is refused as unauthenticated.

How to fix it: let the port through to the Edge as TCP, without ending TLS on the way; Get-CsService -EdgeServer shows
AccessEdgeExternalSipPort, Get-CsAccessEdgeConfiguration whether federation is on.`,
		Source: `Access Edge, federation, 5061: "SIP over mutual TLS: asks for a client certificate" ("Port and protocol planning")`,
		Run: eachBunch(wanting(edge.NotRequested, federates), func(w *world, b bunch) Finding {
			return Finding{
				Message: fmt.Sprintf("expected mutual TLS on %d, got a server that asks for no client certificate; %s", federationPort, w.where(b.at)),
				Fix:     "pass 5061 through to the Edge as TCP; then on the Edge: Get-CsAccessEdgeConfiguration",
			}
		}),
	}
}

// federates says whether an endpoint is a federation port.
func federates(e edge.Endpoint) bool {
	return e.PortOfService() == federationPort && e.Role == edge.Access
}

// wantedOf is what a capture's server wanted of a client certificate; empty
// where it is not known.
func wantedOf(c edge.Capture) edge.ClientCertificate {
	if c.TLS == nil {
		return ""
	}
	return c.TLS.ClientCertificate
}

func clientCertRequired() Rule {
	return Rule{
		ID: "client-cert-required-of-clients", Family: "tls", For: edgeAlone, Wire: true, Severity: Warning,
		Short: "demands a client certificate of clients", Mend: remedy.BySetting,
		Title: "443 demands a client certificate",
		Doc: `On 443 users' clients connect, and they have no certificate to present: what demands one turns them away. It is what
happens when a NAT rule or load balancer leads 443 to the federation port.

How to fix it: compare the port mapping with the topology: Get-CsService -EdgeServer, AccessEdgeClientSipPort and
DataPsomClientPort.`,
		Source: `Access Edge, clients, 443: "SIP over TLS", where 5061 is mutual ("Port and protocol planning")`,
		Run: eachBunch(wanting(edge.Required, forClients), func(w *world, b bunch) Finding {
			return Finding{
				Message: "expected TLS for clients, got a server that demands a client certificate; " + w.where(b.at),
				Fix:     "compare the port mapping with AccessEdgeClientSipPort and DataPsomClientPort of Get-CsService -EdgeServer",
			}
		}),
	}
}

// forClients says whether users' clients connect to an endpoint.
func forClients(e edge.Endpoint) bool {
	return (e.Role == edge.Access || e.Role == edge.WebConf) && e.PortOfService() != federationPort
}

func tooManyAcceptableCAs() Rule {
	return Rule{
		ID: "too-many-acceptable-cas", Family: "tls", For: edgeAlone, Wire: true, Severity: Info,
		Short: "sends a list of CAs that is too long", Mend: remedy.BySetting,
		Title: "the list of CAs that 5061 sends is cut or beyond 100",
		Doc: `With its request for a client certificate, Windows sends the names of all roots it trusts, and cuts the list at 16 KB. A
partner whose CA fell off the end may find no certificate to present, and federation with that partner alone fails.

How to fix it: remove roots that nothing needs from Cert:\LocalMachine\Root, or stop sending the list:
    Set-ItemProperty HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL SendTrustedIssuerList 0`,
		Source: "Microsoft KB 2464556, failed TLS connection between unified communications peers: the trust list is truncated by Schannel; KB 2880390: at 16 KB",
		Run: eachBunch(longList, func(w *world, b bunch) Finding {
			return Finding{
				Message: fmt.Sprintf("expected at most %d acceptable CAs, got %s; %s", maxAcceptableCAs, b.key, w.where(b.at)),
				Fix:     `Set-ItemProperty HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL SendTrustedIssuerList 0, or remove roots that nothing needs`,
			}
		}),
	}
}

func longList(_ *world, r *result, i int, c edge.Capture) string {
	if !federates(c.Endpoint) {
		return ""
	}
	switch wanted := wantedOf(c); {
	case wanted == "":
		r.couldNotTell(noRequest, i)
	case wanted == edge.NotRequested:
		r.pass() // client-cert-not-requested
	case c.TLS.RequestCut:
		return fmt.Sprintf("%d in a list that is cut at its end", c.TLS.AcceptableCAs)
	case c.TLS.AcceptableCAs > maxAcceptableCAs:
		return fmt.Sprint(c.TLS.AcceptableCAs)
	default:
		r.pass()
	}
	return ""
}

// wanting looks for the endpoints that want wrong of a client's certificate,
// among those that may not.
func wanting(wrong edge.ClientCertificate, among filter) look {
	return func(_ *world, r *result, i int, c edge.Capture) string {
		if !among(c.Endpoint) {
			return ""
		}
		switch want := wantedOf(c); want {
		case wrong:
			return string(want)
		case "":
			r.couldNotTell(noRequest, i)
		default:
			r.pass()
		}
		return ""
	}
}
