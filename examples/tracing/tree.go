package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// print writes a trace as a tree. Branches that look alike are written once,
// with how many there are; those that ran at once have no order of their own.
func print(w io.Writer, trace map[string]any) {
	children := map[string][]map[string]any{} // by the parent's id
	for _, s := range trace["spans"].([]any) {
		span := s.(map[string]any)
		parent := span["parent"].(string)
		children[parent] = append(children[parent], span)
	}
	fmt.Fprintf(w, "  trace of %v, error %q, %d spans\n", trace["flow"], trace["error"], len(trace["spans"].([]any)))
	for _, branch := range branches(children, "") {
		for line := range strings.Lines(branch) {
			fmt.Fprint(w, "    ", line)
		}
	}
}

func branches(children map[string][]map[string]any, of string) (list []string) {
	for _, span := range children[of] {
		text := fmt.Sprintf("%v: %v, depth %v", span["name"], span["status"], span["depth"])
		if span["parallel"] == true {
			text += ", parallel"
		}
		text += "\n"
		for _, below := range branches(children, span["id"].(string)) {
			text += indent(below)
		}
		list = append(list, text)
	}
	var grouped []string
	for len(list) > 0 {
		first := list[0]
		n := len(list)
		list = slices.DeleteFunc(list, func(text string) bool { return text == first })
		if n -= len(list); n > 1 {
			first = fmt.Sprintf("%d × %s", n, first)
		}
		grouped = append(grouped, first)
	}
	return grouped
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n  ") + "\n"
}
