package show

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
)

// A logHandler prints one line for each record, without the time of day:
// "[logging] INFO resolving executor=config". Of what the host has to say of an
// extension, and not the extension itself, it prints errors.
type logHandler struct {
	w    io.Writer
	who  string
	more []slog.Attr
}

// Enabled lets everything through but debugging.
func (h *logHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo
}

// Handle prints the record. What an extension passed along is in the group
// "guest", in an order that is the host's; it is printed by key.
func (h *logHandler) Handle(_ context.Context, r slog.Record) error {
	byExtension := false
	attrs := slices.Clone(h.more)
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "guest" {
			byExtension = true
			attrs = append(attrs, a.Value.Group()...)
		} else {
			attrs = append(attrs, a)
		}
		return true
	})
	if !byExtension && r.Level < slog.LevelError {
		return nil
	}
	slices.SortFunc(attrs, func(a, b slog.Attr) int { return strings.Compare(a.Key, b.Key) })
	line := h.who + r.Level.String() + " " + r.Message
	for _, a := range attrs {
		line += fmt.Sprintf(" %s=%v", a.Key, a.Value)
	}
	_, err := fmt.Fprintln(h.w, line)
	return err
}

// WithAttrs keeps the extension's name for the beginning of the line.
func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	for _, a := range attrs {
		if a.Key == "extension" {
			with.who = "[" + a.Value.String() + "] "
		} else {
			with.more = append(slices.Clip(with.more), a)
		}
	}
	return &with
}

// WithGroup ignores the group: nobody here uses one.
func (h *logHandler) WithGroup(string) slog.Handler { return h }

// A lockedWriter may be written to from several goroutines.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}
