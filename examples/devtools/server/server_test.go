package server

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
)

const token = "sixteen or more of them"

// A fake is an extension that counts its commands.
type fake struct{ commands atomic.Int64 }

func (f *fake) Call(_ context.Context, method string, args any) (any, error) {
	if method == "initialState" {
		return "initial", nil
	}
	f.commands.Add(1)
	switch args {
	case "malformed":
		return nil, &aril.Error{ErrorCode: "malformed", Message: "unexpected end"}
	case "unknown":
		return nil, &aril.Error{ErrorCode: "not_found", Message: "no such executor"}
	}
	return nil, nil
}

func start(t *testing.T, cfg Config) (s *Server, f *fake, url string) {
	t.Helper()
	cfg.Addr, cfg.Token, cfg.Logger = "127.0.0.1:0", token, slog.New(slog.DiscardHandler)
	s, err := New(cfg)
	require.NoError(t, err)
	f = new(fake)
	addr, err := s.Listen(f)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s, f, "ws://" + addr.String()
}

// dial connects and takes the initial state.
func dial(t *testing.T, url string, header http.Header) *websocket.Conn {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{HTTPHeader: header})
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.CloseNow() })
	conn.SetReadLimit(-1)
	require.Equal(t, "initial", read(t, conn))
	return conn
}

func read(t *testing.T, conn *websocket.Conn) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, message, err := conn.Read(ctx)
	require.NoError(t, err)
	return string(message)
}

// closed waits for the server to close the connection and gives the status.
func closed(t *testing.T, conn *websocket.Conn) websocket.StatusCode {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, _, err := conn.Read(ctx)
	require.Error(t, err)
	return websocket.CloseStatus(err)
}

var withToken = http.Header{"Authorization": {"Bearer " + token}}

func TestWhoMayConnect(t *testing.T) {
	t.Parallel()
	_, _, url := start(t, Config{Origins: []string{"http://localhost:3000"}})
	for _, c := range []struct {
		name, host, path string
		header           http.Header
		status           int
	}{
		{"a program", "", "/", nil, 101},
		{"a program with the token", "", "/", withToken, 101},
		{"a page with the token in the address", "", "/?token=" + strings.ReplaceAll(token, " ", "%20"), http.Header{"Origin": {"http://localhost:3000"}}, 101},
		{"a listed page", "", "/", http.Header{"Origin": {"http://localhost:3000"}}, 101},
		{"a listed page in capitals", "LOCALHOST:9001", "/", http.Header{"Origin": {"HTTP://LOCALHOST:3000"}}, 101},
		{"a page of another site", "", "/", http.Header{"Origin": {"https://evil.example"}}, 403},
		{"a page of another local port", "", "/", http.Header{"Origin": {"http://localhost:3001"}}, 403},
		{"a listed host by another scheme", "", "/", http.Header{"Origin": {"https://localhost:3000"}}, 403},
		{"a page that hides where it is from", "", "/", http.Header{"Origin": {"null"}}, 403},
		{"a page of a site whose name leads here", "evil.example:9001", "/", http.Header{"Origin": {"http://evil.example:9001"}}, 403},
		{"a program that was sent here by another name", "evil.example", "/", nil, 403},
		{"a name that begins like an address", "127.0.0.1.evil.example", "/", nil, 403},
		{"a wrong token", "", "/", http.Header{"Authorization": {"Bearer guess"}}, 401},
		{"a wrong token in the address", "", "/?token=guess", nil, 401},
		{"a part of the token", "", "/", http.Header{"Authorization": {"Bearer " + token[:16]}}, 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			conn, resp, err := websocket.Dial(t.Context(), url+c.path, &websocket.DialOptions{HTTPHeader: c.header, Host: c.host})
			require.NotNil(t, resp, "%v", err)
			require.Equal(t, c.status, resp.StatusCode)
			if err == nil {
				require.NoError(t, conn.CloseNow())
			}
		})
	}
}

func TestWhatIsNotWebSocketIsRefused(t *testing.T) {
	t.Parallel()
	_, _, url := start(t, Config{})
	resp, err := http.Get("http" + strings.TrimPrefix(url, "ws"))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusUpgradeRequired, resp.StatusCode)
}

func TestHostileClientsAreCutOffAndOthersServed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		header   http.Header
		attack   func(context.Context, *websocket.Conn) error
		status   websocket.StatusCode
		commands int64 // at most
	}{
		{"a command without the token", nil, send("release"), websocket.StatusPolicyViolation, 0},
		{"a malformed command", withToken, send("malformed"), websocket.StatusInvalidFramePayloadData, 1},
		{"the largest message", withToken, send(strings.Repeat("x", maxCommand)), 0, 1},
		{"a message that is one byte too large", withToken, send(strings.Repeat("x", maxCommand+1)), websocket.StatusMessageTooBig, 0},
		{"a message without end", withToken, endless, websocket.StatusMessageTooBig, 0},
		{"a binary message", withToken, func(ctx context.Context, conn *websocket.Conn) error {
			return conn.Write(ctx, websocket.MessageBinary, []byte("release"))
		}, websocket.StatusUnsupportedData, 0},
		{"a flood", withToken, flood, websocket.StatusPolicyViolation, 9_999},
		{"an unknown executor", withToken, send("unknown"), 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, f, url := start(t, Config{})
			bystander := dial(t, url, nil)
			conn := dial(t, url, c.header)
			go func() { _ = c.attack(t.Context(), conn) }()
			if c.status == 0 {
				require.Eventually(t, func() bool { return f.commands.Load() == c.commands }, 30*time.Second, time.Millisecond)
				s.Broadcast("still here")
				require.Equal(t, "still here", read(t, conn))
			} else {
				require.Equal(t, c.status, closed(t, conn))
				require.LessOrEqual(t, f.commands.Load(), c.commands)
				s.Broadcast("still here")
			}
			require.Equal(t, "still here", read(t, bystander))
		})
	}
}

