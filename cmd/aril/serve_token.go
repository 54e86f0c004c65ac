package main

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/guard"
	"github.com/aril-wasm/aril/cmd/aril/internal/ui"
)

func serveTokenCommand() *cobra.Command {
	var line guard.TokenEntry
	var valid time.Duration
	c := &cobra.Command{
		Use:   "token --id NAME --roles ROLES",
		Short: "Make a token for a caller",
		Long: `Token makes a secret for a caller and prints it, this once, with the line that
goes into the file of --tokens, which is a JSON list of such lines. The line has
the secret's digest alone. The service reads the file again when it changes.

The roles read, write and publish say what a caller may do; every other one is
for the grants of transitions and of members of schemas.`,
		Example: `  aril serve token --id ci --roles publish
  aril serve token --id branch-17 --roles read,write,teller --domains banking --valid 720h`,
		Args: args(0, 0, "no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if line.ID == "" || len(line.Roles) == 0 {
				return usage("say for whom the token is and what for, such as --id ci --roles read,write")
			}
			if valid < 0 {
				return usage("--valid is %v; want a time above 0", valid)
			}
			if valid > 0 {
				at := time.Now().Add(valid).UTC().Truncate(time.Second)
				line.Expires = &at
			}
			var secret string
			secret, line.SHA256 = guard.NewToken()
			if err := line.Check(); err != nil {
				return usage("%w", err)
			}
			raw, err := json.Marshal(line)
			if err != nil {
				return err
			}
			out := ui.NewScreen(cmd.OutOrStdout())
			out.Field("token", out.Paint(ui.Bold, secret))
			out.Field("line", string(raw))
			out.Printf("\n%s\n", strings.TrimSpace(`
The token is shown this once. Callers send it as "Authorization: Bearer TOKEN".`))
			return nil
		},
	}
	c.Flags().StringVar(&line.ID, "id", "", "`name` of the caller, for logs")
	c.Flags().StringSliceVar(&line.Roles, "roles", nil, "`roles`: read, write, publish and those of the definitions")
	c.Flags().StringSliceVar(&line.Domains, "domains", nil, "`domains` that the caller may see (default: all)")
	c.Flags().DurationVar(&valid, "valid", 0, "how long it is good for, such as 720h (default: for ever)")
	return c
}
