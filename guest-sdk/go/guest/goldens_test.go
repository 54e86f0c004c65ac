package guest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/guest-sdk/go/internal/goldens"
)

// optional gives a golden's key, or the zero value where it is left out.
func optional[T any](m map[string]any, key string) (t T) {
	t, _ = m[key].(T)
	return t
}

// unsigned gives a golden's number.
func unsigned(m map[string]any, key string) uint64 {
	switch n := m[key].(type) {
	case int64:
		return uint64(n)
	case uint64:
		return n
	}
	return 0
}

func TestHeaderGoldensAreRead(t *testing.T) {
	t.Parallel()
	read := map[string]int{}
	for _, c := range goldens.Read(t) {
		want, ok := c.Content.(map[string]any)
		if !ok || c.Refused {
			continue
		}
		a := newActivation(new(instance))
		a.header.reset(c.Bytes)
		read[c.Type]++
		switch c.Type {
		case "operation":
			op := &a.op
			require.Equal(t, want["kind"], op.Kind(), c.Name)
			require.Equal(t, want["name"], op.Name(), c.Name)
			require.Equal(t, optional[string](want, "key"), op.Key(), c.Name)
			require.Equal(t, unsigned(want, "id"), op.ID(), c.Name)
			require.Equal(t, unsigned(want, "root"), op.Root(), c.Name)
			require.Equal(t, unsigned(want, "depth"), uint64(op.Depth()), c.Name)
			require.Equal(t, unsigned(want, "max_next"), uint64(op.MaxNext()), c.Name)
			require.Equal(t, unsigned(want, "powers"), uint64(op.Powers()), c.Name)
			require.Equal(t, want["entropy"], a.header.entropy, c.Name)
			meta, err := op.Meta().Any()
			require.NoError(t, err, c.Name)
			require.Equal(t, want["meta"], meta, c.Name)
		case "init":
			cfg := Config{a: a}
			require.Equal(t, want["name"], cfg.Name(), c.Name)
			require.Equal(t, want["version"], cfg.HostVersion(), c.Name)
			require.Equal(t, unsigned(want, "powers"), uint64(cfg.Powers()), c.Name)
		case "call":
			h := a.header.parse()
			require.Equal(t, want["method"], string(h.method), c.Name)
			require.Equal(t, unsigned(want, "id"), h.id, c.Name)
			require.Equal(t, want["entropy"], h.entropy, c.Name)
		case "event":
			e := &a.event
			require.Equal(t, want["event"], e.Type(), c.Name)
			require.Equal(t, unsigned(want, "id"), e.ID(), c.Name)
			require.Equal(t, unsigned(want, "scope"), e.Scope(), c.Name)
			require.Equal(t, optional[string](want, "name"), e.Name(), c.Name)
			require.Equal(t, want["entropy"], a.header.entropy, c.Name)
		}
	}
	for _, typ := range []string{"operation", "init", "call", "event"} {
		require.NotZero(t, read[typ], typ)
	}
}

func TestErrorGoldensAreReadAndWritten(t *testing.T) {
	t.Parallel()
	read := 0
	for _, c := range goldens.Read(t) {
		if c.Type != "error" || c.Refused {
			continue
		}
		read++
		e, err := decodeError(c.Bytes)
		require.NoError(t, err, c.Name)
		requireError(t, c.Content.(map[string]any), e, c.Name)
		if c.Canonical && e.Code != plainCode {
			b, err := e.append(nil, 1)
			require.NoError(t, err, c.Name)
			require.Equal(t, c.Bytes, b, c.Name)
		}
	}
	require.NotZero(t, read)
}

func requireError(t *testing.T, want map[string]any, e *Error, name string) {
	code := want["code"]
	if code == "" {
		code = plainCode
	}
	require.Equal(t, code, e.Code, name)
	require.Equal(t, want["message"], e.Message, name)
	require.Equal(t, optional[string](want, "kind"), e.Kind, name)
	require.Equal(t, optional[bool](want, "retryable"), e.Retryable, name)
	require.Equal(t, optional[[]byte](want, "handle"), e.handle, name)
	data, err := e.Data.Any()
	require.NoError(t, err, name)
	require.Equal(t, want["data"], data, name)
	cause, ok := want["cause"].(map[string]any)
	if !ok {
		require.Nil(t, e.Cause, name)
		return
	}
	requireError(t, cause, e.Cause.(*Error), name)
}

func TestWrittenErrorsKeepToTheBounds(t *testing.T) {
	t.Parallel()
	long := make([]byte, 100_000)
	for i := range long {
		long[i] = "\u20ac"[i%3]
	}
	e := NewError(string(long), string(long))
	for range 40 {
		e = NewError("c", "m").Wrap(e)
	}
	top := NewError(string(long), "\xff"+string(long))
	top.Cause = e
	b, err := top.append(nil, 1)
	require.NoError(t, err)
	got, err := decodeError(b)
	require.NoError(t, err)
	require.Len(t, got.Code, 255)
	require.Len(t, got.Message, 65535)
	depth := 1
	for next := got.Cause; next != nil; next = next.(*Error).Cause {
		depth++
	}
	require.Equal(t, maxErrors, depth)
}

func TestAMalformedHeaderEndsTheActivation(t *testing.T) {
	t.Parallel()
	for _, b := range []string{"", "\x81\xa4kind", "\x81\xa2id\xff", "\xc1", "\x90"} {
		a := newActivation(new(instance))
		a.header.reset([]byte(b))
		require.Panics(t, func() { a.header.parse() }, "%q", b)
	}
}
