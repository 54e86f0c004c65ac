package runtime_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// A logRecorder keeps what a runtime logs, at every level.
type logRecorder struct {
	mu    sync.Mutex
	lines []logLine
}

type logLine struct {
	level   slog.Level
	message string
	attrs   []slog.Attr
}

func newLogRecorder() *logRecorder { return &logRecorder{} }

func (l *logRecorder) logger() *slog.Logger { return slog.New(&logHandler{to: l}) }

func (l *logRecorder) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = nil
}

func (l *logRecorder) messages() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]string, len(l.lines))
	for i, line := range l.lines {
		out[i] = line.message
	}
	return out
}

// guestText is all that attackers logged themselves: what they had to read.
func (l *logRecorder) guestText() string { return strings.Join(l.messages(), "\n") }

// requireClean holds that no line can forge another or steer a terminal,
// whatever the handler does with it.
func (l *logRecorder) requireClean(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	total := 0
	for _, line := range l.lines {
		requireCleanText(t, line.message)
		total += len(line.message)
		for _, a := range line.attrs {
			total += requireCleanAttr(t, a)
		}
	}
	require.Less(t, total, 8<<20, "bytes logged")
}

func requireCleanText(t *testing.T, text string) {
	t.Helper()
	require.LessOrEqual(t, len(text), 64<<10)
	require.Equal(t, -1, strings.IndexFunc(text, isControl), "a log line has control characters: %q", text)
}

func requireCleanAttr(t *testing.T, a slog.Attr) int {
	t.Helper()
	requireCleanText(t, a.Key)
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		n := len(a.Key)
		for _, inner := range v.Group() {
			n += requireCleanAttr(t, inner)
		}
		return n
	}
	requireCleanText(t, v.String())
	return len(a.Key) + len(v.String())
}

type logHandler struct {
	to    *logRecorder
	attrs []slog.Attr
}

func (h *logHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h *logHandler) Handle(_ context.Context, r slog.Record) error {
	line := logLine{level: r.Level, message: r.Message, attrs: append([]slog.Attr(nil), h.attrs...)}
	r.Attrs(func(a slog.Attr) bool {
		line.attrs = append(line.attrs, a)
		return true
	})
	h.to.mu.Lock()
	defer h.to.mu.Unlock()
	h.to.lines = append(h.to.lines, line)
	return nil
}

func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &logHandler{to: h.to, attrs: append(append([]slog.Attr(nil), h.attrs...), attrs...)}
}

func (h *logHandler) WithGroup(string) slog.Handler { return h }
