package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/aril-wasm/aril/cmd/aril/internal/load"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve"
)

// serveOptions are the flags of `aril serve`.
type serveOptions struct {
	config              serve.Config
	logFormat, logLevel string
	groups              []flagGroup
}

// A flagGroup is a paragraph of the help.
type flagGroup struct {
	title string
	flags *pflag.FlagSet
}

// group begins a paragraph.
func (o *serveOptions) group(title string) *pflag.FlagSet {
	set := pflag.NewFlagSet(title, pflag.ContinueOnError)
	set.SortFlags = false
	o.groups = append(o.groups, flagGroup{title, set})
	return set
}

// add adds the flags to a command, and their paragraphs to its help.
func (o *serveOptions) add(c *cobra.Command) {
	cfg := &o.config
	f := o.group("What is served")
	f.StringVar(&cfg.Definitions, "definitions", "", "`directory` of definitions; without it they come from POST /api/v1/definitions/publish alone")
	f.StringVar(&cfg.Database, "database", "", "sqlite:PATH, sqlite::memory: or postgres://… (default "+serve.DefaultDatabase+"; with --dev "+serve.DevDatabase+")")
	f.BoolVar(&cfg.Dev, "dev", false, "watch the directory, say what changed, print what to try")
	f.StringVar(&cfg.Compat, "compat", "docs", "whose behaviour counts: docs, 0.0.26 or 0.0.33")
	f.StringVar(&cfg.OnFailure, "on-failure", "", "what a failing extension does where it does not say: omit or fail (default: as --compat has it)")

	f = o.group("Who reaches it")
	f.StringVar(&cfg.Listen, "listen", serve.DefaultListen, "`address` of the API")
	f.StringVar(&cfg.Admin, "admin", serve.DefaultAdmin, "`address` of /healthz, /readyz and /metrics, for who runs it; off for none")
	f.StringVar(&cfg.Tokens, "tokens", "", "`file` of tokens and their roles; see aril serve token")
	f.StringVar(&cfg.TLSCert, "tls-cert", "", "`file` with the certificate, PEM; read again when it changes")
	f.StringVar(&cfg.TLSKey, "tls-key", "", "`file` with its key, PEM")
	f.BoolVar(&cfg.Pprof, "pprof", false, "profiles below /debug/pprof/ of --admin")

	f = o.group("What extensions reach")
	f.StringArrayVar(&cfg.HTTPAllow, "http-allow", nil, "`host` that tasks may ask, such as https://limits.example.com or *.example.com; may be repeated (default: none)")
	f.BoolVar(&cfg.HTTPPrivate, "http-private", false, "the names of --http-allow may lead to private addresses")
	f.StringVar(&cfg.Secrets, "secrets", "", "`directory` that has {{secrets.STORE.KEY}} in the file STORE/KEY (default: none)")

	f = o.group("Limits")
	f.DurationVar(&cfg.Timeout, "timeout", serve.DefaultTimeout, "of one request, what enriches it included")
	f.Var(&size{&cfg.BodyBytes, serve.DefaultBodyBytes}, "body-bytes", "of one request's body")
	f.IntVar(&cfg.Connections, "connections", serve.DefaultConnections, "at once")
	f.IntVar(&cfg.Concurrent, "concurrent", 0, "requests that run at once (default: what the processors suggest)")
	f.IntVar(&cfg.Queue, "queue", 0, "requests that wait for a place; more are answered 503 (default: what --concurrent suggests)")
	f.IntVar(&cfg.PageRuns, "page-runs", serve.DefaultPageRuns, "extensions that run for one response, its items taken together")

	f = o.group("How it runs")
	f.StringVar(&o.logFormat, "log-format", "", "human, text or json (default text; with --dev human)")
	f.StringVar(&o.logLevel, "log-level", "info", "debug, info, warn or error")
	f.BoolVar(&cfg.ServerTiming, "server-timing", false, "say in the header Server-Timing where a response's time went")
	f.DurationVar(&cfg.ShutdownDelay, "shutdown-delay", 0, "between being told to end and accepting nothing more: time for a load balancer")
	f.DurationVar(&cfg.ShutdownTimeout, "shutdown-timeout", serve.DefaultShutdownTimeout, "for what still runs then")
	f.StringVar(&cfg.Cache, "cache", load.DefaultCache(), "`directory` that keeps compiled code between runs; \"\" for none")
	f.Lookup("cache").DefValue = ""
	f.BoolVar(&cfg.Interpreter, "interpreter", false, "run mappings without making native code: 10 to 100 times slower")

	for _, g := range o.groups {
		c.Flags().AddFlagSet(g.flags)
	}
	c.Flags().SortFlags = false
	plain := new(cobra.Command).UsageFunc()
	c.SetUsageFunc(func(asked *cobra.Command) error {
		if asked != c { // a command below, which inherits this
			return plain(asked)
		}
		return o.usage(c)
	})
	// Its own help of -h, which the groups do not have.
	c.Flags().BoolP("help", "h", false, "this")
}

// usage prints what the tool's other commands print, with the flags in
// paragraphs.
func (o *serveOptions) usage(c *cobra.Command) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage:\n  %s\n  %s [command]\n\nExamples:\n%s\n\nAvailable Commands:\n", c.UseLine(), c.CommandPath(), c.Example)
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			fmt.Fprintf(&b, "  %-*s %s\n", sub.NamePadding(), sub.Name(), sub.Short)
		}
	}
	for _, g := range o.groups {
		fmt.Fprintf(&b, "\n%s:\n%s", g.title, g.flags.FlagUsages())
	}
	fmt.Fprintf(&b, "\nUse \"%s [command] --help\" for more information about a command.\n", c.CommandPath())
	_, err := fmt.Fprint(c.OutOrStderr(), b.String())
	return err
}

// A size is a flag that takes bytes: 65536, 64KiB, 1MiB.
type size struct {
	v   *int64
	def int64
}

func (s *size) Set(text string) error {
	digits, unit := text, int64(1)
	for suffix, u := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
		if rest, ok := strings.CutSuffix(text, suffix); ok {
			digits, unit = rest, u
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
	if err != nil || n <= 0 || n > 1<<40/unit {
		return fmt.Errorf("%q is no size such as 65536, 64KiB or 1MiB", text)
	}
	*s.v = n * unit
	return nil
}

func (s *size) String() string {
	n := s.def
	if s.v != nil && *s.v != 0 {
		n = *s.v
	}
	if n%(1<<20) == 0 {
		return fmt.Sprintf("%dMiB", n>>20)
	}
	return fmt.Sprint(n)
}

func (s *size) Type() string { return "size" }
