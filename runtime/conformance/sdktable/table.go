package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/aril-wasm/aril/runtime/conformance"
)

// What stands around the table in the README.
const (
	begin = "<!-- written by make conformance-table -->\n"
	end   = "<!-- end -->\n"
)

// cut takes the table out of a README.
func cut(text string) (before, table, after string, err error) {
	before, rest, ok := strings.Cut(text, begin)
	table, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return "", "", "", fmt.Errorf("it lacks the lines %q and %q, between which the table stands", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return before + begin, table, end + after, nil
}

// A table has a row for each role under each figure.
type table struct {
	sdks     []string
	parts    []part
	oversize []error // smallest extensions that are larger than they may be
}

// A part is the rows of one figure: row to SDK to cell.
type part struct {
	title string
	rows  map[string]map[string]string
}

// titles are those of the parts.
var titles = []string{"cases", "fuel", "bytes", "µs"}

// rowSize is the row of sizes, among the cases.
const rowSize = "smallest extension, bytes"

// limits are how large the smallest extension may be.
var limits = map[string]int{"c": 4 << 10, "cpp": 4 << 10, "assemblyscript": 8 << 10, "rust": 20 << 10, "go": 2 << 20, "js": 800 << 10}

func readColumns(columns []string, sizes string) (*table, error) {
	t := &table{}
	for _, title := range titles {
		t.parts = append(t.parts, part{title, map[string]map[string]string{}})
	}
	for _, c := range columns {
		sdk, file, ok := strings.Cut(c, "=")
		if !ok {
			return nil, fmt.Errorf("%q is not of the form sdk=file", c)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var column conformance.Column
		if err := json.Unmarshal(text, &column); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if len(column.Figures) == 0 {
			return nil, fmt.Errorf("%s has no figures", file)
		}
		t.sdks = append(t.sdks, sdk)
		for status, n := range column.Cases {
			t.set("cases", status, sdk, int64(n))
		}
		for role, f := range column.Figures {
			if f.Fuel > 0 { // measured in the sandbox
				t.set("fuel", role, sdk, f.Fuel)
				t.set("bytes", role, sdk, f.Bytes)
			}
			t.set("µs", role, sdk, f.Median)
		}
		if err := t.addSize(sdk, sizes); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// addSize measures an SDK's smallest extension, without custom sections.
func (t *table) addSize(sdk, folder string) error {
	file := filepath.Join(folder, sdk+"-pass.wasm")
	module, err := os.ReadFile(file)
	if folder == "" || errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	size, err := runningBytes(module)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if limit := limits[sdk]; limit > 0 && size > limit {
		t.oversize = append(t.oversize, fmt.Errorf("%s has %d bytes without custom sections; the limit is %d", file, size, limit))
	}
	t.set("cases", rowSize, sdk, int64(size))
	return nil
}

func (t *table) part(title string) *part {
	i := slices.IndexFunc(t.parts, func(p part) bool { return p.title == title })
	return &t.parts[i]
}

func (t *table) set(title, row, sdk string, n int64) {
	rows := t.part(title).rows
	if rows[row] == nil {
		rows[row] = map[string]string{}
	}
	rows[row][sdk] = strconv.FormatInt(n, 10)
}

func (t *table) markdown() string {
	var b strings.Builder
	for _, p := range t.parts {
		fmt.Fprintf(&b, "\n| %s | %s |\n|---|%s\n", p.title, strings.Join(t.sdks, " | "), strings.Repeat("---|", len(t.sdks)))
		for _, row := range slices.SortedFunc(maps.Keys(p.rows), byRow) {
			b.WriteString("| " + row + " |")
			for _, sdk := range t.sdks {
				b.WriteString(" " + cmp.Or(grouped(p.rows[row][sdk]), "–") + " |")
			}
			b.WriteByte('\n')
		}
	}
	return b.String() + "\n"
}

// byRow sorts rows by name, that of sizes last.
func byRow(a, b string) int {
	if (a == rowSize) != (b == rowSize) {
		return map[bool]int{true: 1, false: -1}[a == rowSize]
	}
	return strings.Compare(a, b)
}

// grouped writes a number with a comma after each three digits.
func grouped(digits string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// parse reads what markdown wrote.
func parse(text string) (*table, error) {
	t := &table{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "|---") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "| "), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if slices.Contains(titles, cells[0]) {
			t.parts = append(t.parts, part{cells[0], map[string]map[string]string{}})
			t.sdks = cells[1:]
			continue
		}
		if len(t.parts) == 0 || len(cells) != len(t.sdks)+1 {
			return nil, fmt.Errorf("%q is no row of the table", line)
		}
		row := map[string]string{}
		for i, sdk := range t.sdks {
			if cell := strings.ReplaceAll(cells[i+1], ",", ""); cell != "–" {
				row[sdk] = cell
			}
		}
		t.parts[len(t.parts)-1].rows[cells[0]] = row
	}
	return t, nil
}

// compare lists how what stands in the README differs from what was measured.
func compare(stands, measured *table) (differences []error) {
	if !slices.Equal(stands.sdks, measured.sdks) {
		return []error{fmt.Errorf("SDKs: the table has %v, measured were %v", stands.sdks, measured.sdks)}
	}
	for _, m := range measured.parts {
		i := slices.IndexFunc(stands.parts, func(p part) bool { return p.title == m.title })
		if i < 0 {
			differences = append(differences, fmt.Errorf("%s: the table has no such part", m.title))
			continue
		}
		rows := maps.Clone(m.rows)
		maps.Copy(rows, stands.parts[i].rows)
		for _, row := range slices.Sorted(maps.Keys(rows)) {
			for _, sdk := range measured.sdks {
				old, now := stands.parts[i].rows[row][sdk], m.rows[row][sdk]
				if !near(old, now, tolerance(m.title, row, sdk)) {
					differences = append(differences, fmt.Errorf("%s of %s, %s: the table has %s, measured was %s", m.title, row, sdk, cmp.Or(old, "nothing"), cmp.Or(now, "nothing")))
				}
			}
		}
	}
	return differences
}

// tolerance is how far a cell may be off, as a share. Another version of a
// compiler makes other sizes. A Go guest draws the seeds of its maps when it is
// loaded, and so burns another fuel in each load. What sleep answers is how long
// it took, and another number takes another way through an interpreter.
func tolerance(title, row, sdk string) float64 {
	switch {
	case title == "µs":
		return math.Inf(1)
	case row == rowSize, title == "fuel" && (sdk == "go" || row == "sleep"):
		return 0.05
	}
	return 0
}

// near compares two cells.
func near(a, b string, tolerance float64) bool {
	if a == b {
		return true
	}
	x, err := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	if err != nil || err2 != nil {
		return false
	}
	return math.Abs(x-y) <= tolerance*max(x, y)
}
