// Command aril is the tool for authors and operators of extensions.
//
//	aril pack in.wasm meta.json out.wasm   write the static facts into a module
//	aril inspect module.wasm               what admission says of a module
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

func main() {
	root := &cobra.Command{
		Use:           "aril",
		Short:         "Work with Aril extensions",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(packCommand(), inspectCommand())
	if err := root.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "aril:", err)
		os.Exit(1)
	}
}
