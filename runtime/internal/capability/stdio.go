package capability

import (
	"bytes"
	"context"
	"log/slog"
)

// Stdio joins what a guest writes to its standard streams into lines: Go's
// println makes a call for each word. The zero value is ready. It belongs to
// one activation at a time.
type Stdio struct {
	open [2]openLine
	last lastWords
}

const stderr = 1

// The streams, by descriptor less one, and how their lines are logged.
var streams = [2]struct {
	name  string
	level slog.Level
}{{"stdout", slog.LevelInfo}, {"stderr", slog.LevelError}}

// An openLine is the beginning of a line, as much of it as is kept.
type openLine []byte

// write takes what was written to a stream and gives each line that it ends.
// A line's slice is good until emit returns.
func (l *openLine) write(b []byte, emit func(line []byte)) {
	for {
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			l.add(b)
			return
		}
		l.add(b[:end])
		b = b[end+1:]
		l.flush(emit)
	}
}

// add keeps one byte more than a line may have, so that it is seen to be cut.
func (l *openLine) add(b []byte) {
	*l = append(*l, b[:min(len(b), logLine+1-len(*l))]...)
}

// flush gives the line, unless it is empty: it would say nothing.
func (l *openLine) flush(emit func(line []byte)) {
	if line := bytes.TrimSuffix(*l, []byte{'\r'}); len(line) > 0 {
		emit(line)
	}
	*l = (*l)[:0]
}

// writeStream logs the lines that b ends on a stream.
func (c call) writeStream(stream int, b []byte) {
	c.owner.Stdio().open[stream].write(b, func(line []byte) { logStream(c, c.owner, stream, line) })
}

// FlushStdio logs the lines that the guest began and did not end. Call it when
// an activation is over, also when the guest broke: the last words may be
// there.
func FlushStdio(ctx context.Context, o Owner) {
	s := o.Stdio()
	if s.silent() {
		return
	}
	for i := range s.open {
		s.open[i].flush(func(line []byte) { logStream(over{ctx}, o, i, line) })
	}
	*s = Stdio{}
}

// silent reports whether nothing was written.
func (s *Stdio) silent() bool {
	return s.open[0] == nil && s.open[1] == nil && s.last.text == ""
}

// hear looks for last words in a line of stderr or of the log, and reports
// whether it has any.
func (s *Stdio) hear(o Owner, text string) bool {
	heard := s.last.hear(text)
	if heard {
		o.PanicMessage(s.last.text)
	}
	return heard
}

// A speaker is what logging needs of an activation.
type speaker interface {
	Context() context.Context
	Outside(func())
}

// over is the speaker of an activation that is over.
type over struct{ ctx context.Context }

func (o over) Context() context.Context { return o.ctx }
func (o over) Outside(f func())         { f() }

func logStream(s speaker, o Owner, stream int, line []byte) {
	text, _ := printable(line, logLine)
	if words := o.Stdio(); stream != stderr || words.hear(o, text) || words.last.text == "" {
		o.Logged(text)
	}
	logLineTo(s, o, streams[stream].level, text, slog.String("stream", streams[stream].name))
}
