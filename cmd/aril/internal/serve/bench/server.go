package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// definitions are three workflows: one without extensions, and two with three,
// whose mappings are those of examples/serve. Only of the one called kept is
// anything kept between requests.
//
//go:embed definitions
var definitions embed.FS

// A server is an `aril serve` of its own.
type server struct {
	cmd   *exec.Cmd
	ended chan error
	api   string // host and port
	admin string
	log   string // file
}

// start builds the service and waits until it listens.
func start(ctx context.Context, p *plan, dir string) (*server, error) {
	binary := p.aril
	if binary == "" {
		binary = filepath.Join(dir, "aril")
		build := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/aril-wasm/aril/cmd/aril")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return nil, fmt.Errorf("go build: %w", err)
		}
	}
	if err := os.CopyFS(dir, definitions); err != nil {
		return nil, err
	}
	s := &server{log: filepath.Join(dir, "log"), ended: make(chan error, 1)}
	log, err := os.Create(s.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	args := append([]string{
		"serve", "--definitions", filepath.Join(dir, "definitions"), "--database", "sqlite:" + filepath.Join(dir, "bench.db"),
		"--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--pprof", "--server-timing", "--log-format", "json",
	}, strings.Fields(p.flags)...)
	s.cmd = exec.Command(binary, args...)
	s.cmd.Stderr = log // a file: reading a pipe would take of the time that is measured
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { s.ended <- s.cmd.Wait() }()
	if err := s.listening(ctx); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// listening waits for the addresses in the log.
func (s *server) listening(ctx context.Context) error {
	late := time.After(time.Minute)
	for {
		raw, err := os.ReadFile(s.log)
		if err != nil {
			return err
		}
		for line := range bytes.Lines(raw) {
			var entry struct{ Msg, API, Admin string }
			if json.Unmarshal(line, &entry) == nil && entry.Msg == "listening" {
				s.api, s.admin = entry.API, entry.Admin
				return nil
			}
		}
		select {
		case err := <-s.ended:
			s.ended <- err
			return fmt.Errorf("aril serve ended: %w\n%s", err, raw)
		case <-late:
			return fmt.Errorf("aril serve does not listen\n%s", raw)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case err := <-s.ended:
		return err
	case <-time.After(30 * time.Second):
		return errors.Join(errors.New("aril serve does not end"), s.cmd.Process.Kill())
	}
}

// processor is the time of processors that the service has used; 0 where the
// system does not say.
func (s *server) processor() time.Duration {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	// After the name, which is in parentheses, utime and stime are the 12th and
	// the 13th field, in hundredths of a second. proc_pid_stat(5).
	fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// ownProcessor is that of this process.
func ownProcessor() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// profile writes a CPU profile of d.
func (s *server) profile(ctx context.Context, d time.Duration, file string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", s.admin, max(1, int(d.Seconds()))), nil)
	if err != nil {
		return err
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer got.Body.Close()
	raw, err := io.ReadAll(got.Body)
	if err != nil {
		return err
	}
	return os.WriteFile(file, raw, 0o644)
}
