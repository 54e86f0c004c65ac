package runtime

import "unicode/utf8"

// What CallError.Log keeps.
const (
	tailLines = 8
	tailBytes = 256 // of a line
)

// A logTail keeps the last lines that a guest wrote in one activation: those
// too that the logger did not want or that were past the limit.
type logTail struct {
	ring [tailLines]string
	n    int // lines so far
}

func (t *logTail) add(line string) {
	t.ring[t.n%tailLines] = line
	t.n++
}

func (t *logTail) clear() {
	if t.n > 0 {
		*t = logTail{}
	}
}

// lines are the last ones, oldest first, nil for none.
func (t *logTail) lines() []string {
	var out []string
	for i := max(0, t.n-tailLines); i < t.n; i++ {
		out = append(out, cut(t.ring[i%tailLines], tailBytes))
	}
	return out
}

// cut shortens a line to so many bytes.
func cut(line string, room int) string {
	if len(line) <= room {
		return line
	}
	const mark = "…"
	end := room - len(mark)
	for !utf8.RuneStart(line[end]) {
		end--
	}
	return line[:end] + mark
}
