package sandbox

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A Fault says why an activation ended early, and where it was.
type Fault struct {
	Err    error  // one of this package's sentinels, or two joined
	Detail string // the trap's own words, "" for none
	Trace  []Frame
}

// A Frame is one function on a guest's stack, or one that the compiler
// inlined: it has the Index of the frame around it then.
type Frame struct {
	Function string // its name if names were kept, else its index as "$12"
	Index    uint32 // in the rewritten module

	// File and Line are where it was in the sources, in a Debug load of a module
	// with DWARF: the last elements of the file's path, separated by '/'. "" and 0
	// where that is not known. The module says so: do not open the file.
	File string
	Line int
}

// String gives the function, and the place where it is known.
func (f Frame) String() string {
	switch {
	case f.File == "":
		return f.Function
	case f.Line == 0:
		return f.Function + " (" + f.File + ")"
	}
	return f.Function + " (" + f.File + ":" + strconv.Itoa(f.Line) + ")"
}

// errMemoryTrap is a trap of a guest that had asked for memory and not got it.
var errMemoryTrap = fmt.Errorf("%w: %w", ErrMemory, ErrTrap)

func (f *Fault) Error() string {
	if f.Detail == "" {
		return f.Err.Error()
	}
	return f.Err.Error() + ": " + f.Detail
}

func (f *Fault) Unwrap() error { return f.Err }

// fault turns what wazero returned, and what the activation noted, into a
// Fault.
func (i *Instance) fault(err error) error {
	f := &Fault{}
	if err != nil {
		f.Detail, f.Trace = i.describe(err.Error())
	}
	switch ended := i.Act.ended; {
	case ended != nil:
		f.Err = ended
		if ended == ErrTrap && i.memory.refused {
			f.Err = errMemoryTrap
		}
		f.Detail = ""
	case f.Detail == "" && err != nil:
		f.Err, f.Detail = ErrPanic, "in a host function"
	case i.Act.gaveUp != 0:
		f.Err = ErrCanceled // it was told that its caller gave up: how it ends is no fault
	case f.Detail == "stack overflow":
		f.Err = ErrStack
	case i.memory.refused:
		f.Err = errMemoryTrap
	default:
		f.Err = ErrTrap
	}
	if errors.Is(f.Err, ErrCanceled) {
		return ErrCanceled
	}
	return f
}

// wazero keeps its trap values internal, so their text is all there is.
// https://github.com/tetratelabs/wazero/blob/v1.12.0/internal/wasmruntime/errors.go
// The second line is there in a Debug load: see wasm.Rewritten.Lines.
var traceFrame = regexp.MustCompile(`(?m)^\t\.\$(\d+)\(.*(?:\n\t\t0x([0-9a-f]+): )?`)

// traceFrames bounds a trace.
const traceFrames = 64

func (i *Instance) describe(text string) (detail string, trace []Frame) {
	head, tail, _ := strings.Cut(text, "\nwasm stack trace:")
	head, _, _ = strings.Cut(head, " (recovered by wazero)")
	detail, isTrap := strings.CutPrefix(head, "wasm error: ")
	if !isTrap {
		detail = "" // a host function's own words are none of the guest's business
	}
	for _, m := range traceFrame.FindAllStringSubmatch(tail, traceFrames) {
		n, err := strconv.ParseUint(m[1], 10, 32)
		if err != nil {
			continue
		}
		f := Frame{Function: "$" + m[1], Index: uint32(n)}
		if name := i.code.rewritten.Names.Function(uint32(n)); name != "" {
			f.Function = name
		}
		if strings.HasPrefix(f.Function, "aril.") {
			continue // what the rewriter added is none of the guest's
		}
		trace = append(trace, i.places(f, m[2])...)
	}
	trace = trace[:min(len(trace), traceFrames)]
	return detail, trace
}

// places adds to a frame where it was, by its offset in the rewritten code,
// and puts before it the functions that were inlined there.
func (i *Instance) places(f Frame, offset string) []Frame {
	at, err := strconv.ParseUint(offset, 16, 32)
	if err != nil {
		return []Frame{f}
	}
	places := i.code.rewritten.Lines.At(uint32(at))
	frames := make([]Frame, 0, len(places)+1)
	for _, p := range places {
		inlined := Frame{Function: p.Function, Index: f.Index, File: p.File, Line: p.Line}
		if inlined.Function == "" {
			inlined.Function = "(inlined)"
		}
		frames = append(frames, inlined)
	}
	if len(frames) == 0 {
		return []Frame{f}
	}
	frames[len(frames)-1].Function = f.Function
	return frames
}
