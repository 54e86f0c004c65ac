package guesttest

import (
	"context"
	"log/slog"
	"slices"
	"sync"
)

// A recorder keeps what extensions log, and not what the runtime says of them:
// that has attributes outside the group "guest".
type recorder struct {
	mu      sync.Mutex
	entries []Entry
}

func (r *recorder) add(e Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = append(r.entries, e)
}

func (r *recorder) replace(entries []Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = entries
}

func (r *recorder) lines() []Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.entries)
}

func (r *recorder) Enabled(context.Context, slog.Level) bool { return true }
func (r *recorder) WithAttrs([]slog.Attr) slog.Handler       { return r }
func (r *recorder) WithGroup(string) slog.Handler            { return r }

func (r *recorder) Handle(_ context.Context, line slog.Record) error {
	e := Entry{Level: int(line.Level), Message: line.Message, Pairs: map[string]any{}}
	own := true
	line.Attrs(func(a slog.Attr) bool {
		if a.Key != "guest" {
			own = false
			return false
		}
		for _, pair := range a.Value.Group() {
			e.Pairs[pair.Key] = generic(pair.Value.Any())
		}
		return true
	})
	if own {
		r.add(e)
	}
	return nil
}
