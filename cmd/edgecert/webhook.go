package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"edgecert/report"
	"edgecert/scanner/audit"
	"edgecert/scanner/limits"
)

// The bounds of a message: a receiver that hangs must not hold the job, and Teams
// takes 28 KB.
const (
	webhookTimeout  = 20 * time.Second
	webhookEntries  = 100 // problems, changes, and members of a problem
	teamsEntries    = 10  // problems and changes
	teamsTextLength = 400 // runes
)

// webhookOptions are the flags of posting. The URL is a secret: who knows it may
// post, and it holds a token mostly. No error and no report repeats it.
type webhookOptions struct {
	url    string
	format string
}

func (o *webhookOptions) bind(f *pflag.FlagSet) {
	f.StringVar(&o.url, "webhook", "", "post to `URL` whenever --quiet would print; @FILE: its first line is the URL")
	f.StringVar(&o.format, "webhook-format", "json", "what is posted: `json|teams`")
}

// A webhook posts what a scan found.
type webhook struct {
	url    string
	encode func(report.Report) any
}

// newWebhook checks the options, so that a mistake shows before the scan. It
// returns nil where nothing is to be posted.
func newWebhook(o webhookOptions) (*webhook, error) {
	w := &webhook{url: o.url, encode: func(r report.Report) any { return messageOf(r) }}
	if err := oneOf("--webhook-format", o.format, "", "json", "teams"); err != nil {
		return nil, err
	}
	if o.format == "teams" {
		w.encode = func(r report.Report) any { return teamsMessage(messageOf(r)) }
	}
	if o.url == "" {
		if o.format == "teams" {
			return nil, hintf("add --webhook URL", "--webhook-format without --webhook")
		}
		return nil, nil
	}
	if file, ok := strings.CutPrefix(o.url, "@"); ok {
		var err error
		if w.url, err = firstLine(file); err != nil {
			return nil, fmt.Errorf("reading the webhook's URL: %w", err)
		}
	}
	u, err := url.Parse(strings.TrimSpace(w.url))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" {
		return nil, hintf("write it as --webhook https://HOST/PATH, or --webhook @FILE where its first line is that", "--webhook: no URL")
	}
	w.url = u.String()
	return w, nil
}

// post sends the report once. It follows no redirection, which would carry the
// report elsewhere, and does not read what the receiver answers.
func (w *webhook) post(ctx context.Context, r report.Report) error {
	body, err := json.Marshal(w.encode(r))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, webhookTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return errors.New("no URL to post to") // net/http's own words repeat it
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "edgecert")
	client := http.Client{
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, MaxResponseHeaderBytes: limits.HTTPHeader, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		var repeats *url.Error
		if errors.As(err, &repeats) {
			err = repeats.Err
		}
		if errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("no answer within %s", webhookTimeout)
		}
		return err
	}
	_ = response.Body.Close()
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("the receiver answers with status %d", response.StatusCode)
	}
	return nil
}

// post says whether the receiver has the report. That it has not is a warning: the
// exit status is the scan's verdict.
func (a *app) post(ctx context.Context, r report.Report, w *webhook) bool {
	err := w.post(ctx, r)
	if err != nil {
		a.ui.warnf("the webhook has not got the report: %v", err)
	}
	return err == nil
}

// The message of --webhook-format json; docs/nightly.md describes it.
type (
	webhookMessage struct {
		Schema       string           `json:"schema"`
		Tool         report.Tool      `json:"tool"`
		Host         string           `json:"host"`
		Started      time.Time        `json:"started"`
		Finished     time.Time        `json:"finished"`
		Interrupted  bool             `json:"interrupted"`
		Verdict      audit.Verdict    `json:"verdict"`
		Headline     string           `json:"headline"`
		First        string           `json:"first"` // the first step of the worst pool's plan; empty: there is none
		Coverage     report.Coverage  `json:"coverage"`
		Problems     []webhookProblem `json:"problems"`
		MoreProblems int              `json:"more_problems"`
		Untold       []string         `json:"untold"` // why something could not be told, with the number of rules
		Changes      []report.Change  `json:"changes"`
		MoreChanges  int              `json:"more_changes"`
	}
	webhookProblem struct {
		Pool        string         `json:"pool"`
		Severity    audit.Severity `json:"severity"`
		Headline    string         `json:"headline"`
		Impact      string         `json:"impact"`
		Members     []string       `json:"members"`
		MoreMembers int            `json:"more_members"`
	}
)

