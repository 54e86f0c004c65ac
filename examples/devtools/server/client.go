package server

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	aril "github.com/aril-wasm/aril/runtime"
)

// A client is one connection.
type client struct {
	server   *Server
	name     string
	commands bool // it may send them
	conn     *websocket.Conn
	cancel   context.CancelFunc // ends it
	rate     bucket

	queue chan string // what it has not taken yet
	size  atomic.Int64
}

// offer queues a message. It is false if the client is too far behind.
func (c *client) offer(message string) bool {
	if c.size.Add(int64(len(message))) > maxQueueSize {
		return false
	}
	select {
	case c.queue <- message:
		return true
	default:
		return false
	}
}

// serve serves the client until it goes, or has to.
func (c *client) serve(ctx context.Context) error {
	defer func() { _ = c.conn.CloseNow() }()
	c.conn.SetReadLimit(maxCommand)
	// What changes from here on waits in the queue, behind the initial state.
	state, err := c.call(ctx, "initialState", nil)
	if err != nil {
		return c.close(websocket.StatusInternalError, "no initial state", err)
	}
	text, ok := state.(string)
	if !ok {
		return c.close(websocket.StatusInternalError, "no initial state", fmt.Errorf("it is a %T", state))
	}
	if err := c.write(ctx, text); err != nil {
		return err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer c.cancel()
		c.writeAll(ctx)
	}()
	err = c.readAll(ctx)
	c.cancel()
	<-done
	return err
}

func (c *client) writeAll(ctx context.Context) {
	for {
		select {
		case message := <-c.queue:
			c.size.Add(-int64(len(message)))
			if c.write(ctx, message) != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

func (c *client) write(ctx context.Context, message string) error {
	ctx, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	return c.conn.Write(ctx, websocket.MessageText, []byte(message))
}

func (c *client) readAll(ctx context.Context) error {
	for {
		kind, message, err := c.conn.Read(ctx)
		switch {
		case websocket.CloseStatus(err) == websocket.StatusNormalClosure, websocket.CloseStatus(err) == websocket.StatusGoingAway:
			return nil
		case err != nil:
			return err
		case !c.allowed():
			return c.close(websocket.StatusPolicyViolation, "too many messages", nil)
		case kind != websocket.MessageText:
			return c.close(websocket.StatusUnsupportedData, "commands are text", nil)
		case !c.commands:
			return c.close(websocket.StatusPolicyViolation, "commands need the token", nil)
		}
		_, err = c.call(ctx, "command", string(message))
		var refused *aril.Error
		switch {
		case errors.As(err, &refused) && refused.ErrorCode == "malformed":
			return c.close(websocket.StatusInvalidFramePayloadData, "the command is malformed", err)
		case err != nil:
			c.server.cfg.Logger.Info("devtools command failed", "client", c.name, "error", err)
		}
	}
}

// call calls the extension. A command that has begun is not cut off when the
// client goes.
func (c *client) call(ctx context.Context, method string, args any) (any, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commandTime)
	defer cancel()
	return c.server.extension.Call(ctx, method, args)
}

// close tells the client why, and gives that as an error.
func (c *client) close(code websocket.StatusCode, why string, err error) error {
	_ = c.conn.Close(code, why)
	if err != nil {
		return fmt.Errorf("%s: %w", why, err)
	}
	return errors.New(why)
}

func (c *client) allowed() bool { return c.rate.take(time.Now()) }

// A bucket allows so many messages per second, and some more at once.
type bucket struct {
	tokens float64
	last   time.Time
}

func newBucket(now time.Time) bucket { return bucket{burst, now} }

func (b *bucket) take(now time.Time) bool {
	b.tokens = min(burst, b.tokens+now.Sub(b.last).Seconds()*perSecond)
	b.last = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
