package query

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"unicode/utf8"
)

// parseSort reads sort or orderBy.
func parseSort(v url.Values) ([]Order, error) {
	texts := v["sort"]
	if other := v["orderBy"]; len(other) > 0 {
		if len(texts) > 0 {
			return nil, invalid(InvalidSort, "sort: orderBy is another name of it; give one of them")
		}
		texts = other
	}
	var all []Order
	size := 0
	for _, text := range texts {
		if size += len(text); size > MaxFilterBytes {
			return nil, invalid(InvalidSort, "sort: more than %d bytes", MaxFilterBytes)
		}
		if !utf8.ValidString(text) {
			return nil, invalid(InvalidSort, "sort: not UTF-8")
		}
		text = strings.TrimSpace(text)
		var orders []Order
		var err error
		switch {
		case text == "":
			continue
		case text[0] == '{' || text[0] == '[' || text[0] == '"':
			orders, err = jsonSort(text)
		default:
			orders, err = shortSort(text)
		}
		if err != nil {
			return nil, err
		}
		if all = append(all, orders...); len(all) > MaxOrders {
			return nil, invalid(InvalidSort, "sort: more than %d fields", MaxOrders)
		}
	}
	return all, nil
}

// shortSort reads "status,-modifiedAt".
func shortSort(text string) ([]Order, error) {
	var all []Order
	for name := range strings.SplitSeq(text, ",") {
		name, desc := strings.CutPrefix(strings.TrimSpace(name), "-")
		o, err := order(name, desc)
		if err != nil {
			return nil, err
		}
		if all = append(all, o); len(all) > MaxOrders {
			break // the caller says so
		}
	}
	return all, nil
}

// jsonSort reads {"field","direction"} and {"fields":[…]}.
func jsonSort(text string) ([]Order, error) {
	type entry struct {
		Field     string `json:"field"`
		Direction string `json:"direction"`
	}
	var s struct {
		entry
		Fields []entry `json:"fields"`
	}
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	err := d.Decode(&s)
	if err != nil || d.InputOffset() != int64(len(text)) || (s.Field == "") == (len(s.Fields) == 0) {
		return nil, invalid(InvalidSort, `sort: %q is none of {"field":"key","direction":"asc"}, {"fields":[…]}, key and -key`, clip(text))
	}
	if s.Field != "" {
		s.Fields = []entry{s.entry}
	}
	if len(s.Fields) > MaxOrders {
		return nil, invalid(InvalidSort, "sort: more than %d fields", MaxOrders)
	}
	var all []Order
	for _, e := range s.Fields {
		direction := strings.ToLower(e.Direction)
		if direction != "" && direction != "asc" && direction != "desc" {
			return nil, invalid(InvalidSort, "sort: direction %q is neither asc nor desc", clip(e.Direction))
		}
		o, err := order(e.Field, direction == "desc")
		if err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, nil
}

func order(name string, desc bool) (Order, error) {
	f, err := parseField(name, InvalidSort)
	if err != nil {
		if e, ok := err.(*Error); ok && e.Supported != nil {
			e.Supported = sortable()
		}
		return Order{}, err
	}
	if f.Column == Tags {
		return Order{}, &Error{Code: InvalidSort, Message: "sort: tags have no order", Supported: sortable()}
	}
	return Order{f, desc}, nil
}
