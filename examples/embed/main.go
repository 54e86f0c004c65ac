// Command embed is a small web shop whose operations pass through extensions.
// It runs a demo, or with -listen stays up as a server. See README.md.
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
)

func main() {
	listen := flag.String("listen", "", "serve on this `address` until interrupted; without it, run the demo")
	dir := flag.String("extensions", "", "`directory` of retry.wasm, audit.wasm and hostile.wasm; without it, build them from source")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *listen, *dir, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "embed:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, listen, dir string, w io.Writer) (err error) {
	if dir == "" {
		if dir, err = os.MkdirTemp("", "aril-embed-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		if err := buildExtensions(ctx, dir); err != nil {
			return err
		}
	}
	addr, log := listen, slog.Default()
	if listen == "" {
		addr, log = "127.0.0.1:0", slog.New(slog.DiscardHandler)
	}
	return serve(ctx, "127.0.0.1:0", flakySupplier(), func(supplier string) (err error) {
		s, err := newService(ctx, dir, supplier, log)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.close(context.WithoutCancel(ctx))) }()
		return serve(ctx, addr, s.handler(), func(address string) error {
			if listen == "" {
				return demo(ctx, w, s, address)
			}
			fmt.Fprintln(w, "serving on", address)
			<-ctx.Done()
			return nil
		})
	})
}

// serve serves HTTP at addr while work runs, and lets requests end for five
// seconds after that.
func serve(ctx context.Context, addr string, h http.Handler, work func(url string) error) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	err = work("http://" + l.Addr().String())
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err = errors.Join(err, server.Shutdown(ctx))
	if end := <-served; end != http.ErrServerClosed {
		err = errors.Join(err, end)
	}
	return err
}
