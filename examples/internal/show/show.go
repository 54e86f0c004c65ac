// Package show runs the scenario of an example twice: with its extensions as
// ordinary Go in this program, and with the same sources built to WebAssembly
// and sandboxed. Both must print the same.
package show

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"strings"

	"github.com/aril-wasm/aril/guest-sdk/go/native"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

// An Extension is one source and the two ways to run it.
type Extension struct {
	// Name is what the host calls it.
	Name string

	// New makes it, for the native run.
	New func() any

	// Package is its main package for the sandboxed run. Default: "ext" in the
	// example that has the extension's name.
	Package string

	// Config is its configuration. Default none.
	Config any

	// Powers are what it may do to operations. Zero means all of them.
	Powers aril.Powers

	// Filters are the operations that it is shown. Default all.
	Filters []aril.Filter

	// Grants are what the module may import beside the default capabilities.
	Grants []aril.Capability

	// EventFuel is how much an event may compute in the sandbox: aril.Limits has
	// the same field. Default: the runtime's.
	EventFuel int64

	// Functions answer functions of the host program's own capabilities in the
	// native run, by module and name: native.Config has the same field.
	Functions map[string]func(ctx context.Context, argument any) (any, error)
}

// A Loaded is an extension that is ready for a scope or a pipeline, and whose
// methods the host can call.
type Loaded interface {
	aril.Extension
	scope.Caller
}

// A Scenario is what an example shows. It gets the extensions in the order in
// which [Run] got them, and prints what happens.
type Scenario func(ctx context.Context, w io.Writer, extensions ...Loaded) error

// Run runs the scenario natively and then sandboxed, and prints both to w. It
// is an error if they differ. What extensions log is printed among the rest.
func Run(ctx context.Context, w io.Writer, scenario Scenario, extensions ...Extension) error {
	var printed [2]string
	for i, mode := range []struct {
		title string
		load  func(context.Context, *slog.Logger, []Extension) ([]Loaded, func() error, error)
	}{
		{"native", loadNative},
		{"sandboxed", loadSandboxed},
	} {
		var out bytes.Buffer
		err := runOnce(ctx, &out, scenario, extensions, mode.load)
		printed[i] = out.String()
		fmt.Fprintf(w, "%s:\n", mode.title)
		for line := range strings.Lines(printed[i]) {
			fmt.Fprintf(w, "  %s", line)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", mode.title, err)
		}
	}
	if printed[0] != printed[1] {
		return errors.New("the sandboxed extension did not do what the native one did")
	}
	return nil
}

func runOnce(ctx context.Context, out *bytes.Buffer, scenario Scenario, extensions []Extension,
	load func(context.Context, *slog.Logger, []Extension) ([]Loaded, func() error, error),
) error {
	w := &lockedWriter{w: out}
	loaded, unload, err := load(ctx, slog.New(&logHandler{w: w}), extensions)
	if err != nil {
		return err
	}
	return errors.Join(scenario(ctx, w, loaded...), unload())
}

func loadNative(_ context.Context, logger *slog.Logger, extensions []Extension) ([]Loaded, func() error, error) {
	var loaded []Loaded
	for _, e := range extensions {
		x, err := native.New(e.Name, e.New(), native.Config{Config: e.Config, Powers: e.Powers, Filters: e.Filters, Functions: e.Functions, Logger: logger})
		if err != nil {
			return nil, nil, err
		}
		loaded = append(loaded, x)
	}
	return loaded, func() (err error) {
		for _, x := range loaded {
			err = errors.Join(err, x.(*native.Extension).Close(context.Background()))
		}
		return err
	}, nil
}

// Main is the main function of an example. It ends the program with status 1
// if run fails.
func Main(run func(ctx context.Context, w io.Writer) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		log.Fatal(err)
	}
}
