package abi

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aril-wasm/aril/abi/names"
)

//go:embed wasi.txt
var wasiText string

var wasiTable = sync.OnceValues(func() ([]Import, error) { return parseWASI(wasiText) })

// WASI lists the functions of wasi_snapshot_preview1, the served and the
// unserved, in the order of abi/wasi.txt. The caller owns the slice, not the
// slices within.
func WASI() []Import {
	table, _ := wasiTable() // TestWASITextParsesWhole holds that there is no error
	return slices.Clone(table)
}

func parseWASI(text string) ([]Import, error) {
	var table []Import
	for i, line := range strings.Split(text, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		f, err := parseWASILine(line)
		if err != nil {
			return nil, fmt.Errorf("wasi.txt:%d: %w", i+1, err)
		}
		table = append(table, f)
	}
	return table, nil
}

// wasiAfterCancel are the functions that a toolchain's runtime needs to come
// to its end.
var wasiAfterCancel = []string{"clock_res_get", "clock_time_get", "fd_write", "poll_oneoff", "proc_exit", "random_get", "sched_yield"}

func parseWASILine(line string) (Import, error) {
	name, rest, ok := strings.Cut(line, " (")
	if !ok {
		return Import{}, fmt.Errorf("no type in %q", line)
	}
	list, rest, ok := strings.Cut(rest, ")")
	if !ok {
		return Import{}, fmt.Errorf("no end of the parameters in %q", line)
	}
	f := Import{
		Module: names.ModuleWASI, Name: name, Phases: PhasesAll,
		AfterCancel: slices.Contains(wasiAfterCancel, name),
	}
	if list != "" {
		for _, p := range strings.Split(list, ", ") {
			param, typ, _ := strings.Cut(p, " ")
			switch typ {
			case "i32":
				f.Params = append(f.Params, Param{param, I32})
			case "i64":
				f.Params = append(f.Params, Param{param, I64})
			default:
				return Import{}, fmt.Errorf("unknown type %q in %q", typ, line)
			}
		}
	}
	if after, found := strings.CutPrefix(rest, " -> i32"); found {
		f.Results, rest = []ValueType{I32}, after
	}
	switch rest {
	case " served":
		f.Served = true
	case " ENOSYS":
	default:
		return Import{}, fmt.Errorf("neither served nor ENOSYS: %q", line)
	}
	return f, nil
}
