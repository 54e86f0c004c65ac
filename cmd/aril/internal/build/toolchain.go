package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A MissingError says which tool a language needs, and how it is had.
type MissingError struct {
	Tool    string
	Install []string // commands, one of which installs it, each with what it is for
}

// Error says what to do next.
func (e *MissingError) Error() string {
	return fmt.Sprintf("%s is not installed. Install it with one of:\n  %s", e.Tool, strings.Join(e.Install, "\n  "))
}

// A CompileError says that a compiler refused the source. What it had to say
// went to Request.Output.
type CompileError struct {
	Command string
	Err     error
}

// Error names the command.
func (e *CompileError) Error() string { return fmt.Sprintf("%s: %v", e.Command, e.Err) }

// Unwrap gives what ended the command.
func (e *CompileError) Unwrap() error { return e.Err }

// toolchainFolder is where .ci/install.sh of the project puts what npm brings.
func toolchainFolder() string {
	if dir := os.Getenv("ARIL_TOOLCHAINS"); dir != "" {
		return filepath.Join(dir, "bin")
	}
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		cache = filepath.Join(home, ".cache")
	}
	return filepath.Join(cache, "aril", "toolchains", "bin")
}

// find gives the path of the first of these commands that is there: in a
// folder of the source, on the PATH, or among the project's toolchains.
func (s *source) find(names ...string) string {
	for _, name := range names {
		for _, dir := range []string{filepath.Join(s.dir, "node_modules", ".bin"), "", toolchainFolder()} {
			path := name
			if dir != "" {
				path = filepath.Join(dir, name)
			}
			if found, err := exec.LookPath(path); err == nil {
				return found
			}
		}
	}
	return ""
}

// Find gives the path of a command on the PATH or among the project's
// toolchains, "" where it is not.
func Find(name string) string { return (&source{}).find(name) }

// A command is one run of a compiler.
type command struct {
	path string
	args []string
	env  []string // beside the tool's own environment
	dir  string   // default: the source's
}

// run runs it; what it prints goes to the author.
func (s *source) run(ctx context.Context, c command) error {
	_, err := s.capture(ctx, c, nil)
	return err
}

// capture runs it and gives what it prints on its standard output.
func (s *source) capture(ctx context.Context, c command, stdout *bytes.Buffer) ([]byte, error) {
	cmd := exec.CommandContext(ctx, c.path, c.args...)
	cmd.Dir = c.dir
	if cmd.Dir == "" {
		cmd.Dir = s.dir
	}
	cmd.Env = append(os.Environ(), c.env...)
	cmd.Stderr = s.Output
	if stdout != nil {
		cmd.Stdout = stdout
	} else {
		cmd.Stdout = s.Output
	}
	line := strings.Join(append([]string{filepath.Base(c.path)}, c.args...), " ")
	if s.Verbose {
		fmt.Fprintln(s.Output, "+", strings.Join(append(append([]string{}, c.env...), line), " "))
	}
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, &CompileError{Command: short(line), Err: err}
	}
	if stdout == nil {
		return nil, nil
	}
	return stdout.Bytes(), nil
}

// short keeps an error in one line.
func short(s string) string {
	const most = 100
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// product reads what a compiler wrote.
func product(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("the compiler ended without an error but wrote no %s", filepath.Base(path))
	}
	return b, err
}

func readModule(_ context.Context, s *source) ([]byte, error) {
	return os.ReadFile(filepath.Join(s.dir, s.files[0]))
}
