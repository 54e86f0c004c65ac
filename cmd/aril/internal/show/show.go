// Package show prints what an extension did.
package show

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/aril-wasm/aril/cmd/aril/internal/load"
	"github.com/aril-wasm/aril/cmd/aril/internal/ui"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/conformance"
)

// A Printer prints steps as they end.
type Printer struct {
	Screen    *ui.Screen
	Extension *load.Extension
	JSON      bool
	Quiet     bool // only what went wrong
	Wrong     int  // steps that broke, or did not give what they expect

	steps, errors int
	took          []time.Duration
	fuel          int64
}

// A record is the JSON form of a step.
type record struct {
	Step      int             `json:"step"`
	What      string          `json:"what"`
	Value     json.RawMessage `json:"value,omitempty"`
	Error     *wrong          `json:"error,omitempty"`
	Broke     string          `json:"broke,omitempty"`
	Trace     []string        `json:"trace,omitempty"`
	Next      json.RawMessage `json:"next,omitempty"`
	Log       []line          `json:"log,omitempty"`
	Usage     *usage          `json:"usage,omitempty"`
	Took      float64         `json:"took_us"`
	Different []string        `json:"different,omitempty"`
}

type wrong struct {
	Code      string          `json:"code"`
	Message   string          `json:"message"`
	Retryable bool            `json:"retryable,omitempty"`
	Data      json.RawMessage `json:"data,omitempty"`
	Cause     *wrong          `json:"cause,omitempty"`
}

type line struct {
	Level   string                     `json:"level"`
	Message string                     `json:"message"`
	Attrs   map[string]json.RawMessage `json:"attrs,omitempty"`
}

type usage struct {
	Fuel      int64   `json:"fuel"`
	SelfUS    float64 `json:"self_us"`
	WaitUS    float64 `json:"wait_us"`
	Memory    int64   `json:"memory_bytes"`
	Moved     int64   `json:"moved_bytes"`
	HostCalls int64   `json:"host_calls"`
	NextCalls int     `json:"next_calls"`
	LogBytes  int64   `json:"log_bytes"`
}

// Step prints one.
func (p *Printer) Step(n int, s *conformance.Step, o *conformance.Outcome) {
	reports, lines := p.Extension.Told()
	var different []conformance.Difference
	if s.Expects() {
		different = s.Check(o)
	}
	var broke *aril.CallError
	isBroke := errors.As(o.Err, &broke)
	p.steps++
	p.took = append(p.took, o.Took)
	if o.Err != nil {
		p.errors++
	}
	for _, r := range reports {
		p.fuel += r.Fuel
	}
	bad := len(different) > 0 || isBroke && !s.Expects()
	if bad {
		p.Wrong++
	}
	switch {
	case p.JSON:
		p.json(n, s, o, reports, lines, different)
	case !p.Quiet || bad:
		p.text(n, s, o, reports, lines, different)
	}
}

func (p *Printer) text(n int, s *conformance.Step, o *conformance.Outcome, reports []*aril.Report, lines []load.Line, different []conformance.Difference) {
	sc := p.Screen
	sc.Printf("%s %s\n", sc.Paint(ui.Bold, fmt.Sprintf("%d. %s", n, ui.Plain(s.Name()))), sc.Paint(ui.Faint, "in "+ui.Duration(o.Took)))
	var broke *aril.CallError
	switch {
	case errors.As(o.Err, &broke):
		sc.Field("broke", sc.Paint(ui.Bad, ui.Plain(broke.Error())))
		Trace(sc, broke)
		sc.Field("inside", ui.Plain(inner(broke.Inner)))
	case o.Err != nil:
		sc.Field("error", sc.Paint(ui.Warn, ui.Plain(errorText(o.Err))))
	case strings.HasPrefix(s.Name(), "event ") && !o.Answered:
		sc.Field("value", sc.Paint(ui.Faint, "no answer"))
	default:
		sc.Field("value", sc.Paint(ui.Good, ui.Plain(conformance.FormatValue(o.Value))))
	}
	for i, in := range o.Inputs {
		sc.Field(fmt.Sprintf("next %d", i+1), ui.Plain(conformance.FormatValue(in)))
	}
	Log(sc, lines)
	for _, r := range reports {
		p.usage(r)
	}
	for _, d := range different {
		sc.Field("differs", sc.Paint(ui.Bad, ui.Plain(d.String())))
	}
}

