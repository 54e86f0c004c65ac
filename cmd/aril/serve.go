package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve"
	"github.com/aril-wasm/aril/cmd/aril/internal/ui"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/enrich"
)

func serveCommand() *cobra.Command {
	var o serveOptions
	c := &cobra.Command{
		Use:   "serve --definitions DIR",
		Short: "Serve instances of workflows over HTTP, enriched",
		Long: `Serve keeps instances of workflows in a database and answers reads of them with
what extensions add. Workflows, extensions, tasks, views and schemas are JSON
files below a directory.

Try it:

  aril serve --dev --definitions examples/serve/definitions
  curl -X POST -H 'content-type: application/json' -d '{"attributes": {…}}' \
    http://127.0.0.1:8080/api/v1/DOMAIN/workflows/WORKFLOW/instances/start
  curl http://127.0.0.1:8080/api/v1/DOMAIN/workflows/WORKFLOW/instances

--dev prints the addresses of what there is, watches the directory, and says
what changed or what is wrong, with file and line. /docs and /openapi.json
describe the API.

Every flag is an environment variable too: --http-allow is ARIL_SERVE_HTTP_ALLOW,
with commas between several. Flags win. A URL of a database that has a password
belongs in ARIL_SERVE_DATABASE, or in a file that ARIL_SERVE_DATABASE_FILE
names, and is refused on the command line, where other users can read it.

Without --tokens whoever reaches --listen may do everything; so it must be an
address of this machine alone. "aril serve token" makes tokens.

SIGTERM or Ctrl-C ends it in good order: what runs is answered first. A second
one ends it at once. SIGHUP loads the definitions again; --dev needs no signal.`,
		Example: `  aril serve --dev --definitions definitions
  aril serve --definitions definitions --database sqlite:/var/lib/aril/aril.db
  aril serve --definitions definitions --listen :8080 --tokens tokens.json --log-format json
  ARIL_SERVE_DATABASE=postgres://aril:…@db/aril aril serve --definitions definitions
  aril serve --definitions definitions --http-allow https://limits.example.com`,
		Args: func(cmd *cobra.Command, got []string) error {
			if len(got) > 0 {
				return usage("%s has no command %q; a directory of definitions is given with --definitions; see %s --help", cmd.CommandPath(), got[0], cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	o.add(c)
	c.AddCommand(serveTokenCommand(), serveHealthCommand(), servePublishedCommand(), serveUnpublishCommand())
	return c
}

// run serves until it is told to stop.
func (o *serveOptions) run(cmd *cobra.Command) error {
	stderr := ui.NewScreen(cmd.ErrOrStderr())
	unknown, err := fromEnvironment(cmd.Flags(), os.Environ())
	if err != nil {
		return err
	}
	cfg := o.config
	if cfg.Admin == "off" {
		cfg.Admin = ""
	}
	if cfg.Logger, err = o.logger(stderr); err != nil {
		return err
	}
	for _, name := range unknown {
		cfg.Logger.Warn("an environment variable is none of this program's", "name", name)
	}
	cfg.Out, cfg.Version = cmd.OutOrStdout(), aril.Version
	if !cfg.Dev { // which watches, and ends with its terminal
		reload := make(chan os.Signal, 1)
		signal.Notify(reload, syscall.SIGHUP)
		defer signal.Stop(reload)
		cfg.Reload = reload
	}
	abandon := make(chan struct{})
	cfg.Abandon = abandon
	ended := make(chan struct{})
	defer close(ended)
	go abandonAtSecond(cmd.Context(), ended, abandon)
	err = serve.Run(cmd.Context(), cfg)
	var refused *enrich.PublishError
	if errors.As(err, &refused) {
		return showIssues(cmd, refused.Issues)
	}
	return err
}

// abandonAtSecond closes abandon at the first signal after ctx was done, which
// the first signal of all did.
func abandonAtSecond(ctx context.Context, ended <-chan struct{}, abandon chan<- struct{}) {
	select {
	case <-ctx.Done():
	case <-ended:
		return
	}
	again := make(chan os.Signal, 1)
	signal.Notify(again, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(again)
	select {
	case <-again:
		close(abandon)
	case <-ended:
	}
}

// logger makes the log that the flags ask for.
func (o *serveOptions) logger(w *ui.Screen) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.logLevel)); err != nil {
		return nil, usage("--log-level is %q; want debug, info, warn or error", o.logLevel)
	}
	format := o.logFormat
	if format == "" {
		format = "text"
		if o.config.Dev {
			format = "human"
		}
	}
	options := &slog.HandlerOptions{Level: level}
	switch format {
	case "human":
		return slog.New(humanLog(w, level)), nil
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return nil, usage("--log-format is %q; want human, text or json", format)
}