// messageOf is what there is to say of a report, the worst pool first.
func messageOf(r report.Report) webhookMessage {
	m := webhookMessage{Schema: "edgecert.webhook/1", Tool: r.Tool, Host: r.Evidence.Host, Started: r.Evidence.Started,
		Finished: r.Evidence.Finished, Interrupted: r.Evidence.Interrupted, Verdict: r.Verdict, Headline: r.Headline(), First: r.FirstStep(),
		Coverage: r.Coverage, Problems: []webhookProblem{}}
	for _, p := range r.WorstFirst() {
		for _, x := range p.Problems {
			members, more := firstOf(x.Members, webhookEntries)
			m.Problems = append(m.Problems, webhookProblem{Pool: p.Plan.Name, Severity: x.Severity, Headline: x.Headline,
				Impact: x.Impact, Members: members, MoreMembers: more})
		}
	}
	m.Problems, m.MoreProblems = firstOf(m.Problems, webhookEntries)
	m.Untold, _ = firstOf(report.Untold(r.Pools), webhookEntries)
	m.Changes, m.MoreChanges = firstOf(r.Happened(), webhookEntries)
	if m.Headline == "" {
		m.Headline = report.Plural(len(r.Happened()), "change")
	}
	return m
}

// firstOf is the beginning of a list, never nil, and how many it leaves out.
func firstOf[T any](list []T, most int) ([]T, int) {
	kept := append([]T{}, list[:min(len(list), most)]...)
	return kept, len(list) - len(kept)
}

// object is a JSON object.
type object map[string]any

// teamsMessage is a message as an Adaptive Card, for a Teams workflow ("When a
// Teams webhook request is received"). Its texts are text runs, in which nothing
// is markup: names come from the network.
func teamsMessage(m webhookMessage) object {
	title := strings.ToUpper(string(m.Verdict)) + ": " + m.Headline
	body := []any{teamsText(title, object{"weight": "Bolder", "size": "Medium"})}
	if m.First != "" {
		body = append(body, teamsText("first: "+m.First, object{}))
	}
	problems, _ := firstOf(m.Problems, teamsEntries)
	for _, p := range problems {
		body = append(body, teamsText(string(p.Severity)+" · "+p.Pool+" · "+p.Headline, object{"color": teamsColor(p.Severity)}))
		if p.Impact != "" {
			body = append(body, teamsText(p.Impact, object{"isSubtle": true}))
		}
	}
	changes, _ := firstOf(m.Changes, teamsEntries)
	for _, c := range changes {
		body = append(body, teamsText("changed · "+c.Pool+" · "+c.Message, object{}))
	}
	more := len(m.Problems) - len(problems) + m.MoreProblems + len(m.Changes) - len(changes) + m.MoreChanges
	if more > 0 {
		body = append(body, teamsText(fmt.Sprintf("and %d more: see the report", more), object{}))
	}
	if len(m.Untold) > 0 {
		body = append(body, teamsText("could not tell: "+strings.Join(m.Untold, "; "), object{"isSubtle": true}))
	}
	c := m.Coverage
	body = append(body, teamsText(fmt.Sprintf("%d of %d endpoints seen from %s, %s", c.Planned-c.Failed, c.Planned,
		cmp.Or(m.Host, "an unnamed host"), m.Finished.UTC().Format(time.RFC3339)), object{"isSubtle": true}))
	card := object{"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
		"fallbackText": teamsClean(title), "msteams": object{"width": "Full"}, "body": body}
	return object{"type": "message", "attachments": []any{
		object{"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil, "content": card}}}
}

// teamsText is a paragraph of a card.
func teamsText(text string, style object) object {
	style["type"], style["text"] = "TextRun", teamsClean(text)
	return object{"type": "RichTextBlock", "inlines": []any{style}}
}

// teamsClean is text without control characters, no longer than a card bears.
func teamsClean(text string) string {
	runes := []rune(report.Clean(text))
	if len(runes) > teamsTextLength {
		runes = append(runes[:teamsTextLength-1], '…')
	}
	return string(runes)
}

func teamsColor(s audit.Severity) string {
	if s == audit.Error {
		return "Attention"
	}
	return "Warning"
}
