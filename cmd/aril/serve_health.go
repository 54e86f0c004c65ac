package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve"
	"github.com/aril-wasm/aril/cmd/aril/internal/ui"
)

// healthTime is how long the service may take to say that it is ready.
const healthTime = 5 * time.Second

func serveHealthCommand() *cobra.Command {
	var address string
	c := &cobra.Command{
		Use:   "health",
		Short: "Ask a service whether it is ready",
		Long: `Health asks for /readyz and prints what came. The exit code is 1 when the service
is not ready or does not answer: what a container's health check needs, in an
image that has no other program in it.`,
		Example: "  aril serve health\n  aril serve health --admin 127.0.0.1:9091",
		Args:    args(0, 0, "no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), healthTime)
			defer cancel()
			answer, ready, err := askReady(ctx, address)
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), ui.Plain(answer))
			if !ready {
				return errNo
			}
			return nil
		},
	}
	c.Flags().StringVar(&address, "admin", "", "`address` that the service has for --admin (default "+environmentPrefix+"ADMIN, or "+serve.DefaultAdmin+")")
	return c
}

// askReady gives what the service says, and whether it is ready.
func askReady(ctx context.Context, address string) (string, bool, error) {
	address = cmp.Or(address, os.Getenv(environmentPrefix+"ADMIN"), serve.DefaultAdmin)
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", false, usage("--admin is %q; want HOST:PORT", address)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost" // who listens on all addresses is here too
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return "", false, err
	}
	client := http.Client{Transport: &http.Transport{Proxy: nil}}
	defer client.CloseIdleConnections()
	response, err := client.Do(r)
	if err != nil {
		return "", false, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	return strings.TrimSpace(string(body)), response.StatusCode == http.StatusOK, err
}
