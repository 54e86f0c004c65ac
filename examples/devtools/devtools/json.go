package devtools

import (
	"encoding/json"
	"math"
	"strings"
	"time"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

// encode writes JSON as a browser does.
func encode(x any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(x)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// toJSON gives a value as far as JSON can show it.
func toJSON(v guest.Value) any {
	x, err := v.Any()
	if err != nil {
		return nil
	}
	return showable(x)
}

func showable(x any) any {
	switch x := x.(type) {
	case []any:
		for i := range x {
			x[i] = showable(x[i])
		}
	case map[string]any:
		for key := range x {
			x[key] = showable(x[key])
		}
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil
		}
	case float32:
		return showable(float64(x))
	case guest.Timestamp:
		return time.Unix(x.Unix(), int64(x.Nanosecond())).UTC().Format(time.RFC3339Nano)
	case guest.Opaque:
		return "[" + x.Type() + "]"
	case guest.Ext:
		return nil
	}
	return x
}

const maxDepth = 64

// checkDepth refuses what is nested so deeply that decoding it would take more
// stack than an extension has.
func checkDepth(text string) error {
	d := json.NewDecoder(strings.NewReader(text))
	for depth := 0; ; {
		token, err := d.Token()
		if err != nil {
			return nil // Decode will say so, or it is the end
		}
		switch token {
		case json.Delim('['), json.Delim('{'):
			if depth++; depth > maxDepth {
				return guest.NewError("", "it is nested too deeply")
			}
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
	}
}

// fromJSON gives what the decoder made with numbers that are whole where they
// were written so.
func fromJSON(x any) any {
	switch x := x.(type) {
	case []any:
		for i := range x {
			x[i] = fromJSON(x[i])
		}
	case map[string]any:
		for key := range x {
			x[key] = fromJSON(x[key])
		}
	case json.Number:
		if n, err := x.Int64(); err == nil {
			return n
		}
		f, _ := x.Float64()
		return f
	}
	return x
}
