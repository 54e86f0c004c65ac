package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/cmd/aril/internal/ui"
)

// A Diff says how the new version of an extension differs from the old one:
// in what it may do, which an operator must look at, and in its figures.
type Diff struct {
	Old         string   `json:"old"`
	New         string   `json:"new"`
	AsksForMore bool     `json:"asks_for_more"`
	Permissions []Change `json:"permissions"`
	Figures     []Change `json:"figures"`
}

// A Change is one fact that is not as before.
type Change struct {
	What string `json:"what"`
	Old  string `json:"old"` // "" where there was none
	New  string `json:"new"` // "" where there is none any more
	More bool   `json:"more,omitempty"`
}

// Compare compares two versions.
func Compare(older, newer *Report) *Diff {
	d := &Diff{Old: older.File, New: newer.File, Permissions: []Change{}, Figures: []Change{}}
	d.set("import", imported(older), imported(newer), true)
	d.set("hook", older.Hooks, newer.Hooks, true)
	d.set("needs", capabilities(older), capabilities(newer), true)
	d.filters(older, newer)
	d.set("refused", older.Refused, newer.Refused, true)
	d.set("feature", older.Features, newer.Features, false)
	d.text("name", name(older), name(newer))
	d.text("version", version(older), version(newer))
	d.text("config schema", schema(older), schema(newer))
	d.number("file", int64(older.Size.File), int64(newer.Size.File))
	d.number("code", int64(older.Size.Code), int64(newer.Size.Code))
	d.number("data", int64(older.Size.Data), int64(newer.Size.Data))
	d.number("script", int64(older.Script), int64(newer.Script))
	d.number("memory at the start", memory(older).Min, memory(newer).Min)
	d.number("memory at most", memory(older).Max, memory(newer).Max)
	d.number("stack", stack(older), stack(newer))
	d.number("table elements", int64(older.Tables), int64(newer.Tables))
	d.number("functions", int64(older.Functions), int64(newer.Functions))
	for _, c := range d.Permissions {
		d.AsksForMore = d.AsksForMore || c.More
	}
	return d
}

func stack(r *Report) int64 {
	_, most := r.WorstStack()
	return int64(most)
}

func imported(r *Report) (list []string) {
	for _, im := range r.Imports {
		list = append(list, im.Module+"."+im.Name)
	}
	return list
}

func capabilities(r *Report) []string {
	if r.Manifest == nil {
		return nil
	}
	return r.Manifest.Capabilities
}

func name(r *Report) string {
	if r.Manifest == nil {
		return ""
	}
	return r.Manifest.Name
}

func version(r *Report) string {
	if r.Manifest == nil {
		return ""
	}
	return r.Manifest.Version
}

func schema(r *Report) string {
	if r.Manifest == nil {
		return ""
	}
	return string(r.Manifest.ConfigSchema)
}

func memory(r *Report) Memory {
	if r.Memory == nil {
		return Memory{}
	}
	return *r.Memory
}

// set compares lists whose order means nothing.
func (d *Diff) set(what string, older, newer []string, permission bool) {
	add := func(c Change) {
		if permission {
			d.Permissions = append(d.Permissions, c)
		} else {
			c.More = false
			d.Figures = append(d.Figures, c)
		}
	}
	for _, x := range newer {
		if !slices.Contains(older, x) {
			// What is always there is no permission.
			add(Change{What: what, New: x, More: !strings.HasPrefix(x, names.ModuleAril+".")})
		}
	}
	for _, x := range older {
		if !slices.Contains(newer, x) {
			add(Change{What: what, Old: x})
		}
	}
}

// filters compares what the two see. Whether one list of filters lets more
// through than another is only known where each new pattern is covered by an
// old one; else it is taken for more.
func (d *Diff) filters(older, newer *Report) {
	o, n := filtersOf(older), filtersOf(newer)
	was, is := filterText(o), filterText(n)
	if was == is {
		return
	}
	d.Permissions = append(d.Permissions, Change{What: "sees", Old: was, New: is, More: !covers(o, n)})
}

func filtersOf(r *Report) []abi.Filter {
	if r.Manifest == nil {
		return nil
	}
	return r.Manifest.Filters
}

func filterText(list []abi.Filter) string {
	if len(list) == 0 {
		return "every operation"
	}
	var parts []string
	for _, f := range list {
		parts = append(parts, filter(f))
	}
	return strings.Join(parts, "; ")
}

// covers reports whether every filter of newer lies within one of older.
func covers(older, newer []abi.Filter) bool {
	if len(older) == 0 {
		return true
	}
	if len(newer) == 0 {
		return false
	}
	for _, n := range newer {
		if !slices.ContainsFunc(older, func(o abi.Filter) bool {
			return within(o.Kinds, n.Kinds) && within(o.Names, n.Names) && within(o.Keys, n.Keys)
		}) {
			return false
		}
	}
	return true
}

// within reports whether every pattern of newer lies within one of older.
func within(older, newer []string) bool {
	if len(older) == 0 {
		return true
	}
	if len(newer) == 0 {
		return false
	}
	for _, n := range newer {
		if !slices.ContainsFunc(older, func(o string) bool {
			prefix, open := strings.CutSuffix(o, "*")
			return o == n || open && strings.HasPrefix(strings.TrimSuffix(n, "*"), prefix)
		}) {
			return false
		}
	}
	return true
}

func (d *Diff) text(what, older, newer string) {
	if older != newer {
		d.Figures = append(d.Figures, Change{What: what, Old: older, New: newer})
	}
}

func (d *Diff) number(what string, older, newer int64) {
	if older == newer {
		return
	}
	change := ui.Count(newer)
	if older > 0 {
		change += fmt.Sprintf(" (%+.1f %%)", 100*float64(newer-older)/float64(older))
	}
	d.Figures = append(d.Figures, Change{What: what, Old: ui.Count(older), New: change})
}

// Write writes it for people.
func (d *Diff) Write(s *ui.Screen) {
	s.Printf("%s → %s\n", s.Paint(ui.Bold, ui.Plain(d.Old)), s.Paint(ui.Bold, ui.Plain(d.New)))
	if len(d.Permissions) == 0 {
		s.Printf("%s asks for what it asked for before\n", s.Paint(ui.Good, "="))
	}
	for _, c := range d.Permissions {
		switch {
		case c.Old == "":
			s.Printf("%s %-10s %s\n", s.Paint(ui.Bad, "+"), c.What, ui.Plain(c.New))
		case c.New == "":
			s.Printf("%s %-10s %s\n", s.Paint(ui.Good, "-"), c.What, ui.Plain(c.Old))
		default:
			mark := s.Paint(ui.Good, "-")
			if c.More {
				mark = s.Paint(ui.Bad, "+")
			}
			s.Printf("%s %-10s %s, before: %s\n", mark, c.What, ui.Plain(c.New), ui.Plain(c.Old))
		}
	}
	for _, c := range d.Figures {
		older := c.Old
		if older == "" {
			older = "–"
		}
		newer := c.New
		if newer == "" {
			newer = "–"
		}
		s.Printf("%s %s\n", s.Paint(ui.Faint, fmt.Sprintf("  %-19s", c.What)), ui.Plain(older+" → "+newer))
	}
}
