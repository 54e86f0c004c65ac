//go:build linux

package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// value is what the extension "value" of an instance says.
func (s *server) value(id string) any {
	s.t.Helper()
	x, _ := s.get(instances("orders") + "/" + id)["extensions"].(map[string]any)
	return x["value"]
}

// becomes waits until the extension "value" says something.
func (s *server) becomes(id string, want float64) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return s.value(id) == want }, patience, 20*time.Millisecond, "%v is not served", want)
}

// stays reads for a while and sees one value.
func (s *server) stays(id string, want float64) {
	s.t.Helper()
	for range 15 {
		require.Equal(s.t, want, s.value(id))
		time.Sleep(20 * time.Millisecond) // the watcher may not have looked yet
	}
}

// versioned are definitions whose extension says n.
func versioned(n string) []document {
	return []document{workflow("orders", "value"), extension("value", output(n), nil), scriptTask()}
}

func TestBrokenFilesLeaveTheLastGoodVersionServing(t *testing.T) {
	t.Parallel()
	const file = "sys-extensions.value.json"
	for name, breakIt := range map[string]func(t *testing.T, dir string){
		"half a file": func(t *testing.T, dir string) {
			raw, err := os.ReadFile(filepath.Join(dir, file))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, file), raw[:len(raw)/2], 0o600))
		},
		"an empty file": func(t *testing.T, dir string) {
			require.NoError(t, os.Truncate(filepath.Join(dir, file), 0))
		},
		"the task is gone": func(t *testing.T, dir string) {
			require.NoError(t, os.Remove(filepath.Join(dir, "sys-tasks.script.json")))
		},
		"a link that leads out": func(t *testing.T, dir string) {
			require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(dir, "passwd.json")))
		},
		"a link that leads nowhere": func(t *testing.T, dir string) {
			require.NoError(t, os.Symlink("nowhere", filepath.Join(dir, "nowhere.json")))
		},
		"a pipe that nobody writes to": func(t *testing.T, dir string) {
			require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "pipe.json"), 0o600))
		},
		"a file without an end": func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "large.json"), nil, 0o600))
			require.NoError(t, os.Truncate(filepath.Join(dir, "large.json"), 1<<40)) // sparse
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := directory(t, versioned("1")...)
			srv := serve(t, setup{definitions: dir, arguments: []string{"--dev"}})
			id := srv.begin("orders", "", nil)
			srv.becomes(id, 1)
			breakIt(t, dir)
			srv.stays(id, 1)
			entries, err := os.ReadDir(dir)
			require.NoError(t, err)
			for _, e := range entries {
				require.NoError(t, os.Remove(filepath.Join(dir, e.Name())))
			}
			write(t, dir, versioned("2")...)
			srv.becomes(id, 2)
			srv.quiet()
		})
	}
}

// Without --dev the directory is read again when the process is told to.
func TestASignalLoadsTheDirectoryAgain(t *testing.T) {
	t.Parallel()
	dir := directory(t, versioned("1")...)
	srv := serve(t, setup{definitions: dir})
	id := srv.begin("orders", "", nil)
	srv.becomes(id, 1)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "broken.json"), []byte(`{"flow":`), 0o600))
	write(t, dir, versioned("2")...)
	srv.signal(syscall.SIGHUP)
	require.Eventually(t, func() bool { return strings.Contains(srv.said(), "definitions refused") }, patience, 10*time.Millisecond)
	require.Equal(t, 1.0, srv.value(id), "the last good version serves")
	require.NoError(t, os.Remove(filepath.Join(dir, "broken.json")))
	srv.signal(syscall.SIGHUP)
	srv.becomes(id, 2)
	for range 50 {
		srv.signal(syscall.SIGHUP)
	}
	srv.stays(id, 2)
	srv.quiet()
}

func TestTheDirectoryMayBeReplaced(t *testing.T) {
	t.Parallel()
	t.Run("by renaming another to its name", func(t *testing.T) {
		t.Parallel()
		dir := directory(t, versioned("1")...)
		srv := serve(t, setup{definitions: dir, arguments: []string{"--dev"}})
		id := srv.begin("orders", "", nil)
		srv.becomes(id, 1)
		write(t, dir+".new", versioned("2")...)
		require.NoError(t, os.Rename(dir, dir+".old"))
		require.NoError(t, os.Rename(dir+".new", dir))
		srv.becomes(id, 2)
		write(t, dir, versioned("3")...)
		srv.becomes(id, 3)
		srv.quiet()
	})
	t.Run("by switching the link to it", func(t *testing.T) {
		t.Parallel()
		root := t.TempDir()
		write(t, filepath.Join(root, "1"), versioned("1")...)
		write(t, filepath.Join(root, "2"), versioned("2")...)
		link := filepath.Join(root, "current")
		require.NoError(t, os.Symlink("1", link))
		srv := serve(t, setup{definitions: link, arguments: []string{"--dev"}})
		id := srv.begin("orders", "", nil)
		srv.becomes(id, 1)
		require.NoError(t, os.Symlink("2", link+".new"))
		require.NoError(t, os.Rename(link+".new", link))
		srv.becomes(id, 2)
		write(t, filepath.Join(root, "2"), versioned("3")...)
		srv.becomes(id, 3)
		srv.quiet()
	})
	t.Run("by links in it, as Kubernetes mounts a ConfigMap", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		write(t, filepath.Join(dir, "..1"), versioned("1")...)
		write(t, filepath.Join(dir, "..2"), versioned("2")...)
		require.NoError(t, os.Symlink("..1", filepath.Join(dir, "..data")))
		for _, name := range []string{"sys-flows.orders.json", "sys-extensions.value.json", "sys-tasks.script.json"} {
			require.NoError(t, os.Symlink(filepath.Join("..data", name), filepath.Join(dir, name)))
		}
		srv := serve(t, setup{definitions: dir, arguments: []string{"--dev"}})
		id := srv.begin("orders", "", nil)
		srv.becomes(id, 1)
		require.NoError(t, os.Symlink("..2", filepath.Join(dir, "..tmp")))
		require.NoError(t, os.Rename(filepath.Join(dir, "..tmp"), filepath.Join(dir, "..data")))
		srv.becomes(id, 2)
		srv.quiet()
	})
}

func TestADirectoryWithAPipeDoesNotHangTheStart(t *testing.T) {
	t.Parallel()
	dir := directory(t, versioned("1")...)
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "pipe.json"), 0o600))
	srv := &server{setup: setup{definitions: dir, database: "sqlite::memory:"}, t: t, log: filepath.Join(t.TempDir(), "log")}
	srv.address, srv.admin = freeAddress(t), freeAddress(t)
	srv.launch()
	t.Cleanup(srv.kill)
	require.NotZero(t, srv.awaitEnd(), "it began with a definition that it cannot read")
	require.Contains(t, strings.ToLower(srv.lastWords()), "pipe.json")
}

func TestWhatSharesAKeyWithTheDirectoryIsRefused(t *testing.T) {
	t.Parallel()
	srv := serve(t, setup{definitions: directory(t, versioned("1")...)})
	id := srv.begin("orders", "", nil)
	a := srv.do(publish(extension("value", output("2"), nil)))
	require.Equal(t, http.StatusBadRequest, a.status, "%s", a.body)
	a.problem(t, "publish")
	require.Equal(t, 1.0, srv.value(id))
}
