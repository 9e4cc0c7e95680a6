package audit

import (
	"fmt"
	"slices"

	"edgecert/scanner/audit/remedy"
)

func domainInCloud() Rule {
	return Rule{
		ID: "domain-in-cloud", Family: "dns", Wire: true, Severity: Info,
		Short: "a SIP domain is homed in Microsoft 365: %s", Mend: remedy.ByOwnSteps,
		Title: "a SIP domain is homed in Microsoft 365",
		Doc: `The SRV record that is followed leads to Microsoft 365 (sipfed.online.lync.com, sipdir.online.lync.com), as it must for a
domain whose users live there: nothing about its records is to be corrected here, and nothing is dialed. In a hybrid
deployment sip.<domain> of every online SIP domain is still due in the certificate of the Edge Servers at home.

How to fix it: nothing, unless the domain was meant to be at home: then its records still lead to the cloud.`,
		Source:  `the SAN on all Edge Servers must hold sip.<domain> of online SIP domains too (Microsoft, "Update Edge certificate", cloud consolidation)`,
		Applies: dnsAsked,
		Run: func(w *world, r *result) {
			for _, d := range w.pool.SIPDomains {
				if !w.pool.DNS.InCloud(d) {
					r.pass()
					continue
				}
				subjects := []string{d}
				for _, a := range w.pool.DNS.SRV {
					if a.Domain == d && a.InCloud() {
						subjects = append(subjects, best(a).Target)
					}
				}
				slices.Sort(subjects)
				r.find(Finding{
					Subjects: slices.Compact(subjects),
					Message:  fmt.Sprintf("%s is homed in Microsoft 365: its records lead to %s", d, list(slices.DeleteFunc(slices.Clone(subjects), func(s string) bool { return s == d }))),
					Fix:      fmt.Sprintf("leave its records as they are; sip.%s stays in the certificate of Edge Servers at home", d),
				})
			}
		},
	}
}
