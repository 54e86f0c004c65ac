package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
	"github.com/aril-wasm/aril/cmd/aril/internal/ui"
	"github.com/aril-wasm/aril/runtime/enrich"
)

func servePublishedCommand() *cobra.Command {
	var database string
	c := &cobra.Command{
		Use:   "published",
		Short: "List the definitions that were published",
		Long: `Published lists the definitions that a database keeps because somebody published
them. Those of --definitions are not among them.`,
		Example: "  aril serve published --database sqlite:aril.db",
		Args:    args(0, 0, "no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPublished(cmd, &database, func(_ enrich.Store, docs []enrich.Document) error {
				for _, d := range docs {
					fmt.Fprintln(cmd.OutOrStdout(), ui.Plain(identityOf(d).String()))
				}
				return nil
			})
		},
	}
	addDatabase(c, &database)
	return c
}

func serveUnpublishCommand() *cobra.Command {
	var database string
	c := &cobra.Command{
		Use:   "unpublish FLOW DOMAIN/KEY VERSION",
		Short: "Take a definition away that was published",
		Long: `Unpublish takes a definition out of a database, as "aril serve published" names
it. A service that runs goes on with it until its next start. It is for a
service that does not start any more, since what was published does not fit what
is in --definitions now.`,
		Example: "  aril serve unpublish --database sqlite:aril.db sys-extensions banking/limits 1.0.0",
		Args:    args(3, 3, "a flow, a domain/key and a version"),
		RunE: func(cmd *cobra.Command, got []string) error {
			name := strings.Join(got, " ")
			return withPublished(cmd, &database, func(s enrich.Store, docs []enrich.Document) error {
				left := slices.DeleteFunc(slices.Clone(docs), func(d enrich.Document) bool { return identityOf(d).String() == name })
				if len(left) == len(docs) {
					return fmt.Errorf("%q was not published; aril serve published lists what was", name)
				}
				return s.Save(cmd.Context(), left)
			})
		},
	}
	addDatabase(c, &database)
	return c
}

func addDatabase(c *cobra.Command, database *string) {
	c.Flags().StringVar(database, "database", "", "`URL` as for aril serve, its variables too (default "+serve.DefaultDatabase+")")
}

// withPublished opens the database and gives what was published.
func withPublished(cmd *cobra.Command, database *string, use func(enrich.Store, []enrich.Document) error) (err error) {
	if _, err := fromEnvironment(cmd.Flags(), os.Environ()); err != nil {
		return err
	}
	url := cmp.Or(*database, serve.DefaultDatabase)
	if err := serve.CheckDatabase(url); err != nil {
		return usage("%w", err)
	}
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		if _, err := os.Stat(path); err != nil {
			return err // a list is no reason to make a database
		}
	}
	s, err := store.Open(cmd.Context(), url, store.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	docs, err := s.Definitions().Load(cmd.Context())
	if err != nil {
		return err
	}
	return use(s.Definitions(), docs)
}

// identityOf reads which definition a document is. What was published is valid.
func identityOf(d enrich.Document) enrich.Identity {
	var id struct{ Flow, Domain, Key, Version string }
	if err := json.Unmarshal(d.JSON, &id); err != nil {
		return enrich.Identity{Key: d.Name}
	}
	return enrich.Identity(id)
}
