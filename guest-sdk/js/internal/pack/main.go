// Command pack makes an extension of a script: pack SCRIPT OUT. It is for
// build.sh; authors use `aril build`, which bundles and describes it too.
package main

import (
	"fmt"
	"os"

	js "github.com/aril-wasm/aril/guest-sdk/js"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: pack SCRIPT OUT")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

func run(script, out string) error {
	source, err := os.ReadFile(script)
	if err != nil {
		return err
	}
	return os.WriteFile(out, js.Module(source), 0o644)
}
