package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/aril-wasm/aril/cmd/aril/internal/msgpackgen"
	"github.com/aril-wasm/aril/cmd/aril/internal/ui"
)

func msgpackCommand() *cobra.Command {
	var types []string
	var out string
	c := &cobra.Command{
		Use:   "msgpack [file.go]",
		Short: "Write the methods with which Go structs cross the boundary",
		Long: `Msgpack writes the methods AppendMsgpack and DecodeMsgpack for the struct types
of a Go file that have none, into a file beside it: order.go → order_msgpack.go.
Without a file it takes $GOFILE, which go generate sets:

  //go:generate aril msgpack

A field's name in messages is that of its tag msg, then json, then its own, as
in hosts; "-" leaves it out, ",omitempty" where it is zero. Fields may be bools,
numbers, texts, []byte, time.Time, guest.Timestamp, guest.Duration, any, other
structs, and pointers to these, slices of them, and maps from string to them.
A number that does not fit its field is an error, not cut off.`,
		Example: `  aril msgpack order.go
  aril msgpack order.go --type Order --type Line -o wire.go`,
		Args: args(0, 1, "one Go file"),
		RunE: func(cmd *cobra.Command, got []string) error {
			file := os.Getenv("GOFILE")
			if len(got) == 1 {
				file = got[0]
			}
			if file == "" {
				return usage("name a Go file, or run it by go generate")
			}
			text, err := msgpackgen.File(file, types...)
			if err != nil {
				var path *os.PathError
				if errors.As(err, &path) {
					return err
				}
				return usage("%w", err)
			}
			if out == "" {
				out = msgpackgen.Output(file)
			}
			if err := os.WriteFile(out, text, 0o644); err != nil {
				return err
			}
			s := ui.NewScreen(cmd.ErrOrStderr())
			s.Printf("%s %s\n", s.Paint(ui.Good, "wrote"), out)
			return nil
		},
	}
	c.Flags().StringArrayVar(&types, "type", nil, "a type to write methods for (default: all structs of the file without them)")
	c.Flags().StringVarP(&out, "output", "o", "", "where they go (default FILE_msgpack.go)")
	return c
}
