package edge

import (
	"slices"
	"testing"
)

func TestLeavesOfAllPresentations(t *testing.T) {
	t.Parallel()
	one, two, bare := NewCertificate([]byte("one")), NewCertificate([]byte("two")), NewCertificate([]byte("bare"))
	chain := func(c *Certificate) []*Certificate { return []*Certificate{c, bare} }
	c := Capture{Chain: chain(one), Presentations: []Presentation{
		{Offer: OfferWithoutSNI, Chain: chain(bare)}, {Offer: OfferTLS12, Chain: chain(two)}, {Offer: OfferTLS11},
		{Offer: OfferSample, Chain: chain(one)}, {Offer: OfferRSA, Chain: chain(two)},
	}}
	if got := c.Leaves(); !slices.Equal(got, []*Certificate{one, two}) {
		t.Errorf("%d leaves: %v", len(got), got)
	}
	c.Chain = nil
	if got := c.Leaves(); got != nil {
		t.Errorf("leaves of what gave no certificate: %v", got)
	}
}

func TestStoppedAnswering(t *testing.T) {
	t.Parallel()
	chain := []*Certificate{NewCertificate([]byte("one"))}
	came := func(o Offer) Presentation { return Presentation{Offer: o, Outcome: Captured, Chain: chain} }
	lost := func(o Offer, class ErrorClass) Presentation {
		return Presentation{Offer: o, Outcome: Failed, Fault: &Fault{Class: class}}
	}
	for name, x := range map[string]struct {
		presentations []Presentation
		want          bool
	}{
		"none":                           {nil, false},
		"the normal offer again is lost": {[]Presentation{lost(OfferTLS11, ClassReset), lost(OfferNormal, ClassReset)}, true},
		"it is answered":                 {[]Presentation{lost(OfferTLS11, ClassReset), came(OfferNormal)}, false},
		"the last sample is lost":        {[]Presentation{came(OfferSample), lost(OfferSample, ClassTimeout)}, true},
		"one sample of several is lost":  {[]Presentation{lost(OfferSample, ClassTimeout), came(OfferSample)}, false},
		"another offer was never taken":  {[]Presentation{lost(OfferTLS11, ClassReset), lost(OfferTLS11, ClassReset)}, false},
		"another offer, taken before":    {[]Presentation{came(OfferTLS12), lost(OfferTLS12, ClassRefused)}, true},
		"refused by an alert":            {[]Presentation{lost(OfferSample, ClassTLSAlert)}, false},
		"the scan ended":                 {[]Presentation{lost(OfferSample, ClassInterrupted)}, false},
	} {
		if got := (Capture{Chain: chain, Presentations: x.presentations}).StoppedAnswering(); got != x.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
