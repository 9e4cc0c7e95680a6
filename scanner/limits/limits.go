// Package limits is the one table of what is read from outside, and how much
// work that may cause. Whatever reads from a connection or a file takes its limit
// from here; docs/limits.md is written from these lines.
package limits

// One connection to an endpoint.
const (
	CertificateMessage = 256 << 10                    // bytes of a Certificate message: as crypto/tls has it; two hundred certificates
	HandshakeMessage   = 64 << 10                     // bytes of any other handshake message: as crypto/tls has it
	Flight             = CertificateMessage + 128<<10 // bytes of a server's flight, records included: what it may fill at once
	Record             = 16384 + 2048                 // bytes of a TLS record: RFC 5246, 6.2.3
	IdleRecords        = 16                           // records in a row that bring nothing: as crypto/tls has it
	Chain              = 1000                         // certificates of a chain: each costs far more memory parsed than sent
	Settled            = 16 << 10                     // bytes after a handshake: a ticket or an alert; beyond them the server talks, so it is content
	Staple             = 16 << 10                     // bytes of a stapled OCSP response: three times the largest of a public CA
	AcceptableCAs      = 150                          // acceptable CAs that are kept by name: enough for the rule that says when they are too many
	NameLength         = 300                          // bytes of such a name: a line
	XMPPStream         = 64 << 10                     // bytes of an XMPP stream before TLS: header, features and answer have about 1 KiB
	XMPPName           = 1023                         // bytes of a server's XMPP name: RFC 6122, 2.2
	Datagram           = 2048                         // bytes of a UDP answer: one packet
	TURNText           = 763                          // bytes of a realm or software name: RFC 8489, 14.9 and 14.14
	ProxyAnswer        = 64 << 10                     // bytes of a proxy's answer to CONNECT: a status line and some header lines
)

// Certificates that a scan keeps. Beyond the room a chain is cut to its path, beyond twice that to nothing, and the report says so.
const (
	RoomAll      = 64 << 20  // bytes of certificates with all that was sent: some ten thousand different ones
	RoomPaths    = 256 << 20 // bytes of certificates where paths alone are kept: what a small machine can spare
	RoomEndpoint = 6 << 10   // bytes more for each endpoint: a leaf of its own costs 5 kB
)

// DNS, OCSP, CRL, mail server and webhook.
const (
	UnansweredQueries = 64       // queries in a row without an answer: no more are asked of that resolver
	CNAMEs            = 16       // names of a CNAME chain: against loops; BIND follows as many
	AddressesOfName   = 128      // addresses of a name: each becomes endpoints, and 12 members make 24
	SRVRecords        = 64       // SRV records of a query: each is judged
	GuessedNames      = 48       // names of certificates that discovery tries for a pool: it must not dial whatever somebody's certificate names
	GuessedFrom       = 200      // names of a certificate that discovery looks at
	OCSPAnswer        = 64 << 10 // bytes of an OCSP answer: they have 2 KB
	CRL               = 32 << 20 // bytes of a CRL: the largest of public CAs have some 20 MB
	Redirects         = 3        // redirections of an OCSP or CRL request
	MailAnswers       = 1 << 20  // bytes that a mail server says for one mail: TLS and its certificates among them
	HTTPHeader        = 64 << 10 // bytes of the header of an HTTP answer: OCSP, CRL, webhook; of a webhook's answer no more is read
)

// Files.
const (
	TargetsFile       = 16 << 20   // bytes of a targets file: against a wrong file (a disk image, /dev/zero)
	TargetsLine       = 64 << 10   // bytes of a line of it: a binary file is told after one line; 700 SIP domains fit
	Pools             = 2_000      // pools of a run: a report of more is read by nobody
	AddressesOfMember = 64         // addresses of a member, or VIPs of a pool: a slip in a generator
	NamesOfPool       = 5_000      // SIP domains or extra names of a pool: rules times names stays quick
	LooseEndpoints    = 200_000    // loose endpoints of a run: memory of the captures
	Domains           = 1_000      // domains to discover: each costs some 20 DNS queries
	Inventories       = 1_000      // inventory files of a pool: each is opened
	Topology          = 32 << 20   // bytes of a topology, unpacked: a large enterprise's has 5 MB; against ZIP bombs
	ZIPEntries        = 2_000      // files in a ZIP: each is looked at
	ZIPDepth          = 2          // ZIPs within ZIPs: against those that hold themselves
	XMLDepth          = 100        // XML elements within elements: the stack; a topology has a dozen
	XMLElements       = 200_000    // XML elements of a topology: memory; a large enterprise has some ten thousand
	Inventory         = 4 << 20    // bytes of an inventory file: a member has a dozen certificates of a kilobyte
	InventoryRecords  = 1_000      // certificates of an inventory file
	ValueDepth        = 30         // PowerShell values within values: the stack
	Values            = 400_000    // PowerShell values of a file: memory; a large enterprise has some ten thousand
	Columns           = 500        // columns of a CSV or a printed table
	CertificateFile   = 4 << 20    // bytes of a certificate file: a PFX with a chain has 10 KB, a root store as PEM 1 MB
	CertificatesOf    = 500        // certificates of a file: the root store of a system has less than two hundred
	BERDepth          = 24         // levels of BER: PFX and PKCS#7 have a dozen, and each level reads what is in it once
	KeyRounds         = 10_000_000 // rounds of key derivation of a file, all together: some seconds; Windows writes 2,000 for each, NSS up to 600,000
	PasswordFile      = 4 << 10    // bytes of a password file, or of one with a webhook's URL
	SavedScan         = 1 << 30    // bytes of a saved scan: some 800,000 endpoints
	JSONDepth         = 32         // values within values of a saved scan: its deepest is a port within an address within a member within a plan
	JSONNumber        = 64         // digits of a number in it, and letters of a key
	JSONBlanks        = 64 << 10   // blanks in a row in it: a decoder holds them
	JSONText          = 16 << 20   // bytes of a text in it: the longest are certificates, and messages that name them
)

// Work on certificates. Where it is spent a rule could not tell, and the report says why.
const (
	LenientExtensions = 64      // extensions of a certificate that Go refuses: each is asked about; public ones have about ten
	RSABits           = 16384   // bits of an RSA key that is used: the largest that any root program takes has 8192
	PathLength        = 12      // certificates of a path: the deepest public one has five
	ChainRead         = 100     // certificates of a chain that are looked at
	PathSteps         = 5_000   // certificates tried for a chain
	Paths             = 32      // complete paths of a chain to choose from
	StrayKeys         = 32      // keys of an issuer's name that nothing points to
	WorkFree          = 100     // verifications of a chain, each as an ordinary RSA key costs, that no other chain can take away: ordinary ones need two to fifty
	WorkOfChain       = 2_000   // verifications of a chain in all: about 80 ms
	WorkOfScan        = 100_000 // verifications of a scan beyond those: about 4 s
)
