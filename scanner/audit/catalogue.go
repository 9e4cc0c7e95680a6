package audit

import (
	"strings"

	"edgecert/scanner/edge"
)

// Rules is the catalogue: every rule there is, in the order in which
// `edgecert rules`, the README and the man page list them. A rule is in force
// because its line stands here, and for no other reason.
func Rules() []Rule {
	return []Rule{
		// coverage
		endpointUnreachable(),
		tlsNotSpoken(),
		stoppedAnswering(),

		// consistency
		differsAcrossMembers(),
		differsAcrossServices(),
		differsAcrossPorts(),
		changesBetweenHandshakes(),
		dependsOnKeyType(),
		dependsOnTLSVersion(),
		dependsOnSNI(),
		chainDiffers(),
		vipDiffers(),
		expectedNotPresented(),
		assignedNotPresented(),
		inventoryDiffers(),
		restartMissing(),

		// names
		subjectNotInSAN(),
		accessNameMissing(),
		webconNameMissing(),
		sipDomainNameMissing(),
		srvTargetNameMissing(),
		extraNameMissing(),
		xmppNameMissing(),
		hostNameMissing(),
		subjectNotAccessName(),
		subjectNotFirst(),
		wildcardSubject(),
		wildcardOnly(),
		wildcardExtra(),
		nameNotDNSSafe(),

		// usage
		serverAuthMissing(),
		clientAuthMissing(),
		clientAuthEnding(),
		clientAuthPresent(),
		keyUsageUnsuitable(),
		leafIsCA(),
		certificateUndecodable(),
		weakSignature(),
		pssSignature(),
		weakKey(),
		keyTypeUnsupported(),
		serialNegative(),
		ecKey(),
		crlMissing(),

		// trust
		keyNotProved(),
		untrustedIssuer(),
		rootWithdrawn(),
		notPublicCA(),
		chainIncomplete(),
		chainOrder(),
		rootSent(),
		chainExtra(),
		intermediateExpired(),
		intermediateExpiresSoon(),
		rootStoreMisplaced(),
		notJudged(),

		// validity
		expired(),
		notYetValid(),
		expiresSoon(),
		lifetimeTooLong(),

		// revocation
		revoked(),
		revocationUnknown(),

		// file (edgecert check)
		keyMissing(),
		keyMismatch(),
		keyStorageUnsupported(),

		// tls
		tls12Missing(),
		legacyTLS(),
		clientCertNotRequested(),
		clientCertRequired(),
		tooManyAcceptableCAs(),

		// av
		avNotObservable(),
		avPresentsCertificate(),
		relaySilent(),
		avCertificateDiffers(),
		inventoryExpired(),

		// dns
		dnsNoAddress(),
		dnsUnknownAddress(),
		memberNotInDNS(),
		federationSRVMissing(),
		clientSRVMissing(),
		srvWrongDomain(),
		srvUnexpected(),
		domainInCloud(),
	}
}

// Find returns the rule with that ID.
func Find(id string) (Rule, bool) {
	return edge.Find(Rules(), func(r Rule) bool { return r.ID == id })
}

// Having are the IDs of the rules that have an attribute.
func Having(attribute func(Rule) bool) map[string]bool {
	out := map[string]bool{}
	for _, r := range Rules() {
		if attribute(r) {
			out[r.ID] = true
		}
	}
	return out
}

// Suggest returns the ID that somebody who typed id most likely meant, empty
// where none is near: one with few letters changed, or else the only one that
// contains what was typed.
func Suggest(id string) string {
	id = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(id)), "_", "-")
	if id == "" {
		return ""
	}
	var all, holding []string
	for _, r := range Rules() {
		all = append(all, r.ID)
		if strings.Contains(r.ID, id) {
			holding = append(holding, r.ID)
		}
	}
	if near := edge.Nearest(id, all); near != "" || len(holding) != 1 {
		return near
	}
	return holding[0]
}
