package inventory

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// object is a record in JSON. What PowerShell writes in more than one way is
// kept raw.
type object struct {
	Issuer, Subject, SerialNumber, Thumbprint string
	Use, AlternativeNames                     json.RawMessage
	NotBefore, NotAfter, EffectiveDate        json.RawMessage
	Roll                                      bool
	PSComputerName, MachineName               string
}

// parseJSON reads one document or several in a row.
func parseJSON(name, text string) ([]record, error) {
	d := json.NewDecoder(strings.NewReader(text))
	var objects []json.RawMessage
	for {
		var doc json.RawMessage
		err := d.Decode(&doc)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: byte %d: reading JSON: %w", name, d.InputOffset(), err)
		}
		if objects, err = flatten(objects, doc, 0); err != nil {
			return nil, fmt.Errorf("%s: record %d: %w", name, len(objects)+1, err)
		}
	}
	var out []record
	for i, raw := range objects {
		r, err := fromJSON(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: record %d: %w", name, i+1, err)
		}
		r.place = fmt.Sprintf("%s: record %d", name, i+1)
		out = append(out, r)
	}
	return out, nil
}

// flatten finds the records: arrays may be nested, and PowerShell 5 writes an
// array that has been through a pipeline as {"value": […], "Count": 2}.
func flatten(out []json.RawMessage, doc json.RawMessage, depth int) ([]json.RawMessage, error) {
	if depth > 5 || len(out) > maxRecords {
		return nil, errors.New("too many records, or nested too deep")
	}
	var list []json.RawMessage
	if json.Unmarshal(doc, &list) == nil {
		var err error
		for _, each := range list {
			if out, err = flatten(out, each, depth+1); err != nil {
				return out, err
			}
		}
		return out, nil
	}
	var wrapped struct {
		Value []json.RawMessage `json:"value"`
		Count *int              `json:"Count"`
	}
	if json.Unmarshal(doc, &wrapped) == nil && wrapped.Count != nil {
		inner, err := json.Marshal(wrapped.Value)
		if err != nil {
			return out, err
		}
		return flatten(out, inner, depth+1)
	}
	return append(out, doc), nil
}

func fromJSON(raw json.RawMessage) (record, error) {
	var o object
	if err := json.Unmarshal(raw, &o); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) && wrong.Field != "" {
			return record{}, fmt.Errorf("%s: %s is no %s", wrong.Field, wrong.Value, wrong.Type)
		}
		return record{}, fmt.Errorf("a certificate of Get-CsCertificate is expected: %w", err)
	}
	r := record{host: o.PSComputerName, serial: serial(o.SerialNumber), subject: o.Subject, issuer: o.Issuer, roll: o.Roll}
	if r.host == "" {
		r.host = o.MachineName
	}
	var err error
	if r.thumbprint, err = thumbprint(o.Thumbprint); err != nil {
		return r, err
	}
	if r.uses, err = uses(strings.Join(words(o.Use), ",")); err != nil {
		return r, err
	}
	r.names = splitList(strings.Join(words(o.AlternativeNames), ","))
	if r.notBefore, err = jsonDate(o.NotBefore); err != nil {
		return r, fmt.Errorf("NotBefore: %w", err)
	}
	if r.notAfter, err = jsonDate(o.NotAfter); err != nil {
		return r, fmt.Errorf("NotAfter: %w", err)
	}
	if r.effective, err = jsonDate(o.EffectiveDate); err != nil {
		return r, fmt.Errorf("EffectiveDate: %w", err)
	}
	return r, nil
}

// words reads a string, a number, an array of either, or the
// {"value": …, "Value": "Name"} form of an enumeration, as words.
func words(raw json.RawMessage) []string {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return []string{s}
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
		return []string{n.String()}
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		var out []string
		for _, each := range list {
			out = append(out, words(each)...)
		}
		return out
	}
	// Not decoded into a struct: its keys would be taken without regard to
	// case, and an enumeration has both "value" and "Value".
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) == nil {
		for _, key := range []string{"Value", "value"} {
			if inner, ok := object[key]; ok {
				return words(inner)
			}
		}
	}
	return nil
}
