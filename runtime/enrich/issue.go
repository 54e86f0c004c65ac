package enrich

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// An Issue is something wrong with a definition.
type Issue struct {
	Warning bool   // it is loaded nevertheless
	File    string // the document's name
	Line    int    // from 1
	Member  string // such as "Extension.Task.Mapping"; "" for the document
	Code    string // of the system described, such as "Task:400009"; "" for none
	Message string
}

// String is `file:line: Extension.Task: message`.
func (i Issue) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d: ", i.File, i.Line)
	if i.Warning {
		b.WriteString("warning: ")
	}
	if i.Member != "" {
		b.WriteString(i.Member + ": ")
	}
	if i.Code != "" {
		b.WriteString(i.Code + ": ")
	}
	b.WriteString(i.Message)
	return b.String()
}

// A PublishError lists everything for which definitions were refused. What was
// loaded before serves on.
type PublishError struct{ Issues []Issue }

// Error lists the issues, one a line.
func (e *PublishError) Error() string {
	lines := make([]string, len(e.Issues))
	for i, issue := range e.Issues {
		lines[i] = issue.String()
	}
	return strings.Join(lines, "\n")
}

// sortIssues puts issues into the order of files and lines.
func sortIssues(issues []Issue) {
	slices.SortStableFunc(issues, func(a, b Issue) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), strings.Compare(a.Member, b.Member))
	})
}

// split parts errors from warnings.
func split(issues []Issue) (errors, warnings []Issue) {
	for _, i := range issues {
		if i.Warning {
			warnings = append(warnings, i)
		} else {
			errors = append(errors, i)
		}
	}
	return errors, warnings
}
