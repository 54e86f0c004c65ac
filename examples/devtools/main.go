// Devtools lets a WebSocket client look into a scope and change it. See
// README.md.
package main

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/aril-wasm/aril/examples/devtools/devtools"
	"github.com/aril-wasm/aril/examples/devtools/server"
	"github.com/aril-wasm/aril/examples/internal/show"
	"github.com/aril-wasm/aril/guest-sdk/go/native"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

// A link is what the extension reaches the server through: extensions are
// loaded before it listens.
type link struct{ server atomic.Pointer[server.Server] }

func (l *link) broadcast(message string) {
	if s := l.server.Load(); s != nil {
		s.Broadcast(message)
	}
}

// extension may see values, replace and release them, and hand out messages.
func (l *link) extension() show.Extension {
	return show.Extension{
		Name:   "devtools",
		New:    func() any { return devtools.New() },
		Powers: aril.ReadInput | aril.ReadResult | aril.ChangeInput | aril.Skip,
		Grants: []aril.Capability{aril.State, scope.Capability, {Module: "acme_devtools_v1", Functions: []aril.Function{
			aril.Func("broadcast", func(_ context.Context, _ *aril.Call, message string) (any, error) {
				l.broadcast(message)
				return nil, nil
			}),
		}}},
		Functions: map[string]func(context.Context, any) (any, error){
			"acme_devtools_v1.broadcast": func(_ context.Context, message any) (any, error) {
				l.broadcast(message.(string))
				return nil, nil
			},
		},
	}
}

// serve lets developers in until ctx ends, while the program goes on.
func serve(ctx context.Context, w io.Writer, addr string) error {
	var l link
	e := l.extension()
	extension, err := native.New(e.Name, e.New(), native.Config{Powers: e.Powers, Functions: e.Functions})
	if err != nil {
		return err
	}
	s, err := scope.New(ctx, scope.Config{Extensions: []aril.Extension{extension}})
	if err != nil {
		return err
	}
	defer s.Dispose(context.WithoutCancel(ctx))
	token := rand.Text()
	socket, err := server.New(server.Config{Addr: addr, Token: token})
	if err != nil {
		return err
	}
	bound, err := socket.Listen(extension)
	if err != nil {
		return err
	}
	defer socket.Close()
	l.server.Store(socket)
	// A client that is quick finds something to update.
	if _, err := scope.Resolve(ctx, s, page); err != nil {
		return err
	}
	fmt.Fprintf(w, "ws://%s/?token=%s\n", bound, token)

	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		_, err := scope.Resolve(ctx, s, page) // a client may have released it
		if err == nil {
			err = scope.Update(ctx, s, user, func(u customer) (customer, error) { u.Visits++; return u, nil })
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case <-second.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func main() {
	listen := flag.String("serve", "", "do not run the demo, but serve on this `address`, such as "+server.DefaultAddr)
	flag.Parse()
	show.Main(func(ctx context.Context, w io.Writer) error {
		if *listen != "" {
			return serve(ctx, w, *listen)
		}
		return run(ctx, w)
	})
}
