package enrich

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// span finds the value at a path of members and indices, and where it begins.
// For a path that is not there it gives the innermost value on the way.
func span(data []byte, path []string) (start, end int) {
	d := json.NewDecoder(bytes.NewReader(data))
	start, end = valueStart(data, 0), len(data)
	for _, want := range path {
		at, ok := enter(d, data, want)
		if !ok {
			return start, end
		}
		start = at
	}
	d = json.NewDecoder(bytes.NewReader(data[start:]))
	var raw json.RawMessage
	if d.Decode(&raw) == nil {
		end = start + int(d.InputOffset())
	}
	return start, end
}

// enter moves a decoder that stands before a container to one of its values.
func enter(d *json.Decoder, data []byte, want string) (start int, ok bool) {
	open, err := d.Token()
	if err != nil {
		return 0, false
	}
	delim, _ := open.(json.Delim)
	if delim != '{' && delim != '[' {
		return 0, false
	}
	found := -1
	for i := 0; d.More(); i++ {
		name := strconv.Itoa(i)
		if delim == '{' {
			t, err := d.Token()
			if err != nil {
				return 0, false
			}
			name, _ = t.(string)
		}
		if name == want {
			found = valueStart(data, int(d.InputOffset()))
			return found, true
		}
		var skipped json.RawMessage
		if d.Decode(&skipped) != nil {
			return 0, false
		}
	}
	return 0, false
}

// valueStart skips blanks, a colon and a comma.
func valueStart(data []byte, at int) int {
	for at < len(data) {
		switch data[at] {
		case ' ', '\t', '\r', '\n', ':', ',':
			at++
		default:
			return at
		}
	}
	return at
}

// line is the line, from 1, of an offset.
func line(data []byte, offset int) int {
	return 1 + bytes.Count(data[:min(offset, len(data))], []byte{'\n'})
}

// lineOf is the line on which the value at a path begins.
func lineOf(data []byte, path ...string) int {
	start, _ := span(data, path)
	return line(data, start)
}
