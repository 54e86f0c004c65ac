package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/aril-wasm/aril/cmd/aril/internal/build"
	"github.com/aril-wasm/aril/cmd/aril/internal/load"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve"
)

// Exit codes.
const (
	exitOK          = 0
	exitNo          = 1 // it was done, and the answer is no: refused, broken, a case failed; a service did not start, or cut requests off
	exitUsage       = 2 // wrong flags, arguments or files
	exitToolchain   = 3 // a compiler is missing, or refused the source
	exitInterrupted = 130
)

// exitHelp is shown by `aril help exit-codes`.
const exitHelp = `  0    done
  1    the answer is no: a module would be refused, an extension broke, a case failed,
       a service could not start or had to cut requests off at its end
  2    wrong flags, arguments or files
  3    a compiler is not installed, or refused the source
  130  interrupted; for a service: by a second signal, the first ends it with 0`

// A usageError is a mistake in how the tool was called.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errNo says that the answer is no, and that what there is to say was said.
var errNo = errors.New("no")

// exitCode finds the code for an error.
func exitCode(err error) int {
	var missing *build.MissingError
	var compile *build.CompileError
	var path *os.PathError
	var wrong usageError
	var flag *load.FlagError
	var config *serve.ConfigError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, context.Canceled), errors.Is(err, serve.ErrAbandoned):
		return exitInterrupted
	case errors.As(err, &missing), errors.As(err, &compile):
		return exitToolchain
	case errors.As(err, &wrong), errors.As(err, &path), errors.As(err, &flag), errors.As(err, &config):
		return exitUsage
	}
	return exitNo
}

// args asks for arguments by name, so that a mistake is told in words.
func args(least, most int, form string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, got []string) error {
		if len(got) < least || most >= 0 && len(got) > most {
			return usage("%s takes %s, not %d arguments; see %s --help", cmd.CommandPath(), form, len(got), cmd.CommandPath())
		}
		return nil
	}
}
