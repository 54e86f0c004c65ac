package guard

import (
	"container/list"
	"net"
	"net/http"
	"sync"
)

// connections limits how many there are. At the limit those that only wait for
// a next request, or never sent a first byte, make room: so nobody keeps the
// others out by opening connections and doing nothing. What sends a header or
// a body is bounded by time.
type connections struct {
	most int

	mu   sync.Mutex
	room *sync.Cond
	open int
	idle *list.List // net.Conn, the one longest idle first
	at   map[net.Conn]*list.Element
}

func newConnections(most int) *connections {
	c := &connections{most: max(1, most), idle: list.New(), at: map[net.Conn]*list.Element{}}
	c.room = sync.NewCond(&c.mu)
	return c
}

// state is http.Server.ConnState.
func (c *connections) state(conn net.Conn, s http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch s {
	case http.StateNew, http.StateIdle:
		c.at[conn] = c.idle.PushBack(conn)
		c.room.Broadcast()
	default:
		if e := c.at[conn]; e != nil {
			c.idle.Remove(e)
			delete(c.at, conn)
		}
	}
}

// enter waits for room for one more; false when the listener is closed.
func (c *connections) enter(closed func() bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.open >= c.most {
		if closed() {
			return false
		}
		if e := c.idle.Front(); e != nil {
			conn := c.idle.Remove(e).(net.Conn)
			delete(c.at, conn)
			go conn.Close() // TLS says good-bye, which may take its time
		}
		c.room.Wait()
	}
	c.open++
	return true
}

func (c *connections) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open--
	c.room.Broadcast()
}

func (c *connections) listener(l net.Listener) net.Listener {
	return &limitedListener{Listener: l, connections: c}
}

type limitedListener struct {
	net.Listener
	connections *connections
	closed      bool // guarded by connections.mu
}

// Accept takes a connection first and then makes room for it: an idle one is
// closed only for one that is there.
func (l *limitedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if !l.connections.enter(func() bool { return l.closed }) {
		conn.Close()
		return nil, net.ErrClosed
	}
	return &limitedConn{Conn: conn, leave: l.connections.leave}, nil
}

// Close ends Accept.
func (l *limitedListener) Close() error {
	c := l.connections
	c.mu.Lock()
	l.closed = true
	c.room.Broadcast()
	c.mu.Unlock()
	return l.Listener.Close()
}

type limitedConn struct {
	net.Conn
	once  sync.Once
	leave func()
}

// Close makes room.
func (c *limitedConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(c.leave)
	return err
}
