package trust

import (
	_ "embed"
	"encoding/pem"
	"sync"
	"time"
)

// withdrawnPEM was put together from older versions of the module of
// rootsVersion: what one of them held and today's does not.
//
//go:embed withdrawn.pem
var withdrawnPEM string

// withdrawnRoots are the roots that were public once. Windows, and who updates
// seldom, may go on trusting them.
var withdrawnRoots = sync.OnceValue(func() RootList {
	var list []WithdrawnRoot
	for block, rest := pem.Decode([]byte(withdrawnPEM)); block != nil; block, rest = pem.Decode(rest) {
		held, err := time.Parse(time.DateOnly, block.Headers["Held"])
		if err == nil { // a test excludes it
			list = append(list, WithdrawnRoot{block.Bytes, held})
		}
	}
	return WithdrawnList(list...)
})
