package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of JSON that is taken in. Past them readers, databases among them,
// differ.
const (
	maxDepth       = 64
	maxNumberBytes = 64
)

// checkJSON says what is wrong with a document, beyond what encoding/json
// minds: text that is not UTF-8 or cannot be UTF-16, U+0000, a member that is
// there twice, more than maxDepth levels, and numbers that overflow. It is ""
// for one that every reader takes for the same value.
func checkJSON(raw []byte) string {
	switch {
	case bytes.HasPrefix(raw, []byte("\xEF\xBB\xBF")):
		return "it begins with a byte order mark."
	case !utf8.Valid(raw):
		return "it is not UTF-8."
	}
	if fault := checkEscapes(raw); fault != "" {
		return fault
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if fault := checkValue(d, 1); fault != "" {
		return fault
	}
	if _, err := d.Token(); err != io.EOF {
		return "something follows its end."
	}
	return ""
}

func checkValue(d *json.Decoder, depth int) string {
	t, err := d.Token()
	if err != nil {
		return syntaxFault(err)
	}
	switch t := t.(type) {
	case json.Number:
		return checkNumber(string(t))
	case json.Delim:
		if depth > maxDepth {
			return fmt.Sprintf("it is deeper than %d levels.", maxDepth)
		}
		seen := map[string]bool{}
		for d.More() {
			if t == '{' {
				name, err := d.Token()
				if err != nil {
					return syntaxFault(err)
				}
				text, _ := name.(string)
				if seen[text] {
					return fmt.Sprintf("the member %q is there twice.", clean(text))
				}
				seen[text] = true
			}
			if fault := checkValue(d, depth+1); fault != "" {
				return fault
			}
		}
		if _, err := d.Token(); err != nil {
			return syntaxFault(err)
		}
	}
	return ""
}

func syntaxFault(err error) string {
	if err == io.EOF || err == io.ErrUnexpectedEOF { //nolint:errorlint // they come as they are
		return "it ends too early."
	}
	return clean(err.Error()) + "."
}

func checkNumber(n string) string {
	f, err := strconv.ParseFloat(n, 64)
	_, exponent, _ := strings.Cut(strings.ToLower(n), "e")
	e, _ := strconv.Atoi(exponent) // "" is 0, and what overflows does in ParseFloat too, or is far below
	if err != nil || math.IsInf(f, 0) || len(n) > maxNumberBytes || e < -308 || len(exponent) > 5 {
		return fmt.Sprintf("the number %s is out of range.", clean(n))
	}
	return ""
}

// checkEscapes finds \u0000, and halves of surrogate pairs, which encoding/json
// replaces without a word.
func checkEscapes(raw []byte) string {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		i++
		if i >= len(raw) || raw[i] != 'u' {
			continue
		}
		u, ok := hex4(raw[i+1:])
		if !ok {
			continue // the decoder will say so
		}
		i += 4
		switch {
		case u == 0:
			return "a text has U+0000 in it."
		case u >= 0xDC00 && u < 0xE000:
			return "a text has half of a surrogate pair in it."
		case u >= 0xD800 && u < 0xDC00:
			low, ok := uint64(0), false
			if len(raw) > i+2 && raw[i+1] == '\\' && raw[i+2] == 'u' {
				low, ok = hex4(raw[i+3:])
			}
			if !ok || low < 0xDC00 || low >= 0xE000 {
				return "a text has half of a surrogate pair in it."
			}
			i += 6
		}
	}
	return ""
}

func hex4(b []byte) (uint64, bool) {
	if len(b) < 4 {
		return 0, false
	}
	u, err := strconv.ParseUint(string(b[:4]), 16, 16)
	return u, err == nil
}
