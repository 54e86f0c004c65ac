package enrich

import (
	"fmt"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/aril-wasm/aril/guest-sdk/js"
)

// module makes the WebAssembly module of a mapping.
func (c *Config) module(code mappingCode) ([]byte, error) {
	switch code.kind {
	case codeWasm:
		return code.bytes, nil
	case codeTypeScript:
		script, err := stripTypes(code.name, code.bytes)
		if err != nil {
			return nil, err
		}
		return c.JavaScript(script)
	case codeJavaScript:
		return c.JavaScript(code.bytes)
	}
	return nil, fmt.Errorf("mapping %q has no code", code.name)
}

// stripTypes turns TypeScript into JavaScript, file by file: imports stay as
// they are.
func stripTypes(name string, source []byte) ([]byte, error) {
	r := api.Transform(string(source), api.TransformOptions{
		Loader: api.LoaderTS, Target: api.ES2022, Format: api.FormatESModule, Sourcefile: name + ".ts", LogLevel: api.LogLevelSilent,
	})
	if len(r.Errors) > 0 {
		e := r.Errors[0]
		if e.Location == nil {
			return nil, fmt.Errorf("%s.ts: %s", name, e.Text)
		}
		return nil, fmt.Errorf("%s.ts:%d:%d: %s", name, e.Location.Line, e.Location.Column+1, e.Text)
	}
	return r.Code, nil
}

// javaScriptModule is the default of Config.JavaScript.
func javaScriptModule(script []byte) ([]byte, error) { return js.Module(script), nil }
