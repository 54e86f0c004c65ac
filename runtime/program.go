package runtime

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/runtime/internal/capability"
	"github.com/aril-wasm/aril/runtime/internal/sandbox"
	"github.com/aril-wasm/aril/runtime/internal/wasm"
)

// An AdmissionReport is what admission found in a module. Its String is what
// `aril inspect` prints.
type AdmissionReport = wasm.Report

// A program is a module that was admitted and compiled, with what was asked
// of it then. Loads of the same bytes under the same policy share it, whatever
// their manifests and scripts.
type program struct {
	raw    []byte // our copy
	policy string
	hash   uint64
	report *wasm.Report
	code   *sandbox.Code
	bound  []wasm.ImportName // the embedder's functions, by number
	denied uint8             // bits of optional modules that were not granted
	users  int               // guarded by Runtime.mu
}

// A file is an extension as it is handed over: what runs, and what the host
// reads beside it.
type file struct {
	abi.Sections
	size     int
	manifest *abi.Manifest // nil without section "aril"
}

// openFile takes a module apart. Capabilities that its manifest cannot do
// without must be granted.
func openFile(module []byte, granted wasm.Granted, l Limits) (*file, error) {
	if over(int64(len(module)), l.ModuleBytes) {
		return nil, &refusedError{&FormatError{Offset: -1, Section: "module", Reason: fmt.Sprintf("%d bytes, the limit is %d", len(module), l.ModuleBytes)}}
	}
	s, err := abi.SplitSections(module)
	if err != nil {
		return nil, &refusedError{err}
	}
	f := &file{Sections: s, size: len(module)}
	if f.manifest, err = readManifest(s.Manifest, granted); err != nil {
		return f, &refusedError{err}
	}
	return f, nil
}

// complete adds to the report of what runs what only the file knows.
func (f *file) complete(core *AdmissionReport) *AdmissionReport {
	r := *core
	r.Size, r.OtherBytes = f.size, r.OtherBytes+f.size-len(f.Core)
	r.Manifest, r.ScriptBytes = f.Manifest != nil, len(f.Script)
	return &r
}

var programSeed = maphash.MakeSeed()

// program admits, rewrites and compiles raw, or finds that done. The cache is
// looked up by a keyed hash and confirmed by comparing all bytes.
func (rt *Runtime) program(ctx context.Context, raw []byte, granted wasm.Granted, l Limits, track, debug bool) (*program, error) {
	policy := policyKey(granted, l, track, debug)
	hash := maphash.Bytes(programSeed, raw)
	if p := rt.findProgram(hash, raw, policy); p != nil {
		return p, nil
	}
	p, rw, err := admit(bytes.Clone(raw), granted, l, rt.engine.Interpreted(), track, debug)
	if err != nil {
		return nil, err
	}
	p.policy, p.hash, p.users = policy, hash, 1
	if p.code, err = rt.engine.Compile(ctx, rw, p.report.TableElements, p.report.Functions, p.report.Globals); err != nil {
		return nil, err
	}
	rt.mu.Lock()
	defer rt.mu.Unlock()
	rt.programs[hash] = append(rt.programs[hash], p)
	return p, nil
}

func (rt *Runtime) findProgram(hash uint64, raw []byte, policy string) *program {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	for _, p := range rt.programs[hash] {
		if p.policy == policy && bytes.Equal(p.raw, raw) {
			p.users++
			return p
		}
	}
	return nil
}

func (rt *Runtime) releaseProgram(p *program) {
	rt.mu.Lock()
	p.users--
	last := p.users == 0
	if last {
		rt.programs[p.hash] = slices.DeleteFunc(rt.programs[p.hash], func(o *program) bool { return o == p })
		if len(rt.programs[p.hash]) == 0 {
			delete(rt.programs, p.hash)
		}
	}
	rt.mu.Unlock()
	if last {
		p.code.Release()
	}
}

// policyKey spells what admission depends on.
func policyKey(granted wasm.Granted, l Limits, track, debug bool) string {
	var b strings.Builder
	fmt.Fprint(&b, track, " ", debug, " ", l.ModuleBytes, " ", l.MemoryBytes, " ", l.TableElements, " ", l.StackBytes)
	for _, module := range slices.Sorted(maps.Keys(granted)) {
		b.WriteString("\n" + strconv.Quote(module))
		for _, name := range slices.Sorted(maps.Keys(granted[module])) {
			b.WriteString(" " + strconv.Quote(name))
		}
	}
	return b.String()
}

