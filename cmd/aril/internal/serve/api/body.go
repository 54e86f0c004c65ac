package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of what a start or a transition says.
const (
	maxKey  = 256 // characters of an instance's key
	maxTags = 32
	maxTag  = 100 // characters
)

// A body is what a start and a transition say. Attributes are an object, {}
// where there are none; Tags nil where there are none.
type body struct {
	Key        *string         `json:"key"`
	Tags       []string        `json:"tags"`
	Attributes json.RawMessage `json:"attributes"`
}

// readBody reads the body of a start or a transition. None is an empty one.
func (s *service) readBody(w http.ResponseWriter, r *http.Request) (*body, error) {
	raw, err := readJSON(w, r, s.BodyBytes)
	if err != nil {
		return nil, err
	}
	b := &body{Attributes: json.RawMessage("{}")}
	if raw == nil {
		return b, nil
	}
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &members); err != nil || members == nil {
		return nil, invalid("general", "The body is a JSON object with key, tags and attributes, all of which may be missing.")
	}
	for name, value := range members {
		null := string(value) == "null"
		switch {
		case name == "key" && (null || json.Unmarshal(value, &b.Key) == nil):
		case name == "tags" && (null || json.Unmarshal(value, &b.Tags) == nil):
		case name == "attributes" && null:
		case name == "attributes" && value[0] == '{':
			b.Attributes = value
		case name == "key":
			return nil, invalid("key", "It is a text.")
		case name == "tags":
			return nil, invalid("tags", "It is a list of texts.")
		case name == "attributes":
			return nil, invalid("attributes", "It is an object.")
		default:
			return nil, invalid(clean(name), "There is no such member; there are key, tags and attributes.")
		}
	}
	if b.Key != nil {
		if fault := keyFault(*b.Key); fault != "" {
			return nil, invalid("key", "%s", fault)
		}
	}
	if len(b.Tags) > maxTags {
		return nil, invalid("tags", "There are %d; the most is %d.", len(b.Tags), maxTags)
	}
	for _, tag := range b.Tags {
		if tag == "" || utf8.RuneCountInString(tag) > maxTag || !printable(tag) {
			return nil, invalid("tags", "A tag is 1 to %d printable characters.", maxTag)
		}
	}
	return b, nil
}

// keyFault says why a text is no key of an instance; "" where it is one. A key
// stands in paths: what others would take out of one on the way is none, and
// what could be another instance's id is none.
func keyFault(key string) string {
	switch {
	case key == "" || utf8.RuneCountInString(key) > maxKey:
		return fmt.Sprintf("A key has 1 to %d characters.", maxKey)
	case !printable(key) || strings.TrimSpace(key) != key:
		return "A key has printable characters, and no blank at its beginning or end."
	case key == "." || key == "..":
		return "A key is not a step of a path."
	case isUUID(key):
		return "A key does not have the form of an id."
	}
	return ""
}

// printable reports whether a text is UTF-8 without control and formatting
// characters.
func printable(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		hex := c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (c == '-') || !dash && !hex {
			return false
		}
	}
	return true
}

// readJSON reads a whole body that checkJSON lets through; nil where there is
// none.
func readJSON(w http.ResponseWriter, r *http.Request, most int) ([]byte, error) {
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return nil, refuse("notsupported", "App:900002", "A body has no Content-Encoding here, not %q.", clean(e)).with(http.StatusUnsupportedMediaType)
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(most)))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, refuse("validation", "App:900002", "The body has more than %d bytes.", most).with(http.StatusRequestEntityTooLarge)
	case err != nil && r.Context().Err() != nil:
		return nil, r.Context().Err()
	case err != nil:
		return nil, refuse("validation", "App:900002", "The body could not be read to its end.")
	case len(raw) == 0:
		return nil, nil
	}
	if err := mediaType(r.Header["Content-Type"]); err != nil {
		return nil, err
	}
	if fault := checkJSON(raw); fault != "" {
		return nil, invalid("general", "The body is not valid JSON: %s", fault)
	}
	return bytes.TrimSpace(raw), nil
}

func mediaType(values []string) error {
	if len(values) == 1 {
		kind, params, err := mime.ParseMediaType(values[0])
		charset, named := params["charset"]
		if err == nil && kind == "application/json" && (!named || strings.EqualFold(charset, "utf-8")) {
			return nil
		}
	}
	return refuse("notsupported", "App:900002", "The Content-Type of a body is application/json, in UTF-8.").with(http.StatusUnsupportedMediaType)
}
