package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve"
)

// environmentPrefix is before the name of a flag: ARIL_SERVE_LOG_FORMAT.
const environmentPrefix = "ARIL_SERVE_"

// databaseFile names a file that has the URL of the database in it.
const databaseFile = environmentPrefix + "DATABASE_FILE"

func environmentName(f *pflag.Flag) string {
	return environmentPrefix + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
}

// fromEnvironment sets the flags that the command line does not have from
// variables ("NAME=value"); an empty one counts as none. It gives the names
// that begin like ours and are no flag.
func fromEnvironment(flags *pflag.FlagSet, variables []string) (unknown []string, err error) {
	if flags.Changed("database") && serve.HasPassword(flags.Lookup("database").Value.String()) {
		return nil, usage("--database has a password in it, which other users of this machine can read; give the URL in %sDATABASE, or in a file that %s names", environmentPrefix, databaseFile)
	}
	flagged := flags.Changed("database")
	ours := map[string]*pflag.Flag{}
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" {
			ours[environmentName(f)] = f
		}
	})
	file := ""
	for _, v := range variables {
		name, value, _ := strings.Cut(v, "=")
		if !strings.HasPrefix(name, environmentPrefix) || value == "" {
			continue
		}
		f := ours[name]
		switch {
		case name == databaseFile:
			file = value
		case f == nil:
			unknown = append(unknown, name)
		case f.Changed:
		default:
			if err := setFlag(flags, f, value); err != nil {
				return nil, usage("%s: %w", name, err)
			}
		}
	}
	slices.Sort(unknown)
	if file == "" || flagged {
		return unknown, nil
	}
	if flags.Changed("database") {
		return nil, usage("%sDATABASE and %s are both there; which one counts?", environmentPrefix, databaseFile)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", databaseFile, err)
	}
	return unknown, flags.Set("database", strings.TrimSpace(string(raw)))
}

// setFlag sets a flag to the text of a variable; a list's parts have commas
// between them. Errors do not repeat the text: it may be a secret.
func setFlag(flags *pflag.FlagSet, f *pflag.Flag, value string) error {
	parts := []string{value}
	if f.Value.Type() == "stringArray" {
		parts = strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' })
	}
	for _, p := range parts {
		if err := flags.Set(f.Name, p); err != nil {
			return fmt.Errorf("want a %s", f.Value.Type())
		}
	}
	return nil
}
