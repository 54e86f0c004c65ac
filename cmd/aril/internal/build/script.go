package build

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/aril-wasm/aril/guest-sdk/js"
)

// engineModule is what scripts import that the engine itself provides;
// compatModule is bundled from this tool.
const engineModule, compatModule = "aril", "aril/compat"

// engine leaves imports of engineModule as they are, wherever a tsconfig.json
// would lead them.
var engine = api.Plugin{Name: "engine", Setup: func(b api.PluginBuild) {
	b.OnResolve(api.OnResolveOptions{Filter: "^" + engineModule + "$"}, func(api.OnResolveArgs) (api.OnResolveResult, error) {
		return api.OnResolveResult{Path: engineModule, External: true}, nil
	})
}}

// compat finds compatModule.
var compat = api.Plugin{Name: "aril", Setup: func(b api.PluginBuild) {
	b.OnResolve(api.OnResolveOptions{Filter: "^" + compatModule + "$"}, func(api.OnResolveArgs) (api.OnResolveResult, error) {
		return api.OnResolveResult{Path: compatModule, Namespace: "aril"}, nil
	})
	b.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: "aril"}, func(api.OnLoadArgs) (api.OnLoadResult, error) {
		return api.OnLoadResult{Contents: &js.Compat, Loader: api.LoaderJS}, nil
	})
}}

// buildScript bundles a script and what it imports into one ES module, which
// takes the types out of TypeScript, and joins it with the engine.
func buildScript(_ context.Context, s *source) ([]byte, error) {
	result := api.Build(api.BuildOptions{
		EntryPoints:   []string{filepath.Join(s.dir, s.files[0])},
		AbsWorkingDir: s.dir,
		Bundle:        true,
		Format:        api.FormatESModule,
		Platform:      api.PlatformNeutral,
		MainFields:    []string{"module", "main"},
		Conditions:    []string{"import"},
		Target:        api.ES2020,
		Charset:       api.CharsetUTF8,
		LegalComments: api.LegalCommentsInline,
		TreeShaking:   api.TreeShakingTrue,
		Plugins:       []api.Plugin{engine, compat},
		LogLevel:      api.LogLevelSilent, // it is printed below
	})
	if len(result.Warnings) > 0 {
		fmt.Fprint(s.Output, strings.Join(api.FormatMessages(result.Warnings, api.FormatMessagesOptions{Kind: api.WarningMessage}), ""))
	}
	if len(result.Errors) > 0 {
		fmt.Fprint(s.Output, strings.Join(api.FormatMessages(result.Errors, api.FormatMessagesOptions{Kind: api.ErrorMessage}), ""))
		return nil, &CompileError{Command: "bundling " + s.files[0], Err: fmt.Errorf("%d errors", len(result.Errors))}
	}
	if len(result.OutputFiles) != 1 {
		return nil, errors.New("bundling gave more than one file")
	}
	return js.Module(result.OutputFiles[0].Contents), nil
}
