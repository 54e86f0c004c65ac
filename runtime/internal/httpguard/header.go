package httpguard

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/aril-wasm/aril/abi/names"
)

// maxHeaders is how many header lines a request may have.
const maxHeaders = 64

// hopByHop belong to one connection, which is the host's.
var hopByHop = []string{"Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

// ours are made by the host, for the request to be what was checked.
var ours = []string{"Host", "Content-Length", "Expect", "Accept-Encoding", "Http2-Settings"}

// survivors are what a request keeps on its way to another origin. Anything
// else may be a secret that is meant for the first one alone.
var survivors = []string{"Accept", "Accept-Language", "Content-Language", "Content-Type", "User-Agent"}

// bodyHeaders say something of a body.
var bodyHeaders = []string{"Content-Type", "Content-Language", "Content-Encoding", "Content-Location"}

// checkHeaders gives a guest's headers as they are sent.
func checkHeaders(in map[string][]string, maxBytes int64) (http.Header, error) {
	out := http.Header{}
	size, lines := int64(0), 0
	for _, name := range slices.Sorted(maps.Keys(in)) { // so that two spellings of a name join in one order
		if !isToken(name) {
			return nil, invalid("a header's name has characters that are not allowed")
		}
		key := http.CanonicalHeaderKey(name)
		if slices.Contains(hopByHop, key) || slices.Contains(ours, key) || strings.HasPrefix(key, "Proxy-") {
			return nil, invalid("header " + key + " is set by the host alone")
		}
		for _, v := range in[name] {
			if !isFieldValue(v) {
				return nil, invalid("the value of header " + key + " has characters that are not allowed")
			}
			lines++
			size += int64(len(name) + len(v) + len(": \r\n"))
			out[key] = append(out[key], strings.Trim(v, " \t"))
		}
		if lines > maxHeaders || size > maxBytes {
			return nil, NewError(names.CodeTooLarge, "the request has too many headers, or too long ones")
		}
	}
	return out, nil
}

// isToken is token of RFC 9110, section 5.6.2, of at most 256 bytes.
func isToken(s string) bool {
	if s == "" || len(s) > 256 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return true
}

// isFieldValue is field-value of RFC 9110, section 5.5: no control characters
// but the tab.
func isFieldValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// elsewhere drops what another origin must not get.
func elsewhere(h http.Header) http.Header {
	kept := http.Header{}
	for _, name := range survivors {
		if v, ok := h[name]; ok {
			kept[name] = v
		}
	}
	return kept
}

// answerHeaders gives a response's headers as a guest sees them: names in
// lower case, values in UTF-8, without those of the connection.
func answerHeaders(h http.Header) map[string][]string {
	out := make(map[string][]string, len(h))
	named := h["Connection"]
	for key, values := range h {
		if slices.Contains(hopByHop, key) || key == "Content-Length" || strings.HasPrefix(key, "Proxy-") ||
			slices.ContainsFunc(named, func(list string) bool { return listed(list, key) }) {
			continue
		}
		texts := make([]string, len(values))
		for i, v := range values {
			texts[i] = strings.ToValidUTF8(v, "\ufffd")
		}
		name := strings.ToLower(key)
		out[name] = append(out[name], texts...)
	}
	return out
}

func listed(list, key string) bool {
	for name := range strings.SplitSeq(list, ",") {
		if strings.EqualFold(strings.TrimSpace(name), key) {
			return true
		}
	}
	return false
}

// headerSize is about what the headers take on the wire.
func headerSize(h http.Header) (size int64, lines int) {
	for key, values := range h {
		for _, v := range values {
			size += int64(len(key) + len(v) + len(": \r\n"))
			lines++
		}
	}
	return size, lines
}
