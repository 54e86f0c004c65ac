package runtime

import (
	"context"
	"encoding/binary"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
)

// scriptFor names a function to the guest interpreter.wat.
func scriptFor(module, name string) []byte {
	return append([]byte{byte(len(module)), byte(len(name))}, module+name...)
}

func withSection(module []byte, name, content string) []byte {
	out := append(append([]byte(nil), module...), 0)
	out = binary.AppendUvarint(out, uint64(1+len(name)+len(content)))
	return append(append(append(out, byte(len(name))), name...), content...)
}

func TestAScriptCallsGrantedFunctionsByName(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	engine := guestFile(t, "interpreter")
	stock := Capability{Module: "acme_stock_v1", Functions: []Function{
		Func("reserve", func(_ context.Context, c *Call, sku string) (string, error) {
			require.Equal(t, "wrap", c.Hook)
			if sku == "" {
				return "", &Error{ErrorCode: "no_sku", Message: "of what?"}
			}
			return "one " + sku, nil
		}),
	}}
	run := func(script []byte, in string) (any, error) {
		module, err := abi.PackScript(engine, script)
		require.NoError(t, err)
		g, err := rt.Load(t.Context(), module, ExtensionConfig{Name: "script", Grants: Grants{Capabilities: []Capability{stock}}})
		require.NoError(t, err)
		require.Equal(t, len(script), g.Admission().ScriptBytes)
		require.Equal(t, len(module), g.Admission().Size)
		return NewPipeline(g).Do(t.Context(), Operation{Kind: "test", Name: "x"}, in, func(context.Context, any) (any, error) { return nil, nil })
	}
	got, err := run(scriptFor("acme_stock_v1", "reserve"), "bolt")
	require.NoError(t, err)
	require.Equal(t, "one bolt", got)
	_, err = run(scriptFor("acme_stock_v1", "reserve"), "")
	var e *Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, "no_sku", e.Code())
	for want, script := range map[abi.Status][]byte{
		abi.NotFound: scriptFor("acme_stock_v1", "release"),
		abi.Denied:   scriptFor("aril_state_v1", "get"),
		abi.Invalid:  scriptFor("", "reserve"),
	} {
		got, err = run(script, "bolt")
		require.NoError(t, err)
		require.EqualValues(t, want, got)
	}
	got, err = run(scriptFor("aril_http_v1", "fetch"), "http://127.0.0.1/")
	require.NoError(t, err)
	require.EqualValues(t, abi.Denied, got, "it reaches no more than was granted")
}

func TestScriptsShareOneProgramAndAScriptGivenToLoadComesFirst(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	engine := guestFile(t, "interpreter")
	load := func(script string, given []byte) *Guest {
		module, err := abi.PackScript(engine, []byte(script))
		require.NoError(t, err)
		module, err = abi.PackManifest(module, &abi.Manifest{Name: "m"})
		require.NoError(t, err)
		g, err := rt.Load(t.Context(), module, ExtensionConfig{Name: "script", Script: given})
		require.NoError(t, err)
		return g
	}
	one, two := load("\x01\x01ab", nil), load("\x01\x01cd", nil)
	require.Same(t, one.program, two.program)
	require.NotSame(t, one.template, two.template)
	require.Same(t, two.template, load("\x01\x01ab", []byte("\x01\x01cd")).template)
	_, err := rt.Load(t.Context(), withSection(withSection(engine, names.SectionScript, "a"), names.SectionScript, "b"), ExtensionConfig{Name: "twice"})
	require.ErrorIs(t, err, ErrRefused)
}

func TestAnOptionalModuleThatIsNotGrantedAnswersDENIED(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	engine := guestFile(t, "interpreter")
	cfg := ExtensionConfig{Name: "script", Script: scriptFor("acme_stock_v1", "reserve"), Grants: Grants{None: true}}
	_, err := rt.Load(t.Context(), engine, cfg)
	require.ErrorContains(t, err, "aril_dynamic_v1")
	for _, others := range []string{"aril_dynamic", "aril_dynamic_v1 ", "acme_stock_v1", "aril_v1", "wasi_snapshot_preview1", "env", ""} {
		_, err = rt.Load(t.Context(), withSection(engine, names.SectionOptional, others), cfg)
		require.ErrorContains(t, err, "aril_dynamic_v1", others)
	}
	module := withSection(engine, names.SectionOptional, "nonsense\naril_dynamic_v1\naril_dynamic_v1")
	report, err := Inspect(module, cfg)
	require.NoError(t, err)
	require.Contains(t, report.String(), "optional, answers DENIED")
	g, err := rt.Load(t.Context(), module, cfg)
	require.NoError(t, err)
	do := func(g *Guest) any {
		got, err := NewPipeline(g).Do(t.Context(), Operation{Kind: "test", Name: "x"}, "bolt", func(context.Context, any) (any, error) { return nil, nil })
		require.NoError(t, err)
		return got
	}
	require.EqualValues(t, abi.Denied, do(g))

	// The same bytes with the grant: the function is there and finds nothing.
	cfg.Grants.Capabilities = []Capability{Dynamic, {Module: "acme_stock_v1"}}
	g, err = rt.Load(t.Context(), module, cfg)
	require.NoError(t, err)
	require.EqualValues(t, abi.NotFound, do(g))
}

// What a manifest cannot do without stays required, whatever is optional.
func TestAModuleThatIsBothOptionalAndNeededIsNeeded(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	module, err := abi.PackManifest(withSection(guestFile(t, "interpreter"), names.SectionOptional, "aril_dynamic_v1"),
		&abi.Manifest{Name: "m", Capabilities: []string{"aril_dynamic_v1"}})
	require.NoError(t, err)
	_, err = rt.Load(t.Context(), module, ExtensionConfig{Name: "m", Grants: Grants{None: true}})
	require.ErrorContains(t, err, "needs aril_dynamic_v1")
}

// The engine of a script may have been built on WASI: what its libc asks for
// is answered, not granted.
func TestOptionalWASIAnswersThatItIsNotCapable(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	code, err := os.ReadFile("../testdata/toolchains/c-wasi/echo.wasm")
	require.NoError(t, err)
	bare := ExtensionConfig{Name: "c", Grants: Grants{None: true}}
	_, err = rt.Load(t.Context(), code, bare)
	require.ErrorContains(t, err, names.ModuleWASI)
	_, err = rt.Load(t.Context(), withSection(code, names.SectionOptional, names.ModuleWASI), bare)
	require.NoError(t, err)
}
