package serve

import (
	"context"
	"log/slog"
)

// told are what enrich logs of definitions. A developer is told of them in
// more words.
var told = map[string]bool{"definitions published": true, "definitions refused": true, "definition": true}

// definitionsLog is where the Enricher logs.
func (s *Service) definitionsLog() *slog.Logger {
	if !s.config.Dev {
		return s.config.Logger
	}
	return slog.New(untold{s.config.Logger.Handler()})
}

// An untold leaves out what a developer is told anyway.
type untold struct{ slog.Handler }

func (u untold) Handle(ctx context.Context, r slog.Record) error {
	if told[r.Message] {
		return nil
	}
	return u.Handler.Handle(ctx, r)
}

func (u untold) WithAttrs(attrs []slog.Attr) slog.Handler { return untold{u.Handler.WithAttrs(attrs)} }
func (u untold) WithGroup(name string) slog.Handler       { return untold{u.Handler.WithGroup(name)} }
