// Authorize lets only callers with the right role run a flow. See README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/aril-wasm/aril/examples/authorize/authorize"
	"github.com/aril-wasm/aril/examples/internal/show"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

var extension = show.Extension{
	Name: "authorize",
	New:  func() any { return authorize.New() },
	Config: map[string]any{
		"delete":   []string{"admin"},
		"parallel": []string{"admin", "clerk"}, // guests may not do many things at once
	},
	Powers: aril.ReadInput | aril.Skip,
}

// role is who calls.
var role = scope.NewTag(scope.TagConfig[string]{Label: "role"})

// A store counts what was begun and what was done to it.
type store struct{ begun, read, deleted atomic.Int64 }

func (s *store) clean() *scope.Flow[int, int] {
	read := scope.NewFlow(scope.Definition{Name: "read"}, func(context.Context, int) (bool, error) {
		s.read.Add(1)
		return true, nil
	})
	remove := scope.NewFlow(scope.Definition{Name: "delete"}, func(context.Context, int) (bool, error) {
		s.deleted.Add(1)
		return true, nil
	})
	return scope.NewFlow(scope.Definition{Name: "clean"}, func(ctx context.Context, n int) (int, error) {
		if _, err := scope.Exec(ctx, read, n); err != nil {
			return 0, err
		}
		var items []func(context.Context) (bool, error)
		for i := range n {
			items = append(items, func(ctx context.Context) (bool, error) {
				s.begun.Add(1)
				return scope.Exec(ctx, remove, i)
			})
		}
		_, err := scope.Parallel(ctx, items...)
		return n, err
	})
}

func scenario(ctx context.Context, w io.Writer, extensions ...show.Loaded) error {
	s, err := scope.New(ctx, scope.Config{Extensions: []aril.Extension{extensions[0]}})
	if err != nil {
		return err
	}
	for _, who := range []string{"admin", "clerk", "guest"} {
		var st store
		_, err := scope.RunWith(ctx, s, scope.RunConfig{Tags: []scope.Tagged{role.Of(who)}}, st.clean(), 20)
		var refused *aril.Error
		fmt.Fprintf(w, "%s: %v", who, err)
		if errors.As(err, &refused) {
			fmt.Fprintf(w, " (%s)", refused.Code())
		}
		fmt.Fprintln(w)
		fmt.Fprintf(w, "  read %d, items begun %d, deleted %d\n", st.read.Load(), st.begun.Load(), st.deleted.Load())
	}
	return s.Dispose(ctx)
}

func run(ctx context.Context, w io.Writer) error { return show.Run(ctx, w, scenario, extension) }

func main() { show.Main(run) }
