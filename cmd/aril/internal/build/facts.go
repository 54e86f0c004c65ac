package build

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tinylib/msgp/msgp"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/cmd/aril/internal/wasmfile"
	aril "github.com/aril-wasm/aril/runtime"
)

// FactsFile is where an author says what a host may know of the extension
// without running it.
const FactsFile = "aril.json"

// Facts are what an author says of an extension; what is left out is asked of
// the extension itself.
type Facts struct {
	abi.Manifest
	ConfigSchema map[string]any `json:"config_schema"`
}

// ParseFacts reads the JSON form. An unknown key is a typing mistake, so it is
// an error here, unlike in the section itself.
func ParseFacts(text []byte) (*Facts, error) {
	f := &Facts{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(f); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, errors.New("more than one JSON value")
	}
	if f.ConfigSchema != nil {
		schema, err := msgp.AppendIntf(nil, f.ConfigSchema)
		if err != nil {
			return nil, fmt.Errorf("config_schema: %w", err)
		}
		f.Manifest.ConfigSchema = schema
	}
	return f, nil
}

// readFacts reads the file of a folder; without one there are no facts.
func readFacts(dir string) (*Facts, error) {
	text, err := os.ReadFile(filepath.Join(dir, FactsFile))
	if errors.Is(err, os.ErrNotExist) {
		return &Facts{}, nil
	}
	if err != nil {
		return nil, err
	}
	f, err := ParseFacts(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", FactsFile, err)
	}
	return f, nil
}

// complete adds what the extension says of itself where the author said
// nothing, and a name.
func (f *Facts) complete(ctx context.Context, s *source, module []byte) (*abi.Manifest, []string, error) {
	m := f.Manifest
	exports, err := wasmfile.Exports(module)
	if err != nil {
		return nil, nil, err
	}
	sections, err := abi.SplitSections(module)
	if err != nil {
		return nil, nil, err
	}
	var warnings []string
	if slices.Contains(exports, names.ExportCall) {
		said, err := ask(ctx, s, module, sections.Script != nil)
		if err != nil {
			warnings = append(warnings, fmt.Sprintf("the extension could not be asked for its hooks and filters: %v", err))
		}
		merge(&m, said)
	}
	if sections.Manifest != nil { // a module that was built and packed before
		old, err := abi.DecodeManifest(sections.Manifest)
		if err != nil {
			return nil, nil, err
		}
		merge(&m, old)
	}
	if m.Name == "" {
		m.Name = nameOf(s)
	}
	return &m, warnings, nil
}

// merge takes from more what m lacks.
func merge(m, more *abi.Manifest) {
	if more == nil {
		return
	}
	if m.Name == "" {
		m.Name = more.Name
	}
	if m.Version == "" {
		m.Version = more.Version
	}
	if m.Hooks == nil && len(more.Hooks) > 0 {
		m.Hooks = more.Hooks
	}
	if m.Filters == nil && len(more.Filters) > 0 {
		m.Filters = more.Filters
	}
	if m.Capabilities == nil && len(more.Capabilities) > 0 {
		m.Capabilities = more.Capabilities
	}
	if len(m.ConfigSchema) == 0 {
		m.ConfigSchema = more.ConfigSchema
	}
}

// nameOf makes a name of what was built.
func nameOf(s *source) string {
	name := filepath.Base(s.dir)
	if len(s.files) == 1 && (s.Request.Path != "" && filepath.Base(s.Request.Path) == s.files[0]) {
		name = strings.TrimSuffix(s.files[0], filepath.Ext(s.files[0]))
	}
	name = strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || strings.ContainsRune("._-", r) {
			return r
		}
		return '-'
	}, strings.ToLower(name))
	if name = strings.TrimLeft(name, "._-"); name == "" {
		name = "extension"
	}
	return name[:min(len(name), 64)]
}

// ask loads a module as a host would that grants everything, and calls the
// method that SDKs answer which export every hook. A guest that is
// compiled is asked without running its init, which may want a configuration;
// an interpreter has read its script only then.
func ask(ctx context.Context, s *source, module []byte, script bool) (*abi.Manifest, error) {
	var err error
	if !script {
		if module, err = wasmfile.WithoutExport(module, names.ExportInit); err != nil {
			return nil, err
		}
	}
	grants, _, err := GrantAll(module)
	if err != nil {
		return nil, err
	}
	module, err = abi.PackManifest(module, &abi.Manifest{Name: "extension"})
	if err != nil {
		return nil, err
	}
	rt, err := aril.New(ctx, aril.Config{Interpreter: true}) // for one call, compiling does not pay
	if err != nil {
		return nil, err
	}
	defer rt.Close(context.WithoutCancel(ctx))
	g, err := rt.Load(ctx, module, aril.ExtensionConfig{Name: "extension", Config: s.Config, Grants: grants})
	if err != nil {
		return nil, err
	}
	answer, err := g.Call(ctx, "aril.manifest", nil)
	if errors.Is(err, aril.ErrNoMethod) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return manifestOf(answer)
}

// manifestOf reads what an extension answered, as strictly as the author's
// own file.
func manifestOf(answer any) (*abi.Manifest, error) {
	text, err := json.Marshal(answer)
	if err != nil {
		return nil, fmt.Errorf("what it says of itself: %w", err)
	}
	f, err := ParseFacts(text)
	if err != nil {
		return nil, fmt.Errorf("what it says of itself: %w", err)
	}
	return &f.Manifest, nil
}
