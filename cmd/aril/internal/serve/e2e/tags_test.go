//go:build linux

package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// tagged reads with a tag.
func (s *server) tagged(path, tag string) *answer {
	s.t.Helper()
	return s.do(call{method: http.MethodGet, path: path, header: map[string]string{"If-None-Match": tag}})
}

// A tag that a client has kept never stands for what it has not seen: not after
// a write, not after a publish, not after a restart with other definitions, and
// not at another process.
func TestATagIsForOneRepresentation(t *testing.T) {
	t.Parallel()
	dir := directory(t, versioned("1")...)
	srv := serve(t, setup{definitions: dir})
	id := srv.begin("orders", "", nil)
	path := instances("orders") + "/" + id
	first := srv.do(call{method: http.MethodGet, path: path}).header.Get("ETag")
	require.NotEmpty(t, first)
	require.Equal(t, http.StatusNotModified, srv.tagged(path, first).status)

	a := srv.do(move("orders", id, "add", map[string]any{"n": 1}))
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	a = srv.tagged(path, first)
	require.Equal(t, http.StatusOK, a.status, "after a write")
	require.Equal(t, map[string]any{"n": 1.0}, a.object(t)["attributes"], "a write is seen by its writer")
	written := a.header.Get("ETag")

	require.Equal(t, http.StatusOK, srv.do(publish(extension("other", output("1"), nil))).status)
	a = srv.tagged(path, written)
	require.Equal(t, http.StatusOK, a.status, "after a publish")
	published := a.header.Get("ETag")

	srv.kill()
	srv.start()
	require.Equal(t, http.StatusNotModified, srv.tagged(path, published).status, "after a restart with the same definitions")
	srv.kill()
	write(t, dir, versioned("2")...)
	srv.start()
	a = srv.tagged(path, published)
	require.Equal(t, http.StatusOK, a.status, "after a restart with other definitions")
	require.Equal(t, map[string]any{"value": 2.0}, a.object(t)["extensions"])
	srv.quiet()
}
