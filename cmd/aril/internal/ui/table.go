package ui

import (
	"strings"
	"unicode/utf8"
)

// A Table has columns as wide as what is in them.
type Table struct {
	Head  []string
	Right int // columns from this one on are aligned to the right
	rows  [][]string
}

// Add adds a row.
func (t *Table) Add(cells ...string) { t.rows = append(t.rows, cells) }

// Write prints it.
func (t *Table) Write(s *Screen) {
	widths := make([]int, len(t.Head))
	for _, row := range append([][]string{t.Head}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	line := func(row []string) string {
		var b strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i >= t.Right {
				cell, pad = pad+cell, ""
			}
			b.WriteString(cell + pad + "  ")
		}
		return strings.TrimRight(b.String(), " ")
	}
	s.Printf("%s\n", s.Paint(Faint, line(t.Head)))
	for _, row := range t.rows {
		s.Printf("%s\n", line(row))
	}
}
