package report

// What the tests outside the package look at.
var (
	CellText   = cellText
	Formula    = formula
	PluginText = pluginText
	ChainEnd   = chainEnd
	Code       = code
	EscapeMD   = escapeMarkdown
)
