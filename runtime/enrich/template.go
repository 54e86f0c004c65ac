package enrich

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// A template is text with values in it: "/limits/{{instance.data.userId}}".
// What stands between the braces is a path:
//
//	instance.id, .key, .domain, .flow, .flowVersion, .state, .data.MEMBER…
//	body.MEMBER…          what the input handler answered as data, else the instance's data
//	headers.NAME          of the request, in lower case
//	query.NAME            of the request
//	routeValues.NAME      what the input handler answered, else of the request
//	caller.id
//	secrets.STORE.KEY     from Config.Secrets; guests never see it

// maxTemplates bounds the values of one text.
const maxTemplates = 64

var templateRoots = map[string]bool{
	"instance": true, "body": true, "headers": true, "query": true, "routeValues": true, "caller": true, "secrets": true,
}

// checkTemplates looks at every text in a value of JSON.
func checkTemplates(v any) error {
	switch v := v.(type) {
	case string:
		n := 0
		return eachTemplate(v, func(string) error { return nil }, func(path string) error {
			root, rest, _ := strings.Cut(path, ".")
			if n++; n > maxTemplates {
				return fmt.Errorf("more than %d values in one text", maxTemplates)
			}
			if !templateRoots[root] || rest == "" && root != "body" {
				return fmt.Errorf("{{%s}}: a value is named by a path that begins with body, caller, headers, instance, query, routeValues or secrets", path)
			}
			if root == "secrets" && strings.Count(rest, ".") < 1 {
				return fmt.Errorf("{{%s}}: want secrets.STORE.KEY", path)
			}
			return nil
		})
	case map[string]any:
		for _, item := range v {
			if err := checkTemplates(item); err != nil {
				return err
			}
		}
	case []any:
		for _, item := range v {
			if err := checkTemplates(item); err != nil {
				return err
			}
		}
	}
	return nil
}

var errUnclosed = errors.New("{{ without }}")

// eachTemplate calls text and value for the parts of s in their order.
func eachTemplate(s string, text, value func(string) error) error {
	for {
		before, rest, found := strings.Cut(s, "{{")
		if err := text(before); err != nil || !found {
			return err
		}
		path, after, closed := strings.Cut(rest, "}}")
		if !closed {
			return errUnclosed
		}
		if err := value(strings.TrimSpace(path)); err != nil {
			return err
		}
		s = after
	}
}

// A lookup finds the value at a path.
type lookup func(path string) (any, error)

// expandText fills a text in; quote makes a value fit where it stands.
func expandText(s string, find lookup, quote func(string) (string, error)) (string, error) {
	if !strings.Contains(s, "{{") {
		return s, nil
	}
	var b strings.Builder
	err := eachTemplate(s, func(t string) error { b.WriteString(t); return nil }, func(path string) error {
		v, err := find(path)
		if err != nil {
			return fmt.Errorf("{{%s}}: %w", path, err)
		}
		t, err := plain(v)
		if err == nil {
			t, err = quote(t)
		}
		if err != nil {
			return fmt.Errorf("{{%s}}: %w", path, err)
		}
		b.WriteString(t)
		return nil
	})
	return b.String(), err
}

func asIs(s string) (string, error) { return s, nil }

// expandURL fills a URL in. A value is one path segment, or part of one, or
// part of the query: it cannot lead elsewhere.
func expandURL(s string, find lookup) (string, error) {
	path, query, hasQuery := strings.Cut(s, "?")
	path, err := expandText(path, find, func(v string) (string, error) {
		if v == "" {
			return "", errors.New("has no value, and stands in the path of a URL")
		}
		return url.PathEscape(v), nil
	})
	if err != nil {
		return "", err
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return "", errors.New("a segment of the URL's path is '.' or '..'")
		}
	}
	if !hasQuery {
		return path, nil
	}
	query, err = expandText(query, find, func(v string) (string, error) { return url.QueryEscape(v), nil })
	return path + "?" + query, err
}

// expandValue fills in all texts of a value of JSON. A text that is one
// template and nothing else becomes the value itself.
func expandValue(v any, find lookup) (any, error) {
	switch v := v.(type) {
	case string:
		if path, ok := strings.CutPrefix(v, "{{"); ok {
			if path, ok := strings.CutSuffix(path, "}}"); ok && !strings.Contains(path, "{{") && !strings.Contains(path, "}}") {
				found, err := find(strings.TrimSpace(path))
				if err != nil {
					return nil, fmt.Errorf("{{%s}}: %w", strings.TrimSpace(path), err)
				}
				return found, nil
			}
		}
		return expandText(v, find, asIs)
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, item := range v {
			var err error
			if out[name], err = expandValue(item, find); err != nil {
				return nil, err
			}
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			var err error
			if out[i], err = expandValue(item, find); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return v, nil
}

// plain is a value as text.
func plain(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case json.Number:
		return v.String(), nil
	}
	b, err := json.Marshal(v)
	return string(b), err
}

// at walks into maps and lists.
func at(v any, path string) any {
	for path != "" {
		var name string
		name, path, _ = strings.Cut(path, ".")
		switch c := v.(type) {
		case map[string]any:
			v = c[name]
		case map[string]string:
			s, ok := c[name]
			if !ok {
				return nil
			}
			v = s
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(c) {
				return nil
			}
			v = c[i]
		default:
			return nil
		}
	}
	return v
}
