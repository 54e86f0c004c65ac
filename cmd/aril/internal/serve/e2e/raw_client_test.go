//go:build linux

package e2e

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/stretchr/testify/require"
)

// dial opens a connection that no client library tidies up.
func (s *server) dial() *net.TCPConn {
	s.t.Helper()
	c, err := net.DialTimeout("tcp", s.address, patience)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = c.Close() })
	return c.(*net.TCPConn)
}

// exchange sends bytes and reads responses until the server closes the
// connection, has answered want times, or says nothing more for wait: hung.
func (s *server) exchange(sent string, want int, wait time.Duration) (got []*answer, hung bool) {
	s.t.Helper()
	c, err := net.DialTimeout("tcp", s.address, patience)
	if err != nil {
		return nil, true
	}
	defer c.Close()
	go func() { _, _ = io.WriteString(c, sent) }() // the server may stop listening in the middle
	r := bufio.NewReader(c)
	for len(got) < want {
		_ = c.SetReadDeadline(time.Now().Add(wait)) // it fails where the next read does
		method := http.MethodGet
		if strings.HasPrefix(sent, "HEAD ") {
			method = http.MethodHead
		}
		response, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			return got, errors.Is(err, os.ErrDeadlineExceeded)
		}
		body, err := io.ReadAll(response.Body)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return got, true
		}
		if response.StatusCode >= 200 {
			got = append(got, &answer{response.StatusCode, response.Header, body})
		}
	}
	return got, false
}

// exchangeAll does many exchanges at once. Some leave the server waiting for
// more, which it gets a second to say.
func (s *server) exchangeAll(sent map[string]string, want int) map[string][]*answer {
	s.t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	all := map[string][]*answer{}
	for name, text := range sent {
		wg.Go(func() {
			got, _ := s.exchange(text, want, time.Second)
			mu.Lock()
			defer mu.Unlock()
			all[name] = got
		})
	}
	wg.Wait()
	s.alive()
	return all
}

// one is exchange for a request that gets one answer.
func (s *server) one(what, sent string) *answer {
	s.t.Helper()
	got, hung := s.exchange(sent, 1, patience)
	require.False(s.t, hung, "%s: no answer", what)
	s.alive()
	require.Len(s.t, got, 1, what)
	return got[0]
}

// dribble opens a connection, writes a beginning at once and then a text,
// repeated, a byte at a time. Where the server has had enough of it, it begins
// again, until the test ends.
func (s *server) dribble(ctx context.Context, begin, text string, pause time.Duration) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for ctx.Err() == nil {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", s.address)
		if err != nil {
			<-tick.C
			continue
		}
		stop := context.AfterFunc(ctx, func() { _ = c.Close() })
		_, err = io.WriteString(c, begin)
		for i := 0; err == nil; i++ {
			<-tick.C
			_, err = c.Write([]byte{text[i%len(text)]})
		}
		stop()
		_ = c.Close()
	}
}
