package runtime_test

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/runtime/internal/wasm"
)

// A probe knows testdata/hostile/probe.wasm: a guest that does what a program
// says, so that an attack on a host function is a line of text:
//
//	aril_v1.read*3(1, 0, 0xFFFFFFF0, 0x20) = INVALID
//
// which is a function, how often it is called, its arguments and what the last
// call must answer: a status, perhaps with its figure (OK 5), or a plain
// number, or * for anything. A text in quotes ('key', or x'dd ffff' in
// hexadecimal) stands for two arguments, pointer and length; with @ before it
// for the pointer alone.
type probe struct {
	code []byte
	ops  map[string]uint32
}

// What the probe can do beside calling imports, as at the end of its table.
var probeOps = []string{"grow", "fill", "copy", "load", "store", "differ", "size", "spin", "trap", "log", "return"}

const (
	probeBase   = 0x10000 // where the program comes to lie
	probeEnd    = 0x30000 // of its memory
	probeRecord = 80
)

func newProbe(code []byte) (*probe, error) {
	m, err := wasm.Parse(code, wasm.Caps{})
	if err != nil {
		return nil, err
	}
	p := &probe{code: code, ops: map[string]uint32{}}
	for i, imp := range m.Imports {
		p.ops[imp.Module+"."+imp.Name] = uint32(i)
	}
	for i, op := range probeOps {
		p.ops[op] = uint32(len(m.Imports) + i)
	}
	return p, nil
}

// A step is one line of a program.
type step struct {
	text  string
	op    string
	times uint32
	args  []argument
	want  string
}

// An argument is a number, or bytes that the program brings along.
type argument struct {
	number  uint64
	bytes   []byte
	isBytes bool
	pointer bool // without the length
}

func parseStep(text string) (step, error) {
	s := step{text: text, times: 1}
	head, rest, ok := strings.Cut(text, "(")
	if !ok {
		return s, fmt.Errorf("%q: no arguments", text)
	}
	head = strings.TrimSpace(head)
	if name, times, ok := strings.Cut(head, "*"); ok {
		n, err := strconv.ParseUint(times, 10, 31)
		if err != nil {
			return s, fmt.Errorf("%q: %w", text, err)
		}
		head, s.times = name, uint32(n)
	}
	s.op = head
	for {
		rest = strings.TrimLeft(rest, ", ")
		if after, ok := strings.CutPrefix(rest, ")"); ok {
			s.want = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(after), "="))
			return s, nil
		}
		var a argument
		var isHex bool
		rest, a.pointer = strings.CutPrefix(rest, "@")
		rest, isHex = strings.CutPrefix(rest, "x")
		if after, ok := strings.CutPrefix(rest, "'"); ok {
			body, after, ok := strings.Cut(after, "'")
			if !ok {
				return s, fmt.Errorf("%q: a text without end", text)
			}
			a.isBytes, a.bytes, rest = true, []byte(body), after
			if isHex {
				b, err := hex.DecodeString(strings.ReplaceAll(body, " ", ""))
				if err != nil {
					return s, fmt.Errorf("%q: %w", text, err)
				}
				a.bytes = b
			}
		} else {
			end := strings.IndexAny(rest, ",)")
			if end < 0 {
				return s, fmt.Errorf("%q: no end", text)
			}
			n, err := parseNumber(strings.TrimSpace(rest[:end]))
			if err != nil {
				return s, fmt.Errorf("%q: %w", text, err)
			}
			a.number, rest = n, rest[end:]
		}
		s.args = append(s.args, a)
	}
}

// parseNumber takes any 64 bits, signed or unsigned.
func parseNumber(s string) (uint64, error) {
	if strings.HasPrefix(s, "-") {
		n, err := strconv.ParseInt(s, 0, 64)
		return uint64(n), err
	}
	return strconv.ParseUint(s, 0, 64)
}

// For which hook a program is.
const (
	forInit = 0
	forRest = 1
)

// encode writes a program as the probe reads it.
func (p *probe) encode(hook uint64, lines []string) ([]byte, []step, error) {
	steps := make([]step, len(lines))
	for i, line := range lines {
		s, err := parseStep(line)
		if err != nil {
			return nil, nil, err
		}
		steps[i] = s
	}
	var tail []byte
	out := binary.LittleEndian.AppendUint64(nil, hook)
	at := uint64(probeBase + len(out) + len(steps)*probeRecord + 4)
	for _, s := range steps {
		op, ok := p.ops[s.op]
		if !ok {
			return nil, nil, fmt.Errorf("%q: the probe has no %q", s.text, s.op)
		}
		record := binary.LittleEndian.AppendUint32(nil, op)
		record = binary.LittleEndian.AppendUint32(record, s.times)
		for _, a := range s.args {
			if !a.isBytes {
				record = binary.LittleEndian.AppendUint64(record, a.number)
				continue
			}
			record = binary.LittleEndian.AppendUint64(record, at+uint64(len(tail)))
			if !a.pointer {
				record = binary.LittleEndian.AppendUint64(record, uint64(len(a.bytes)))
			}
			tail = append(tail, a.bytes...)
		}
		if len(record) > probeRecord {
			return nil, nil, fmt.Errorf("%q: too many arguments", s.text)
		}
		out = append(out, append(record, make([]byte, probeRecord-len(record))...)...)
	}
	out = append(binary.LittleEndian.AppendUint32(out, 0xFFFFFFFF), tail...)
	if len(out) > 0x10000 {
		return nil, nil, fmt.Errorf("a program of %d bytes: the probe has room for 65,536", len(out))
	}
	return out, steps, nil
}

// compare says what is wrong with the answers to a program.
func compare(steps []step, results []byte) error {
	for i, s := range steps {
		if s.want == "" && len(results) < (i+1)*8 {
			return nil // log, return: nothing comes back of it
		}
		if len(results) < (i+1)*8 {
			return fmt.Errorf("step %d, %s: no answer", i, s.text)
		}
		got := binary.LittleEndian.Uint64(results[i*8:])
		if !matches(s.want, got) {
			return fmt.Errorf("step %d, %s: answered %#x (%s %d, as a status)", i, s.text, got, abi.Status(got>>32), uint32(got))
		}
	}
	return nil
}

func matches(want string, got uint64) bool {
	if want == "*" || want == "" {
		return true
	}
	if n, err := parseNumber(want); err == nil {
		return n == got
	}
	status, figure, hasFigure := strings.Cut(want, " ")
	if abi.Status(got>>32).String() != status {
		return false
	}
	return !hasFigure || figure == strconv.FormatUint(uint64(uint32(got)), 10)
}
