// Package report is what `aril inspect` prints: what admission finds in a
// module, for people and as JSON, and how two versions of one differ.
package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tinylib/msgp/msgp"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/cmd/aril/internal/ui"
	aril "github.com/aril-wasm/aril/runtime"
)

const pageSize = 64 << 10

// A Report is what is known of a module without running it. Its JSON form is
// stable: members are added, never changed.
type Report struct {
	File       string            `json:"file"`
	Refused    []string          `json:"refused"` // why a host would not take it; empty when it would
	ABI        int               `json:"abi"`     // 0: none
	Manifest   *Manifest         `json:"manifest"`
	Hooks      []string          `json:"hooks"` // those that the host calls
	Imports    []Import          `json:"imports"`
	Exports    []Export          `json:"exports"`
	Features   []string          `json:"features"`
	Script     int               `json:"script_bytes"` // 0: no script
	Size       Size              `json:"size"`
	Memory     *Memory           `json:"memory"`
	Stack      map[string]uint32 `json:"stack_bytes"` // native stack that each exported function takes, what recurs not counted
	Tables     int               `json:"table_elements"`
	Functions  int               `json:"functions"`
	Names      int               `json:"function_names"`
	Globals    int               `json:"globals"`
	Types      int               `json:"types"`
	Segments   int               `json:"data_segments"`
	Start      bool              `json:"start_function"`
	CompileMS  float64           `json:"compile_ms"` // estimated
	LongestMS  float64           `json:"longest_function_ms"`
	LongestFun string            `json:"longest_function"`
}

// A Manifest is the section "aril".
type Manifest struct {
	abi.Manifest
	ConfigSchema json.RawMessage `json:"config_schema,omitempty"`
}

// An Import is one function that the module asks for.
type Import struct {
	Module   string `json:"module"`
	Name     string `json:"name"`
	Type     string `json:"type"`
	Granted  bool   `json:"granted"`
	Optional bool   `json:"optional,omitempty"` // not granted, and answers DENIED
}

// An Export is one name that the module exports.
type Export struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// A Size is in bytes.
type Size struct {
	File   int `json:"file"`
	Code   int `json:"code"`
	Data   int `json:"data"`
	Custom int `json:"custom"`
}

// A Memory is in bytes; Max 0 is none of the module's own.
type Memory struct {
	Min int64 `json:"min_bytes"`
	Max int64 `json:"max_bytes,omitempty"`
}

// Make looks at a module as a host with these grants and limits would. An
// error says that there is nothing to report: the file is no module at all.
func Make(file string, module []byte, cfg aril.ExtensionConfig) (*Report, error) {
	found, err := aril.Inspect(module, cfg)
	r := &Report{File: file, Refused: Reasons(err)}
	if err != nil && len(r.Refused) == 0 {
		return nil, err
	}
	if err := r.manifest(module); err != nil {
		r.Refused = append(r.Refused, err.Error())
	}
	if found != nil {
		r.fill(found)
	}
	r.Refused = nonNil(slices.Compact(r.Refused))
	return r, nil
}

// Reasons are why a host would refuse a module, a sentence each; none where
// the error is another.
func Reasons(err error) []string {
	var refused *aril.AdmissionError
	switch {
	case errors.As(err, &refused):
		var list []string
		for _, r := range refused.Reasons {
			list = append(list, "it "+r.Message)
		}
		return list
	case errors.Is(err, aril.ErrRefused):
		return []string{err.Error()}
	}
	return nil
}

func (r *Report) manifest(module []byte) error {
	sections, err := abi.SplitSections(module)
	if err != nil {
		return err
	}
	r.Script = len(sections.Script)
	if sections.Manifest == nil {
		return nil
	}
	m, err := abi.DecodeManifest(sections.Manifest)
	if err != nil {
		return err
	}
	r.Manifest = &Manifest{Manifest: *m}
	if len(m.ConfigSchema) > 0 {
		var b strings.Builder
		if _, err := msgp.UnmarshalAsJSON(&b, m.ConfigSchema); err == nil {
			r.Manifest.ConfigSchema = json.RawMessage(b.String())
		}
	}
	return nil
}

func (r *Report) fill(f *aril.AdmissionReport) {
	r.ABI = f.ABIVersion
	r.Hooks = nonNil(f.Hooks)
	if r.Manifest != nil && len(r.Manifest.Hooks) > 0 {
		r.Hooks = slices.DeleteFunc(slices.Clone(f.Hooks), func(h string) bool {
			return h != "init" && h != "resume" && !slices.Contains(r.Manifest.Hooks, h)
		})
	}
	r.Imports, r.Exports = []Import{}, []Export{}
	for _, im := range f.Imports {
		r.Imports = append(r.Imports, Import{im.Module, im.Name, im.Type, im.Granted && !im.Denied, im.Denied})
	}
	for _, e := range f.Exports {
		r.Exports = append(r.Exports, Export{e.Name, e.Type})
	}
	r.Features = nonNil(f.Features)
	r.Size = Size{f.Size, f.CodeBytes, f.DataBytes, f.OtherBytes}
	if f.HasMemory {
		r.Memory = &Memory{Min: int64(f.Memory.Min) * pageSize}
		if f.Memory.HasMax {
			r.Memory.Max = int64(f.Memory.Max) * pageSize
		}
	}
	r.Tables, r.Functions, r.Names = f.TableElements, f.Functions, f.FunctionNames
	r.Globals, r.Types, r.Segments, r.Start = f.Globals, f.Types, f.DataSegments, f.Start
	r.CompileMS, r.LongestMS = float64(f.Compile.Microseconds())/1e3, float64(f.SlowestCompile.Microseconds())/1e3
	r.LongestFun = f.SlowestFunction
	if r.Stack = f.Stack; r.Stack == nil {
		r.Stack = map[string]uint32{}
	}
}

