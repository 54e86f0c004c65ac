package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	aril "github.com/aril-wasm/aril/runtime"
)

// ParseFile reads the cases of one file. name is what errors and cases call it.
func ParseFile(name string, text []byte) (*File, error) {
	f := &File{Name: name}
	var raw struct {
		About string            `json:"about"`
		Cases []json.RawMessage `json:"cases"`
	}
	if err := keysAreUnique(text); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := strict(text, &raw); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(raw.Cases) == 0 {
		return nil, fmt.Errorf("%s: no cases", name)
	}
	f.About = raw.About
	seen := map[string]bool{}
	for i, text := range raw.Cases {
		c, err := parseCase(name, text)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", name, nameOf(text, i), err)
		}
		if seen[c.Name] {
			return nil, fmt.Errorf("%s: case %q is there twice", name, c.Name)
		}
		seen[c.Name] = true
		f.Cases = append(f.Cases, c)
	}
	return f, nil
}

// nameOf names a case that may be malformed.
func nameOf(text []byte, i int) string {
	var c struct{ Name string }
	if json.Unmarshal(text, &c) == nil && c.Name != "" {
		return fmt.Sprintf("case %q", c.Name)
	}
	return fmt.Sprintf("case %d", i+1)
}

// strict decodes one JSON value whose members are all known.
func strict(text []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
			return fmt.Errorf("unknown member %s", field)
		}
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}

// keysAreUnique refuses an object that has a key twice, of which encoding/json
// would take the last.
func keysAreUnique(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	type level struct {
		keys  map[string]bool // nil in a list
		value bool            // a value comes next, not a key
	}
	var levels []level
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if t == json.Delim('}') || t == json.Delim(']') {
			levels = levels[:len(levels)-1]
			continue
		}
		if len(levels) > 0 {
			at := &levels[len(levels)-1]
			if key, ok := t.(string); ok && at.keys != nil && !at.value {
				if at.keys[key] {
					return fmt.Errorf("key %q is there twice", key)
				}
				at.keys[key], at.value = true, true
				continue
			}
			at.value = false
		}
		switch t {
		case json.Delim('{'):
			levels = append(levels, level{keys: map[string]bool{}})
		case json.Delim('['):
			levels = append(levels, level{})
		}
	}
}

type rawCase struct {
	Name      string                     `json:"name"`
	Config    json.RawMessage            `json:"config"`
	Isolation string                     `json:"isolation"`
	Powers    []string                   `json:"powers"`
	Grants    []string                   `json:"grants"`
	Limits    map[string]int64           `json:"limits"`
	Functions map[string][]rawEntry      `json:"functions"`
	State     map[string]json.RawMessage `json:"state"`
	Sandbox   bool                       `json:"sandbox"`
	Measured  bool                       `json:"measured"`
	Steps     []rawStep                  `json:"steps"`
	InitError *rawWantedError            `json:"init_error"`
	Expect    struct {
		Log   []rawLine                  `json:"log"`
		State map[string]json.RawMessage `json:"state"`
	} `json:"expect"`
}

type rawLine struct {
	Level   string          `json:"level"`
	Message json.RawMessage `json:"message"`
	Attrs   json.RawMessage `json:"attrs"`
}

func parseCase(file string, text []byte) (*Case, error) {
	var raw rawCase
	if err := strict(text, &raw); err != nil {
		return nil, err
	}
	if raw.Name == "" {
		return nil, errors.New("it has no name")
	}
	d := &dialect{}
	c := &Case{File: file, Name: raw.Name, Sandbox: raw.Sandbox, Measured: raw.Measured, dialect: d}
	errs := &problems{}
	c.setup = raw.setup(d, errs)
	if config, ok := c.setup.Config.(map[string]any); ok {
		c.Role, _ = config["role"].(string)
	}
	c.state = raw.initialState(d, errs)
	if raw.InitError != nil {
		c.initError = raw.InitError.parse(d, errs.in("init_error"))
		if len(raw.Steps) > 0 {
			errs.add(errors.New("it has steps, and an init_error"))
		}
	} else if len(raw.Steps) == 0 {
		raw.Steps = make([]rawStep, 1)
	}
	for i := range raw.Steps {
		where := fmt.Sprintf("step %d", i+1)
		c.steps = append(c.steps, raw.Steps[i].parse(where, d, errs.in(where)))
	}
	if c.Measured && (len(c.steps) == 0 || c.steps[0].operation == nil) {
		errs.add(errors.New("it is measured, and its first step is no operation"))
	}
	if c.Measured && raw.Expect.State != nil {
		errs.add(errors.New("it is measured, which changes the state that it expects"))
	}
	c.log = raw.lines(d, errs.in("expect.log"))
	if raw.Expect.State != nil {
		c.kept = map[string]any{}
		for key, text := range raw.Expect.State {
			c.kept[key] = errs.in("expect.state").value(d, text, withPatterns|withBytes)
		}
	}
	return c, errs.err()
}

func (raw *rawCase) initialState(d *dialect, errs *problems) map[string][]byte {
	state := map[string][]byte{}
	for key, text := range raw.State {
		v := errs.in("state").value(d, text, withBytes)
		if b, ok := v.(stored); ok {
			state[key] = b
			continue
		}
		b, err := new(aril.Values).Append(nil, v)
		errs.add(err)
		state[key] = b
	}
	return state
}

func (raw *rawCase) lines(d *dialect, errs *problems) []wantedLine {
	if raw.Expect.Log == nil {
		return nil
	}
	lines := []wantedLine{}
	for _, l := range raw.Expect.Log {
		switch l.Level {
		case "debug", "info", "warn", "error":
		default:
			errs.add(fmt.Errorf("%q is no level", l.Level))
		}
		made := wantedLine{level: l.Level, message: errs.value(d, l.Message, withPatterns), attrs: map[string]any{}}
		if l.Attrs != nil {
			attrs, err := as[map[string]any](errs.value(d, l.Attrs, withPatterns))
			errs.add(err)
			made.attrs = attrs
		}
		lines = append(lines, made)
	}
	return lines
}

// problems collects what is wrong with a case.
type problems struct {
	path  string
	found *[]error
}

func (p *problems) in(part string) *problems {
	if p.found == nil {
		p.found = new([]error)
	}
	if p.path != "" {
		part = p.path + ": " + part
	}
	return &problems{path: part, found: p.found}
}

func (p *problems) add(err error) {
	if err == nil {
		return
	}
	if p.found == nil {
		p.found = new([]error)
	}
	if p.path != "" {
		err = fmt.Errorf("%s: %w", p.path, err)
	}
	*p.found = append(*p.found, err)
}

func (p *problems) err() error {
	if p.found == nil {
		return nil
	}
	return errors.Join(*p.found...)
}

// value parses a value; nothing is nil.
func (p *problems) value(d *dialect, text json.RawMessage, with int) any {
	if text == nil {
		return nil
	}
	v, err := d.parse(text, with)
	p.add(err)
	return v
}

func milliseconds(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