// usage prints what one wrap used of its limits.
func (p *Printer) usage(r *aril.Report) {
	sc, l := p.Screen, &p.Extension.Limits
	row := func(label, used string, n, limit int64, most string) {
		if limit < 0 {
			most = "unlimited"
		}
		sc.Field(label, fmt.Sprintf("%-12s %s of %s", used, sc.Bar(n, limit), most))
	}
	row("fuel", ui.Count(r.Fuel), r.Fuel, l.Fuel, ui.Count(l.Fuel))
	row("self time", ui.Duration(r.SelfTime), int64(r.SelfTime), int64(l.SelfTime), ui.Duration(l.SelfTime))
	if r.WaitTime > 0 {
		row("wait time", ui.Duration(r.WaitTime), int64(r.WaitTime), int64(l.WaitTime), ui.Duration(l.WaitTime))
	}
	row("memory", ui.Bytes(r.Memory), r.Memory, l.MemoryBytes, ui.Bytes(l.MemoryBytes))
	sc.Field("moved", sc.Paint(ui.Faint, fmt.Sprintf("%s in %s host calls, %d next, %s logged",
		ui.Bytes(r.Moved), ui.Count(r.HostCalls), r.NextCalls, ui.Bytes(r.LogBytes))))
	if r.LogDropped > 0 {
		sc.Field("", sc.Paint(ui.Warn, fmt.Sprintf("%d lines of the log were dropped", r.LogDropped)))
	}
}

// Sum prints one line about all steps.
func (p *Printer) Sum() {
	if p.JSON {
		return
	}
	sorted := slices.Clone(p.took)
	slices.Sort(sorted)
	style := ui.Good
	if p.Wrong > 0 {
		style = ui.Bad
	}
	p.Screen.Printf("%s %d ended with an error; median %s, longest %s, fuel %s in all\n",
		p.Screen.Paint(style, fmt.Sprintf("%d steps, %d wrong.", p.steps, p.Wrong)), p.errors,
		ui.Duration(sorted[len(sorted)/2]), ui.Duration(sorted[len(sorted)-1]), ui.Count(p.fuel))
}

// Log prints lines of a log.
func Log(sc *ui.Screen, lines []load.Line) {
	for _, l := range lines {
		if l.Host && l.Message == "extension broke" {
			continue // it is said already
		}
		style := ui.Faint
		switch {
		case l.Level >= slog.LevelError:
			style = ui.Bad
		case l.Level >= slog.LevelWarn:
			style = ui.Warn
		}
		text := sc.Paint(style, fmt.Sprintf("%-5s", strings.ToLower(l.Level.String()))) + " " + ui.Plain(l.Message)
		for _, a := range l.Attrs {
			text += " " + sc.Paint(ui.Key, ui.Plain(a.Key)+"=") + ui.Plain(attr(a.Value))
		}
		sc.Field("log", text)
	}
}

func attr(v slog.Value) string { return conformance.FormatValue(v.Resolve().Any()) }

// maxFrames bounds what is printed of a trace.
const maxFrames = 24

// Trace prints where an extension broke.
func Trace(sc *ui.Screen, e *aril.CallError) {
	for i, f := range e.Trace {
		if i == maxFrames {
			sc.Field("", sc.Paint(ui.Faint, fmt.Sprintf("… %d more", len(e.Trace)-i)))
			break
		}
		sc.Field("", sc.Paint(ui.Faint, "at ")+ui.Plain(f.Function)+sc.Paint(ui.Faint, ui.Plain(place(f))))
	}
}

// place says where a frame is in the sources, where that is known.
func place(f aril.Frame) string {
	if f.File == "" {
		return ""
	}
	return fmt.Sprintf("  %s:%d", f.File, f.Line)
}

func inner(in aril.Inner) string {
	often := fmt.Sprintf("%d times", in.Calls)
	if in.Calls == 1 {
		often = "once"
	}
	switch {
	case in.Calls == 0:
		return "the operation itself did not run"
	case in.Running:
		return "the operation itself had begun " + often + ", and was running"
	case in.Err != nil:
		return fmt.Sprintf("the operation itself ran %s; it ended with: %v", often, in.Err)
	}
	return fmt.Sprintf("the operation itself ran %s; it gave %s", often, conformance.FormatValue(in.Value))
}
