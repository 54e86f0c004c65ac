// Command enrichment serves an API that stands, enriched by extensions whose
// definitions are files. It runs a demo, or with -listen stays up as a server.
// See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/enrich"
)

func main() {
	listen := flag.String("listen", "", "serve on this `address` until interrupted; without it, run the demo")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *listen, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "enrichment:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, listen string, w io.Writer) error {
	return serve(ctx, "127.0.0.1:0", backend(), func(backend string) (err error) {
		dir, err := prepare(ctx, backend)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		e, err := newEnricher(ctx, dir, backend)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, e.Close(context.WithoutCancel(ctx))) }()

		api := e.Middleware(enrich.MiddlewareConfig{})(bank())
		return serve(ctx, orElse(listen, "127.0.0.1:0"), api, func(api string) error {
			if listen == "" {
				return demo(ctx, w, api)
			}
			fmt.Fprintln(w, "serving on", api)
			<-ctx.Done()
			return nil
		})
	})
}

// newEnricher is all that a host needs: where the definitions are, and whom
// their tasks may ask.
func newEnricher(ctx context.Context, dir, backend string) (*enrich.Enricher, error) {
	e, err := enrich.New(ctx, enrich.Config{
		HTTP:   aril.HTTPConfig{Hosts: []aril.HTTPHost{{Pattern: backend}}},
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return nil, err
	}
	if _, err := e.LoadDir(ctx, dir); err != nil {
		return nil, errors.Join(err, e.Close(ctx))
	}
	return e, nil
}

func orElse(s, def string) string {
	if s == "" {
		return def
	}
	return s
}

// serve serves HTTP at addr while work runs, and lets requests end for five
// seconds after that.
func serve(ctx context.Context, addr string, h http.Handler, work func(url string) error) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute,
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	err = work("http://" + l.Addr().String())
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err = errors.Join(err, server.Shutdown(ctx))
	if end := <-served; !errors.Is(end, http.ErrServerClosed) {
		err = errors.Join(err, end)
	}
	return err
}
