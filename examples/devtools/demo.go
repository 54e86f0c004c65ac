package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"

	"github.com/coder/websocket"

	"github.com/aril-wasm/aril/examples/devtools/server"
	"github.com/aril-wasm/aril/examples/internal/show"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

func run(ctx context.Context, w io.Writer) error {
	var l link
	return show.Run(ctx, w, l.scenario, l.extension())
}

const token = "an example's token"

func (l *link) scenario(ctx context.Context, w io.Writer, extensions ...show.Loaded) error {
	s, err := scope.New(ctx, scope.Config{Extensions: []aril.Extension{extensions[0]}, Registry: []scope.AnyExecutor{sale, theme, user, page}})
	if err != nil {
		return err
	}
	socket, err := server.New(server.Config{Addr: "127.0.0.1:0", Token: token, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	addr, err := socket.Listen(extensions[0])
	if err != nil {
		return err
	}
	l.server.Store(socket)
	err = developers(ctx, w, s, "ws://"+addr.String())
	return errors.Join(err, s.Dispose(ctx), socket.Close())
}

// developers are one with the token, one without, and a web page.
func developers(ctx context.Context, w io.Writer, s *scope.Scope, url string) error {
	_, err1 := scope.Resolve(ctx, s, sale)
	_, err2 := scope.Resolve(ctx, s, theme)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	_, err := dial(ctx, w, url, http.Header{"Origin": {"https://evil.example"}})
	fmt.Fprintln(w, "from a web page:", err)
	guest, err := dial(ctx, w, url, nil)
	if err != nil {
		return err
	}
	if err := guest.receive(ctx, 1); err != nil {
		return err
	}
	fmt.Fprintln(w, "without the token:", guest.send(ctx, `{"type":"release-executor","payload":{"name":"theme"}}`, 1))

	dev, err := dial(ctx, w, url, http.Header{"Authorization": {"Bearer " + token}})
	if err != nil {
		return err
	}
	if err := dev.receive(ctx, 1); err != nil {
		return err
	}
	fmt.Fprintln(w, "the program resolves page")
	if _, err := scope.Resolve(ctx, s, page); err != nil {
		return err
	}
	if err := dev.receive(ctx, 2); err != nil { // user, page
		return err
	}
	// Updates and what follows from them; a release, which nobody is told of.
	// Commands are carried out one after the other: when sale is about to
	// change, the release is over.
	for _, step := range []struct {
		command string
		answers int
	}{
		{`{"type":"update-executor","payload":{"name":"theme","value":"dark"}}`, 2},
		{`{"type":"update-executor","payload":{"name":"user","value":{"visits":7}}}`, 2},
		{`{"type":"release-executor","payload":{"name":"user"}}`, 0},
		{`{"type":"update-executor","payload":{"name":"sale","value":true}}`, 1},
	} {
		if err := dev.send(ctx, step.command, step.answers); err != nil {
			return err
		}
	}
	fmt.Fprintln(w, "the program resolves page")
	if _, err := scope.Resolve(ctx, s, page); err != nil {
		return err
	}
	if err := dev.receive(ctx, 2); err != nil { // user, page
		return err
	}
	return dev.conn.Close(websocket.StatusNormalClosure, "")
}

// A developer is a WebSocket client.
type developer struct {
	w    io.Writer
	conn *websocket.Conn
}

func dial(ctx context.Context, w io.Writer, url string, header http.Header) (*developer, error) {
	conn, resp, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPHeader: header})
	if err != nil && resp != nil {
		return nil, errors.New(resp.Status)
	}
	return &developer{w, conn}, err
}

var timestamp = regexp.MustCompile(`"timestamp":\d+`)

// receive prints so many messages, without their times.
func (d *developer) receive(ctx context.Context, messages int) error {
	for range messages {
		_, message, err := d.conn.Read(ctx)
		var closed websocket.CloseError
		if errors.As(err, &closed) {
			return fmt.Errorf("closed with %d, %s", closed.Code, closed.Reason)
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(d.w, "< %s\n", timestamp.ReplaceAll(message, []byte(`"timestamp":…`)))
	}
	return nil
}

func (d *developer) send(ctx context.Context, command string, answers int) error {
	fmt.Fprintf(d.w, "> %s\n", command)
	if err := d.conn.Write(ctx, websocket.MessageText, []byte(command)); err != nil {
		return err
	}
	return d.receive(ctx, answers)
}
