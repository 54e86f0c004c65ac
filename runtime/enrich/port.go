package enrich

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// Port writes, for each extension below dir whose mapping is a C# script
// (.csx) and that has no .wasm, .js or .ts beside it, a mapping in JavaScript
// to begin with. It changes no file that is there, and returns what it wrote,
// relative to dir.
func Port(ctx context.Context, dir string) (written []string, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	config, err := Config{noRuntime: true}.withDefaults(ctx)
	if err != nil {
		return nil, err
	}
	e := &Enricher{config: config}
	docs, issues, err := e.collect(ctx, root.FS())
	if err != nil {
		return nil, err
	}
	for _, d := range docs {
		p, more := parse(d, config.DocumentBytes)
		if issues = append(issues, more...); p == nil || p.extension == nil || path.Ext(p.extension.Mapping.Location) != ".csx" {
			continue
		}
		name, err := portOne(root, p.extension)
		if err != nil {
			return written, err
		}
		if name != "" && !slices.Contains(written, name) {
			written = append(written, name)
		}
	}
	if len(issues) > 0 {
		sortIssues(issues)
		return written, &PublishError{Issues: issues}
	}
	return written, nil
}

func portOne(root *os.Root, x *Extension) (string, error) {
	script := path.Join(path.Dir(x.file), x.Mapping.Location)
	if !fs.ValidPath(script) {
		return "", fmt.Errorf("%s: the location %q leads out of the directory", x.file, x.Mapping.Location)
	}
	stem := strings.TrimSuffix(script, ".csx")
	for _, sibling := range mappingExtensions {
		if _, err := root.Stat(stem + sibling.suffix); err == nil {
			return "", nil
		}
	}
	source, err := readFile(root.FS(), script, 1<<20)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err := root.MkdirAll(path.Dir(stem), 0o755); err != nil {
		return "", err
	}
	f, err := root.OpenFile(stem+".js", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(skeleton(x, path.Base(script), string(source)))
	return stem + ".js", errors.Join(err, f.Close())
}

// skeleton is a mapping that passes the task's data on.
func skeleton(x *Extension, script, source string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `// The mapping of %s, begun from %s.
//
// context: body, headers (names in lower case), queryParameters, routeValues,
// instance {id, key, data}, workflow, taskResponse, outputResponse.
export default {
  // Before the task. data becomes the body of the request; headers and
  // routeValues are added to it.
  inputHandler({ task, context }) {
    return {};
  },

  // After the task. context.body is its response: data, statusCode, isSuccess,
  // errorMessage, headers. data becomes the extension's value.
  outputHandler(context) {
    const response = context.body;
    if (!response.isSuccess) {
      throw new Error(response.errorMessage);
    }
    return { data: { %s: response.data } };
  },
};
`, x.Key, script, CompatDocs.slot(x))
	if source == "" {
		return b.String()
	}
	b.WriteString("\n// What is to be carried over:\n//\n")
	for l := range strings.Lines(source) {
		b.WriteString(strings.TrimRight("// "+strings.TrimRight(strings.TrimPrefix(l, "\ufeff"), "\r\n"), " ") + "\n")
	}
	return b.String()
}