// Inspect checks a module as Load would and reports what it found, without
// running or compiling it. The report is there, as far as it got, also when
// the module is refused.
func Inspect(raw []byte, cfg ExtensionConfig) (*AdmissionReport, error) {
	l, err := cfg.Limits.withDefaults()
	if err != nil {
		return nil, err
	}
	granted, _, err := cfg.Grants.granted()
	if err != nil {
		return nil, err
	}
	f, err := openFile(raw, granted, l)
	if f == nil {
		return nil, err
	}
	p, _, why := admit(f.Core, granted, l, false, false, false)
	if p == nil {
		return nil, cmp.Or(why, err)
	}
	return f.complete(p.report), cmp.Or(why, err)
}

// admit takes a module through everything that comes before the engine. A
// panic there is a bug of ours, and must not become the host's: the module is
// refused. track says that the code is to mark what it writes, debug that its
// lines are wanted.
func admit(raw []byte, granted wasm.Granted, l Limits, interpreted, track, debug bool) (p *program, rw *wasm.Rewritten, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, rw, err = nil, nil, &refusedError{fmt.Errorf("internal error in admission, please report it: %v", r)}
		}
	}()
	caps := wasm.Caps{ModuleBytes: int(l.ModuleBytes)}
	if l.ModuleBytes < 0 {
		caps.ModuleBytes = 1<<31 - 1
	}
	m, err := wasm.Parse(raw, caps)
	if err != nil {
		return nil, nil, &refusedError{err}
	}
	if err := m.Validate(); err != nil {
		return nil, nil, &refusedError{err}
	}
	granted, denied := withOptional(m, granted)
	report, err := wasm.Admit(m, len(raw), wasm.Policy{
		Imports:       granted,
		MemoryPages:   uint32(l.MemoryBytes / wasm.PageSize),
		TableElements: tableCap(l.TableElements),
		Interpreted:   interpreted,
		Track:         track,
	})
	p = &program{raw: raw, report: report, denied: denied}
	for i := range report.Imports {
		im := &report.Imports[i]
		im.Denied = capability.Deny(im.Module)&denied != 0
	}
	if err != nil {
		return p, nil, &refusedError{err}
	}
	opt := wasm.RewriteOptions{SparePage: true, Track: track, Debug: debug, Rename: map[wasm.ImportName]wasm.ImportName{}}
	for _, im := range m.Imports {
		name := wasm.ImportName{Module: im.Module, Name: im.Name}
		if _, seen := opt.Rename[name]; seen || !embedders(im.Module) {
			continue
		}
		if len(p.bound) == boundMax {
			return p, nil, &refusedError{fmt.Errorf("the module imports more than %d functions of the embedder's capabilities", boundMax)}
		}
		opt.Rename[name] = wasm.ImportName{Module: boundModule, Name: "f" + strconv.Itoa(len(p.bound))}
		p.bound = append(p.bound, name)
	}
	rw, err = wasm.Rewrite(m, opt)
	if err != nil {
		return p, nil, &refusedError{err}
	}
	report.Stack = rw.StackNeed
	return p, rw, nil
}

func tableCap(n int64) uint32 {
	if n < 0 {
		return 1<<32 - 1
	}
	return uint32(min(n, 1<<32-1))
}

// embedders reports whether a module is a capability made of [Func].
func embedders(module string) bool { return !ownModules()[module] }

// maxOptional bounds how many modules section "aril.optional" may name.
const maxOptional = 64

// withOptional adds to what is granted the modules that m can do without, and
// gives the bits of those that will answer DENIED.
func withOptional(m *wasm.Module, granted wasm.Granted) (_ wasm.Granted, denied uint8) {
	for _, section := range m.Custom {
		if section.Name != names.SectionOptional {
			continue
		}
		for i, module := range strings.Split(string(section.Bytes), "\n") {
			bit := capability.Deny(module)
			if i == maxOptional {
				break
			}
			if bit == 0 || denied&bit != 0 || granted[module] != nil {
				continue
			}
			if denied == 0 {
				granted = maps.Clone(granted)
			}
			denied |= bit
			granted[module] = builtinTypes(module)
		}
		break
	}
	return granted, denied
}

// readManifest reads section "aril". Capabilities that it cannot do without
// must be granted.
func readManifest(section []byte, granted wasm.Granted) (*abi.Manifest, error) {
	if section == nil {
		return nil, nil
	}
	manifest, err := abi.DecodeManifest(section)
	if err != nil {
		return nil, fmt.Errorf("section %q: %w", names.SectionAril, err)
	}
	if err := manifest.Validate(); err != nil {
		return nil, fmt.Errorf("section %q: %w", names.SectionAril, err)
	}
	missing := slices.DeleteFunc(slices.Clone(manifest.Capabilities), func(c string) bool { return granted[c] != nil })
	if len(missing) > 0 {
		slices.SortFunc(missing, cmp.Compare[string])
		return nil, fmt.Errorf("the extension needs %s, which is not granted; grant it in ExtensionConfig.Grants", strings.Join(missing, ", "))
	}
	return manifest, nil
}
