package main

import (
	"log/slog"
	"time"

	"github.com/lmittmann/tint"

	"github.com/aril-wasm/aril/cmd/aril/internal/ui"
)

// humanLog is a log for a person who looks on: the time of day, the level, the
// message, the rest; in colours where the terminal has them.
func humanLog(w *ui.Screen, level slog.Level) slog.Handler {
	return tint.NewHandler(w, &tint.Options{Level: level, TimeFormat: time.TimeOnly, NoColor: !w.Colours()})
}
