package conformance

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
)

// restarted is the one line of a host that has no attributes of its own.
const restarted = "a Single extension lost its instance; it begins anew from its template"

// A recorder keeps the lines that an extension logs.
type recorder struct {
	mu    sync.Mutex
	lines []recorded
}

type recorded struct {
	level slog.Level
	text  string
	attrs map[string]any
}

// Enabled wants every line.
func (r *recorder) Enabled(context.Context, slog.Level) bool { return true }

// WithAttrs drops what the host says of the extension.
func (r *recorder) WithAttrs([]slog.Attr) slog.Handler { return r }

// WithGroup is not used by hosts.
func (r *recorder) WithGroup(string) slog.Handler { return r }

// Handle keeps a line of the extension's. The host's own lines have attributes
// outside of the group "guest"; an extension has no way to make one.
func (r *recorder) Handle(_ context.Context, line slog.Record) error {
	made := recorded{level: line.Level, text: line.Message, attrs: map[string]any{}}
	own := true
	line.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "guest":
			for _, attr := range a.Value.Group() {
				made.attrs[attr.Key] = attr.Value.Resolve().Any()
			}
		case "attrs_dropped", "stream":
		default:
			own = false
		}
		return own
	})
	if own && line.Message != restarted {
		r.mu.Lock()
		r.lines = append(r.lines, made)
		r.mu.Unlock()
	}
	return nil
}

func (r *recorder) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.lines)
}

// cut drops the lines after the first n.
func (r *recorder) cut(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = r.lines[:n]
}

// compare finds the first line that is not as expected.
func (r *recorder) compare(d *dialect, want []wantedLine) *Difference {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range min(len(want), len(r.lines)) {
		w, g := want[i], r.lines[i]
		m := d.compare(
			map[string]any{"level": w.level, "message": w.message, "attrs": w.attrs},
			map[string]any{"level": strings.ToLower(g.level.String()), "message": g.text, "attrs": g.attrs})
		if m != nil {
			return &Difference{"log", fmt.Sprintf("line %d", i+1), m.path, m.want, m.got}
		}
	}
	if len(want) != len(r.lines) {
		return &Difference{Where: "log", What: "the number of lines", Want: fmt.Sprint(len(want)), Got: fmt.Sprint(len(r.lines)) + r.extra(len(want))}
	}
	return nil
}

// extra shows the first line that nobody expected.
func (r *recorder) extra(from int) string {
	if from >= len(r.lines) {
		return ""
	}
	l := r.lines[from]
	return fmt.Sprintf(", such as %s %s", strings.ToLower(l.level.String()), cut(quote(l.text)))
}
