// Command sdktable puts what `aril conformance --table` found of every SDK into
// the table of guest-sdk/README.md, or checks that the table says so.
//
//	sdktable [-check] [-sizes DIR] README.md go=go.json rust=rust.json …
//
// Cases, fuel and bytes are compared exactly, but Go's fuel and all sizes within
// 5 %; times not at all.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
)

func main() {
	check := flag.Bool("check", false, "compare, and write nothing")
	sizes := flag.String("sizes", "", "folder with the smallest extension of each SDK, NAME-pass.wasm")
	flag.Parse()
	if flag.NArg() < 2 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(flag.Arg(0), flag.Args()[1:], *sizes, *check); err != nil {
		fmt.Fprintln(os.Stderr, "sdktable:", err)
		os.Exit(1)
	}
}

func run(readme string, columns []string, sizes string, check bool) error {
	text, err := os.ReadFile(readme)
	if err != nil {
		return err
	}
	measured, err := readColumns(columns, sizes)
	if err != nil {
		return err
	}
	before, old, after, err := cut(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", readme, err)
	}
	if check {
		stands, err := parse(old)
		if err != nil {
			return fmt.Errorf("%s: %w", readme, err)
		}
		if differences := compare(stands, measured); len(differences) > 0 {
			return fmt.Errorf("%s is not what was measured; make conformance-table writes it:\n%w", readme, errors.Join(differences...))
		}
	} else if err := os.WriteFile(readme, []byte(before+measured.markdown()+after), 0o644); err != nil {
		return err
	}
	return errors.Join(measured.oversize...)
}
