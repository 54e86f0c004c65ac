package main

import (
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAPercentileIsTheNearestRank(t *testing.T) {
	t.Parallel()
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(100 - i)
	}
	require.Equal(t, 50.0, percentile(hundred, 50))
	require.Equal(t, 99.0, percentile(hundred, 99))
	require.Equal(t, 100.0, percentile(hundred, 100))
	require.Equal(t, 7.0, percentile([]float64{7}, 1))
	require.Equal(t, 2.0, percentile([]float64{3, 1, 2}, 50))
	require.True(t, math.IsNaN(percentile(nil, 50)))
}

func TestTheTimeOfTheServiceIsWithoutItsWait(t *testing.T) {
	t.Parallel()
	got, err := serverTime(`total;dur=1.250, wait;dur=0.250, extensions;dur=0.700;desc="3"`)
	require.NoError(t, err)
	require.Equal(t, time.Millisecond, got)
	for _, wrong := range []string{"", "wait;dur=1", "total;dur=fast"} {
		_, err := serverTime(wrong)
		require.Error(t, err, wrong)
	}
}

func TestAConnectionIsUsedAgain(t *testing.T) {
	t.Parallel()
	seen := make(chan string, 3)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seen <- r.RemoteAddr + " " + r.Method + " " + r.URL.Path + " " + string(body)
		w.Header().Set("Server-Timing", "total;dur=2.000, wait;dur=0.000")
		w.Header().Set("ETag", `W/"1"`)
		if r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(w, "a body")
	}))
	t.Cleanup(srv.Close)
	c, err := dial(srv.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })

	a, err := c.do(get("/one"), true)
	require.NoError(t, err)
	require.Equal(t, answer{status: 200, tag: `W/"1"`, server: 2 * time.Millisecond, body: []byte("a body")}, a)
	a, err = c.do(get("/two", "If-None-Match", a.tag), false)
	require.NoError(t, err)
	require.Equal(t, answer{status: 304, tag: `W/"1"`, server: 2 * time.Millisecond}, a)
	_, err = c.do(post("/three", `{"a":1}`), false)
	require.NoError(t, err)

	local := c.LocalAddr().(*net.TCPAddr).String()
	require.Equal(t, []string{local + " GET /one ", local + " GET /two ", local + ` POST /three {"a":1}`}, []string{<-seen, <-seen, <-seen})
}

func TestTheFirstErrorOfManyIsGiven(t *testing.T) {
	t.Parallel()
	require.NoError(t, together(8, func(int) error { return nil }))
	require.ErrorIs(t, together(8, func(i int) error {
		if i == 5 {
			return io.ErrUnexpectedEOF
		}
		return nil
	}), io.ErrUnexpectedEOF)
}
