//go:build linux

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience is how long anything may take before it counts as hanging.
const patience = 60 * time.Second

// A setup is what a server is started with. Only definitions must be there.
type setup struct {
	definitions string // a directory
	database    string // default: an SQLite file of its own
	tokens      string // a file
	arguments   []string
}

// A server is one run of the binary.
type server struct {
	setup
	t       testing.TB
	token   string // of those calls that have none
	address string // host:port
	admin   string
	log     string // the file with all it says
	command *exec.Cmd
	ended   chan struct{} // closed when the process is gone
	client  *http.Client
}

// serve starts the binary and waits until it is ready. It is killed at the end
// of the test.
func serve(t testing.TB, s setup) *server {
	t.Helper()
	if s.database == "" {
		s.database = "sqlite:" + filepath.Join(t.TempDir(), "aril.db")
	}
	srv := &server{setup: s, t: t, log: filepath.Join(t.TempDir(), "log")}
	srv.start()
	t.Cleanup(func() {
		srv.kill()
		if t.Failed() {
			t.Logf("the server's log ends with\n%s", srv.lastWords())
		}
	})
	return srv
}

// with is the same process for another test, which may not end it.
func (s *server) with(t testing.TB) *server {
	other := *s
	other.t = t
	return &other
}

// start runs the binary. The ports are free when it is asked to take them;
// where another process was faster, others are tried.
func (s *server) start() {
	s.t.Helper()
	for range 5 {
		s.address, s.admin = freeAddress(s.t), freeAddress(s.t)
		s.launch()
		err := s.awaitReady()
		if err == nil {
			return
		}
		s.kill()
		if !strings.Contains(s.lastWords(), "address already in use") {
			require.NoError(s.t, err, "starting; the log ends with\n%s", s.lastWords())
		}
	}
	require.FailNow(s.t, "no free port was found")
}

func (s *server) launch() {
	s.t.Helper()
	path, err := binary()
	require.NoError(s.t, err, "go build")
	arguments := []string{"serve", "--definitions", s.definitions, "--database", s.database, "--listen", s.address, "--admin", s.admin, "--log-format", "json", "--cache", filepath.Join(scratch, "cache")}
	if s.tokens != "" {
		arguments = append(arguments, "--tokens", s.tokens)
	}
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	require.NoError(s.t, err)
	defer log.Close()
	s.command = exec.Command(path, append(arguments, s.arguments...)...)
	s.command.Stdout, s.command.Stderr = log, log
	s.command.Dir = s.t.TempDir()
	// The variables of these tests are none of the service's.
	s.command.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "ARIL_SERVE_") })
	// A test that is interrupted leaves nothing running.
	s.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(s.t, s.command.Start())
	s.ended = make(chan struct{})
	go func(command *exec.Cmd, ended chan struct{}) {
		_ = command.Wait() // its state is in ProcessState
		close(ended)
	}(s.command, s.ended)
	s.client = newClient(s.t)
}

// freeAddress finds a port that nobody has.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// newClient makes a client with connections of its own.
func newClient(t testing.TB) *http.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport:     transport,
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

var errEnded = errors.New("the process ended")

func (s *server) awaitReady() error {
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		select {
		case <-s.ended:
			return fmt.Errorf("%w: %v", errEnded, s.command.ProcessState)
		case <-time.After(10 * time.Millisecond):
		}
		if s.status("http://"+s.admin+"/readyz") == http.StatusOK && s.status("http://"+s.address+"/readyz") == http.StatusOK {
			return nil
		}
	}
	return errors.New("it is not ready")
}

// status asks for a URL; 0 is no answer.
func (s *server) status(url string) int {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	require.NoError(s.t, err)
	response, err := s.client.Do(r)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// kill ends the process as a power cut would.
func (s *server) kill() {
	if s.command == nil {
		return
	}
	_ = s.command.Process.Kill() // it may be gone
	<-s.ended
}

// signal sends the process a signal.
func (s *server) signal(sig syscall.Signal) {
	s.t.Helper()
	require.NoError(s.t, s.command.Process.Signal(sig))
}

// awaitEnd waits until the process is gone and gives its exit code.
func (s *server) awaitEnd() int {
	s.t.Helper()
	select {
	case <-s.ended:
	case <-time.After(patience):
		require.FailNow(s.t, "the process does not end")
	}
	return s.command.ProcessState.ExitCode()
}

// said is the log.
func (s *server) said() string {
	raw, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// lastWords gives the end of the log.
func (s *server) lastWords() string {
	lines := strings.Split(strings.TrimRight(s.said(), "\n"), "\n")
	lines = lines[max(0, len(lines)-40):]
	for i, line := range lines {
		lines[i] = line[:min(len(line), 1000)]
	}
	return strings.Join(lines, "\n")
}

// alive fails the test when the process is gone.
func (s *server) alive() {
	s.t.Helper()
	select {
	case <-s.ended:
		require.FailNow(s.t, "the process is gone", s.command.ProcessState.String())
	default:
	}
}

// quiet fails the test when the log tells of a panic, or of a data race where
// the binary looks for them. What mappings print stands in the log too.
func (s *server) quiet() {
	s.t.Helper()
	for line := range strings.Lines(s.said()) {
		var record struct {
			Msg       string
			Extension string
			Status    int
		}
		if json.Unmarshal([]byte(line), &record) != nil {
			require.NotRegexp(s.t, `^panic:|^fatal error:|^goroutine \d|DATA RACE`, line, "the log")
			continue
		}
		require.False(s.t, record.Extension == "" && strings.Contains(record.Msg, "panic"), line)
		require.True(s.t, record.Status < 500 || record.Status == http.StatusServiceUnavailable, line)
	}
}

// residentKiB is the memory that the process has now.
func (s *server) residentKiB() int {
	s.t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.command.Process.Pid))
	require.NoError(s.t, err)
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			var n int
			_, err := fmt.Sscan(rest, &n)
			require.NoError(s.t, err)
			return n
		}
	}
	require.FailNow(s.t, "no VmRSS")
	return 0
}

// openFiles counts the descriptors of the process.
func (s *server) openFiles() int {
	s.t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.command.Process.Pid))
	require.NoError(s.t, err)
	return len(entries)
}

// metric reads the value of a metric that has no labels.
func (s *server) metric(name string) float64 {
	s.t.Helper()
	response, err := s.client.Get("http://" + s.admin + "/metrics")
	require.NoError(s.t, err)
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			v, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
			require.NoError(s.t, err)
			return v
		}
	}
	require.FailNow(s.t, "there is no metric "+name)
	return 0
}