// WorstStack gives the exported function that takes the most native stack, and
// how many bytes.
func (r *Report) WorstStack() (export string, most uint32) {
	for _, name := range slices.Sorted(maps.Keys(r.Stack)) {
		if r.Stack[name] > most {
			export, most = name, r.Stack[name]
		}
	}
	return export, most
}

func nonNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// Write writes it for people.
func (r *Report) Write(s *ui.Screen) {
	s.Printf("%s  %s\n", s.Paint(ui.Bold, ui.Plain(r.File)), r.verdict(s))
	for _, reason := range r.Refused {
		s.Printf("  %s %s\n", s.Paint(ui.Bad, "•"), ui.Plain(reason))
	}
	r.writeManifest(s)
	abiText := "none"
	if r.ABI > 0 {
		abiText = fmt.Sprintf("v%d", r.ABI)
	}
	s.Field("abi", abiText)
	s.Field("hooks", list(r.Hooks))
	s.Field("imports", r.imports(s))
	s.Field("exports", r.exports())
	if r.Script > 0 {
		s.Field("script", ui.Count(int64(r.Script))+" bytes")
	}
	s.Field("size", fmt.Sprintf("%s bytes: code %s, data %s, custom sections %s (not run)", ui.Count(int64(r.Size.File)),
		ui.Count(int64(r.Size.Code)), ui.Count(int64(r.Size.Data)), ui.Count(int64(r.Size.Custom))))
	if r.Memory != nil {
		text := "begins with " + ui.Bytes(r.Memory.Min)
		if r.Memory.Max > 0 {
			text += ", asks for at most " + ui.Bytes(r.Memory.Max)
		}
		s.Field("memory", text)
	}
	if name, most := r.WorstStack(); most > 0 {
		s.Field("stack", fmt.Sprintf("%s at most, in %s, recursion not counted", ui.Bytes(int64(most)), ui.Plain(name)))
	}
	s.Field("functions", fmt.Sprintf("%s, %s with a name; %d globals, %d table elements", ui.Count(int64(r.Functions)), ui.Count(int64(r.Names)), r.Globals, r.Tables))
	s.Field("features", list(r.Features))
	if r.Start {
		s.Field("start", "a function runs at instantiation, under limits")
	}
	s.Field("compile", fmt.Sprintf("about %.0f ms, longest %.0f ms for %s", r.CompileMS, r.LongestMS, ui.Plain(r.LongestFun)))
}

func (r *Report) verdict(s *ui.Screen) string {
	if len(r.Refused) > 0 {
		return s.Paint(ui.Bad, "would be refused")
	}
	return s.Paint(ui.Good, "would be loaded")
}

func (r *Report) writeManifest(s *ui.Screen) {
	m := r.Manifest
	if m == nil {
		s.Field("extension", s.Paint(ui.Faint, `no section "aril": write one with aril build or aril pack`))
		return
	}
	s.Field("extension", strings.TrimSpace(m.Name+" "+m.Version))
	if len(m.Filters) == 0 {
		s.Field("sees", "every operation")
	}
	for i, f := range m.Filters {
		label := ""
		if i == 0 {
			label = "sees"
		}
		s.Field(label, ui.Plain(filter(f)))
	}
	if len(m.Capabilities) > 0 {
		s.Field("needs", strings.Join(m.Capabilities, ", "))
	}
	if len(m.ConfigSchema) > 0 {
		s.Field("config", ui.Plain(string(m.ConfigSchema)))
	}
}

// filter says in words what a filter lets through.
func filter(f abi.Filter) string {
	var parts []string
	for _, p := range []struct {
		what string
		list []string
	}{{"kind", f.Kinds}, {"name", f.Names}, {"key", f.Keys}} {
		if len(p.list) > 0 {
			parts = append(parts, p.what+" "+strings.Join(p.list, " or "))
		}
	}
	if len(parts) == 0 {
		return "every operation"
	}
	return strings.Join(parts, ", ")
}

// imports lists them by module.
func (r *Report) imports(s *ui.Screen) string {
	if len(r.Imports) == 0 {
		return "none"
	}
	var b strings.Builder
	for i := 0; i < len(r.Imports); {
		module := r.Imports[i].Module
		granted, optional := true, false
		var names []string
		rest := r.Imports[i:]
		for _, im := range rest {
			if im.Module == module {
				names = append(names, im.Name)
				granted, optional = granted && im.Granted, optional || im.Optional
			}
		}
		seen := slices.ContainsFunc(r.Imports[:i], func(im Import) bool { return im.Module == module })
		if !seen {
			verdict := s.Paint(ui.Good, "granted")
			if optional {
				verdict = s.Paint(ui.Warn, "optional, answers DENIED")
			} else if !granted {
				verdict = s.Paint(ui.Bad, "not granted")
			}
			fmt.Fprintf(&b, "%-24s %s  %s\n", ui.Plain(module), verdict, s.Paint(ui.Faint, ui.Plain(strings.Join(names, " "))))
		}
		i++
	}
	return b.String()
}

func (r *Report) exports() string {
	var names []string
	for _, e := range r.Exports {
		names = append(names, ui.Plain(e.Name))
	}
	return list(names)
}

func list(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}
