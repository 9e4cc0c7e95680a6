package report

import "io"

// What the tests outside the package look at.
var (
	CellText   = cellText
	Formula    = formula
	PluginText = pluginText
	ChainEnd   = chainEnd
	Code       = code
	EscapeMD   = escapeMarkdown
)

// JSONAtMost is JSON with another limit.
func JSONAtMost(w io.Writer, r Report, limit int64) error { return writeJSON(&bounded{w, limit}, r) }