func send(message string) func(context.Context, *websocket.Conn) error {
	return func(ctx context.Context, conn *websocket.Conn) error {
		return conn.Write(ctx, websocket.MessageText, []byte(message))
	}
}

func flood(ctx context.Context, conn *websocket.Conn) error {
	for range 10_000 {
		if err := conn.Write(ctx, websocket.MessageText, []byte("release")); err != nil {
			return err
		}
	}
	return nil
}

func endless(ctx context.Context, conn *websocket.Conn) error {
	w, err := conn.Writer(ctx, websocket.MessageText)
	for err == nil {
		_, err = w.Write(make([]byte, 4096))
	}
	return err
}

func TestAClientThatDoesNotReadIsDroppedAndNobodyWaits(t *testing.T) {
	t.Parallel()
	s, _, url := start(t, Config{})
	reader := dial(t, url, nil)
	dial(t, url, nil) // reads no more
	require.Equal(t, 2, s.count())

	message := strings.Repeat("x", 1<<20)
	for i := 0; s.count() == 2; i++ {
		require.Less(t, i, 64, "it is still there")
		s.Broadcast(message)
		require.Equal(t, message, read(t, reader))
	}
	require.Equal(t, 1, s.count())
	s.Broadcast("still here")
	require.Equal(t, "still here", read(t, reader))
}

func (s *Server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.clients)
}

func TestOnlySoManyClientsAreLetIn(t *testing.T) {
	t.Parallel()
	s, _, url := start(t, Config{})
	var first *websocket.Conn
	for i := range maxClients {
		conn := dial(t, url, nil)
		if i == 0 {
			first = conn
		}
	}
	_, resp, err := websocket.Dial(t.Context(), url, nil)
	require.Error(t, err)
	require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)

	require.NoError(t, first.Close(websocket.StatusNormalClosure, ""))
	require.Eventually(t, func() bool { return s.count() < maxClients }, 30*time.Second, time.Millisecond)
	dial(t, url, nil)
}

func TestCloseDropsClientsAndReturns(t *testing.T) {
	t.Parallel()
	s, _, url := start(t, Config{})
	conn := dial(t, url, withToken)
	require.NoError(t, s.Close())
	closed(t, conn)
	_, _, err := websocket.Dial(t.Context(), url, nil)
	require.Error(t, err)
	s.Broadcast("to nobody")
}

func TestChangesWhileAClientConnectsComeAfterTheInitialState(t *testing.T) {
	t.Parallel()
	s, err := New(Config{Addr: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	addr, err := s.Listen(caller(func() { s.Broadcast("a change") }))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	conn := dial(t, "ws://"+addr.String(), nil)
	require.Equal(t, "a change", read(t, conn))
}

// A caller is an extension in whose scope something happens while it is asked.
type caller func()

func (c caller) Call(context.Context, string, any) (any, error) {
	c()
	return "initial", nil
}

func TestTheRateIsPerSecondWithSomeAtOnce(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	b := newBucket(now)
	taken := func() (n int) {
		for b.take(now) {
			n++
		}
		return n
	}
	require.Equal(t, burst, taken())
	now = now.Add(time.Second)
	require.Equal(t, perSecond, taken())
	now = now.Add(time.Hour)
	require.Equal(t, burst, taken(), "no more however long it waits")
}

func TestAnUnsafeConfigIsRefused(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]Config{
		"any address":         {Addr: ":9001"},
		"all addresses":       {Addr: "0.0.0.0:9001"},
		"a network's address": {Addr: "192.168.1.7:9001"},
		"a name":              {Addr: "devtools.example:9001"},
		"a token to guess":    {Token: "short"},
		"every page":          {Origins: []string{"*"}},
		"pages by pattern":    {Origins: []string{"http://*.example"}},
		"a page's path":       {Origins: []string{"http://localhost:3000/app"}},
		"no scheme":           {Origins: []string{"localhost:3000"}},
	} {
		_, err := New(cfg)
		require.Error(t, err, name)
	}
	s, err := New(Config{})
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:9001", s.cfg.Addr)
	for _, addr := range []string{"[::1]:9001", "localhost:0", "127.8.8.8:1"} {
		_, err := New(Config{Addr: addr})
		require.NoError(t, err, addr)
	}
}

func TestWithoutATokenNobodyMayCommand(t *testing.T) {
	t.Parallel()
	s, err := New(Config{})
	require.NoError(t, err)
	for header, want := range map[string][2]bool{"": {false, true}, "Bearer ": {false, true}, "Bearer x": {false, false}} {
		r, err := http.NewRequest("GET", "/", nil)
		require.NoError(t, err)
		r.Header.Set("Authorization", header)
		may, ok := s.mayCommand(r)
		require.Equal(t, want, [2]bool{may, ok}, header)
	}
}
