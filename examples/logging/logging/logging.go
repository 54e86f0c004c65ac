// Package logging is an extension that logs every operation, of whatever kind,
// when it starts and when it ends.
package logging

import "github.com/aril-wasm/aril/guest-sdk/go/guest"

// A Logging is the extension. Its configuration is durations, whether lines
// say how many milliseconds an operation took; default true.
type Logging struct{ durations bool }

// New makes the extension.
func New() *Logging { return &Logging{} }

// Init reads the configuration.
func (l *Logging) Init(cfg guest.Config) (err error) {
	l.durations, err = guest.Or(cfg.Get("durations"), true)
	return err
}

// Wrap looks on. The depth tells operations from those inside of them.
func (l *Logging) Wrap(op *guest.Operation, next guest.Next) (guest.Value, error) {
	about := []any{"name", op.Name(), "depth", op.Depth()}
	guest.Log.Info("["+op.Kind()+"] Starting", about...)
	start := guest.Monotonic()
	result, err := next()
	if l.durations {
		about = append(about, "ms", int64((guest.Monotonic()-start)/guest.Millisecond))
	}
	if err != nil {
		guest.Log.Error("["+op.Kind()+"] Failed", append(about, "error", err)...)
	} else {
		guest.Log.Info("["+op.Kind()+"] Completed", about...)
	}
	return result, err
}
