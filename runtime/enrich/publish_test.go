package enrich

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
)

func TestThePublishThatIsRefusedChangesNothing(t *testing.T) {
	t.Parallel()
	e := newEnricher(t, Config{Natives: map[string]Mapping{"one": gives(`1`), "two": gives(`2`)}})
	publish(t, e, scriptTask("core"), ext{key: "x", mapping: "one"}.doc())
	before := e.Generation()
	refusal(t, e, ext{key: "x", mapping: "two"}.doc(), ext{key: "y", task: "nobody"}.doc())
	require.Equal(t, `{"x":1}`, extensions(t, e, Request{Domain: "core"}, nil))
	require.Equal(t, before, e.Generation())
	publish(t, e, ext{key: "x", mapping: "two"}.doc())
	require.Equal(t, `{"x":2}`, extensions(t, e, Request{Domain: "core"}, nil))
	require.Equal(t, before+1, e.Generation())
}

func TestAPublishWhoseCallerHasGivenUpChangesNothing(t *testing.T) {
	t.Parallel()
	e := newEnricher(t, Config{})
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errBroken)
	_, err := e.Publish(ctx, scriptTask("core"))
	require.ErrorIs(t, err, errBroken)
	require.Empty(t, e.Find(Query{}))
}

func TestOneIdentityTwiceInAPublishIsRefused(t *testing.T) {
	t.Parallel()
	e := newEnricher(t, Config{})
	a, b := ext{key: "x"}.doc(), ext{key: "x"}.doc()
	b.Name = "other.json"
	issues := refusal(t, e, scriptTask("core"), a, b)
	require.Contains(t, issues[0].Message, "sys-extensions core/x 1.0.0 is defined in core/x.json too")
}

func TestWhatADirectoryBroughtIsNotReplacedByAPublish(t *testing.T) {
	t.Parallel()
	e := newEnricher(t, Config{})
	_, err := e.LoadFS(t.Context(), "dir", fstest.MapFS{"t.json": {Data: scriptTask("core").JSON}})
	require.NoError(t, err)
	issues := refusal(t, e, scriptTask("core"))
	require.Contains(t, issues[0].Message, "already loaded from dir")
	publish(t, e, ext{key: "x"}.doc())
	_, err = e.LoadFS(t.Context(), "dir", fstest.MapFS{})
	require.ErrorContains(t, err, "core/script latest is not loaded", "what was published needs it")
	_, err = e.Unpublish(t.Context(), Identity{FlowTasks, "core", "script", "1.0.0"})
	require.ErrorContains(t, err, "was not published")
	_, err = e.Unpublish(t.Context(), Identity{FlowExtensions, "core", "x", "1.0.0"})
	require.NoError(t, err)
	_, err = e.LoadFS(t.Context(), "dir", fstest.MapFS{})
	require.NoError(t, err)
	require.Empty(t, e.Find(Query{}))
}

// Readers see the one or the other version of everything, never parts of both.
func TestConcurrentPublishesAreAtomic(t *testing.T) {
	t.Parallel()
	natives := map[string]Mapping{}
	for i := range 10 {
		natives[fmt.Sprint(i)] = gives(fmt.Sprint(i))
	}
	e := newEnricher(t, Config{Natives: natives})
	version := func(i int) []Document {
		m := fmt.Sprint(i)
		return []Document{ext{key: "a", mapping: m}.doc(), ext{key: "b", mapping: m}.doc(), ext{key: "c", kind: 3, mapping: m}.doc()}
	}
	publish(t, e, append(version(0), scriptTask("core"), workflowDoc("core", "w", "core/c"))...)
	stop := make(chan struct{})
	var readers, writers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				got, err := e.Enrich(t.Context(), Request{Domain: "core", Workflow: "w"}, nil)
				if err != nil || len(got.Extensions) != 3 || !bytes.Equal(got.Extensions[0].Value, got.Extensions[1].Value) || !bytes.Equal(got.Extensions[0].Value, got.Extensions[2].Value) {
					t.Errorf("%v %v", got, err)
					return
				}
			}
		})
	}
	for w := range 2 {
		writers.Go(func() {
			for i := range 25 {
				if _, err := e.Publish(t.Context(), version((w*5+i)%10)...); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
}

func TestDefinitionsAreFoundByTag(t *testing.T) {
	t.Parallel()
	e := newEnricher(t, Config{Natives: map[string]Mapping{"UserSessionMapping": gives(`1`)}})
	publish(t, e, Document{Name: "a", JSON: nativeLocations(read(t, "testdata/seed/Extensions/extension-user-session.json"))}, Document{Name: "b", JSON: read(t, "testdata/seed/Tasks/user-session.json")},
		scriptTask("core"), ext{key: "x"}.doc(), ext{key: "x", version: "1.1.0"}.doc())
	for _, c := range []struct {
		q    Query
		want []string
	}{
		{Query{Tags: []string{"SYSTEM", "session"}}, []string{"sys-extensions core/extension-user-session 1.0.0"}},
		{Query{Tags: []string{"test"}}, []string{"sys-extensions core/x 1.1.0", "sys-extensions core/x 1.0.0"}},
		{Query{Tags: []string{"test"}, Latest: true}, []string{"sys-extensions core/x 1.1.0"}},
		{Query{Flow: FlowTasks, Domain: "core", Tags: []string{"task"}}, []string{"sys-tasks core/user-session 1.0.0"}},
		{Query{Tags: []string{"system", "nobody"}}, nil}, {Query{Key: "y"}, nil},
	} {
		var got []string
		for _, f := range e.Find(c.q) {
			got = append(got, f.String())
		}
		require.Equal(t, c.want, got)
	}
}

func TestARestartLosesNothingThatWasAcknowledged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := func() *Enricher {
		store, err := NewDirectoryStore(dir)
		require.NoError(t, err)
		e, err := New(t.Context(), Config{Store: store, Natives: map[string]Mapping{"one": gives(`1`), "two": gives(`2`)}})
		require.NoError(t, err)
		return e
	}
	e := open()
	publish(t, e, scriptTask("core"), ext{key: "x", mapping: "one"}.doc())
	publish(t, e, ext{key: "x", mapping: "two"}.doc(), ext{key: "y", mapping: "one"}.doc())
	refusal(t, e, ext{key: "z", task: "nobody"}.doc())
	_, err := e.Publish(t.Context(), Document{Name: "f", JSON: ext{key: "f"}.doc().JSON, Files: fstest.MapFS{}})
	require.ErrorContains(t, err, "Config.Store cannot keep")
	require.NoError(t, e.Close(t.Context()))
	e = open()
	require.Equal(t, `{"x":2,"y":1}`, extensions(t, e, Request{Domain: "core"}, nil))
	_, err = e.Unpublish(t.Context(), Identity{FlowExtensions, "core", "y", "1.0.0"})
	require.NoError(t, err)
	require.NoError(t, e.Close(t.Context()))
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 3, "the index, the task and one extension")

	// What somebody changed behind our back is not served.
	for _, f := range files {
		if f.Name() != indexName {
			require.NoError(t, os.WriteFile(filepath.Join(dir, f.Name()), []byte("{}"), 0o600))
		}
	}
	store, err := NewDirectoryStore(dir)
	require.NoError(t, err)
	_, err = New(t.Context(), Config{Store: store})
	require.ErrorContains(t, err, "has another digest")
}

type brokenStore struct{ Store }

func (brokenStore) Load(context.Context) ([]Document, error) { return nil, nil }
func (brokenStore) Save(context.Context, []Document) error   { return errors.New("disk full") }

func TestAPublishThatCannotBeKeptIsNotServed(t *testing.T) {
	t.Parallel()
	e := newEnricher(t, Config{Store: brokenStore{}})
	_, err := e.Publish(t.Context(), scriptTask("core"))
	require.ErrorContains(t, err, "disk full")
	require.Empty(t, e.Find(Query{}))
}

func TestADirectoryIsWatched(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name string, doc Document) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), doc.JSON, 0o600))
	}
	write("task.json", scriptTask("core"))
	write("x.json", ext{key: "x", mapping: "one"}.doc())
	e := newEnricher(t, Config{Natives: map[string]Mapping{"one": gives(`1`), "two": gives(`2`)}})
	ctx, cancel := context.WithCancel(t.Context())
	reports := make(chan error, 100)
	done := make(chan error)
	go func() { done <- e.Watch(ctx, dir, func(_ []Issue, err error) { reports <- err }) }()
	until := func(want string) {
		for err := range reports {
			got := fmt.Sprint(err)
			if err == nil {
				got = extensions(t, e, Request{Domain: "core"}, nil)
			}
			if strings.Contains(got, want) {
				return
			}
		}
	}
	until(`{"x":1}`)
	write("x.json", ext{key: "x", mapping: "two"}.doc())
	until(`{"x":2}`)
	write("deeper/y.json", ext{key: "y", mapping: "one"}.doc())
	until(`{"x":2,"y":1}`)
	write("deeper/y.json", Document{JSON: []byte(`{"flow":"sys-extensions"`)})
	until(`deeper/y.json:1: not JSON`)
	require.Equal(t, `{"x":2,"y":1}`, extensions(t, e, Request{Domain: "core"}, nil), "the last good version serves on")
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "deeper")))
	until(`{"x":2}`)
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
}

func TestADirectoryThatIsReplacedIsStillWatched(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	release := func(name, mapping string) {
		require.NoError(t, os.Mkdir(filepath.Join(parent, name), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(parent, name, "task.json"), scriptTask("core").JSON, 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(parent, name, "x.json"), ext{key: "x", mapping: mapping}.doc().JSON, 0o600))
	}
	release("1", "one")
	release("2", "two")
	link := filepath.Join(parent, "current")
	require.NoError(t, os.Symlink("1", link))
	e := newEnricher(t, Config{Natives: map[string]Mapping{"one": gives(`1`), "two": gives(`2`), "three": gives(`3`)}})
	ctx, cancel := context.WithCancel(t.Context())
	reports := make(chan error, 100)
	done := make(chan error)
	go func() { done <- e.Watch(ctx, link, func(_ []Issue, err error) { reports <- err }) }()
	until := func(want string) {
		for err := range reports {
			require.NoError(t, err)
			if extensions(t, e, Request{Domain: "core"}, nil) == want {
				return
			}
		}
	}
	until(`{"x":1}`)
	require.NoError(t, os.Symlink("2", link+".new"))
	require.NoError(t, os.Rename(link+".new", link))
	until(`{"x":2}`)
	require.NoError(t, os.WriteFile(filepath.Join(parent, "2", "x.json"), ext{key: "x", mapping: "three"}.doc().JSON, 0o600))
	until(`{"x":3}`)
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
}

func TestLinksDoNotLeadOutOfADirectory(t *testing.T) {
	t.Parallel()
	outside, dir := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(outside, "x.js"), []byte("export default {}"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "t.json"), scriptTask("core").JSON, 0o600))
	doc := strings.Replace(string(ext{key: "x", mapping: "x"}.doc().JSON), "native:x", "./x.js", 1)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "x.json"), []byte(doc), 0o600))
	require.NoError(t, os.Symlink(filepath.Join(outside, "x.js"), filepath.Join(dir, "x.js")))
	e := newEnricher(t, Config{JavaScript: func([]byte) ([]byte, error) { t.Error("read"); return nil, errBroken }})
	_, err := e.LoadDir(t.Context(), dir)
	require.ErrorContains(t, err, "x.js")
}

func TestDefinitionsAreBounded(t *testing.T) {
	t.Parallel()
	e := newEnricher(t, Config{DocumentBytes: 1000, Documents: 2})
	big := ext{key: "x", more: `"_comment":"` + strings.Repeat("x", 1000) + `"`}.doc()
	require.Contains(t, refusal(t, e, scriptTask("core"), big)[0].Message, "the most is 1000")
	_, err := e.LoadFS(t.Context(), "dir", fstest.MapFS{"x.json": {Data: big.JSON}})
	require.ErrorContains(t, err, "more than 1000 bytes")
	require.Contains(t, refusal(t, e, scriptTask("core"), ext{key: "a"}.doc(), ext{key: "b"}.doc())[0].Message, "the most is 2")
	deep := Document{Name: "deep", JSON: []byte(strings.Repeat("[", 500) + strings.Repeat("]", 500))}
	require.Contains(t, refusal(t, e, deep)[0].Message, "a JSON object")
}

func TestAMappingIsFoundWhereTheDefinitionSays(t *testing.T) {
	t.Parallel()
	pass, err := os.ReadFile("../../testdata/guests/pass.wasm")
	require.NoError(t, err)
	sum := sha256.Sum256(pass)
	digest := hex.EncodeToString(sum[:])
	const js, ts, cs = "export default {}", "export default {} as unknown", "public class X : IMapping {}"
	files := fstest.MapFS{"dir/a.wasm": {Data: pass}, "dir/b.js": {Data: []byte(js)}, "dir/c.ts": {Data: []byte(ts)}, "dir/d.wasm": {Data: pass}, "dir/d.js": {Data: []byte(js)}, "dir/d.csx": {Data: []byte(cs)}}
	config := &Config{DocumentBytes: 1 << 20, Module: func(_ context.Context, d string) ([]byte, error) {
		if d == digest || d == strings.Repeat("0", 64) {
			return pass, nil
		}
		return nil, fs.ErrNotExist
	}}
	for _, c := range []struct {
		name string
		m    MappingSource
		kind codeKind
		says string
	}{
		{"nothing", MappingSource{}, codeNone, ""},
		{"wasm as code", MappingSource{Present: true, Code: b64(string(pass))}, codeWasm, ""},
		{"wasm as code beside C#", MappingSource{Present: true, Location: "./d.csx", Code: b64(string(pass))}, codeWasm, ""},
		{"JavaScript as code", MappingSource{Present: true, Location: "./gone.js", Code: b64(js)}, codeJavaScript, ""},
		{"JavaScript as code, in plain text", MappingSource{Present: true, Code: js, Encoding: "NAT"}, codeJavaScript, ""},
		{"JavaScript as code of a C# location", MappingSource{Present: true, Location: "./gone.csx", Code: b64(js)}, codeJavaScript, ""},
		{"TypeScript as code", MappingSource{Present: true, Location: "./gone.ts", Code: b64(ts)}, codeTypeScript, ""},
		{"a location", MappingSource{Present: true, Location: "./a.wasm"}, codeWasm, ""},
		{"a location of JavaScript with a placeholder", MappingSource{Present: true, Location: "./b.js", Code: "<BASE64>"}, codeJavaScript, ""},
		{"beside C#, wasm first", MappingSource{Present: true, Location: "./d.csx", Code: b64(cs)}, codeWasm, ""},
		{"beside C#, JavaScript", MappingSource{Present: true, Location: "./b.csx", Code: "<BASE64>"}, codeJavaScript, ""},
		{"beside C#, TypeScript", MappingSource{Present: true, Location: "./c.csx"}, codeTypeScript, ""},
		{"beside C#, nothing", MappingSource{Present: true, Location: "./e.csx", Code: b64(cs)}, codeNone, "looked for dir/e.wasm, dir/e.js, dir/e.ts"},
		{"a digest", MappingSource{Present: true, Location: "sha256:" + digest}, codeWasm, ""},
		{"a digest as code", MappingSource{Present: true, Location: "./x.csx", Code: "sha256:" + digest, Encoding: "REF"}, codeWasm, ""},
		{"a location as code", MappingSource{Present: true, Code: "a.wasm", Encoding: "REF"}, codeWasm, ""},
		{"a digest that nobody has", MappingSource{Present: true, Location: "sha256:" + strings.Repeat("1", 64)}, codeNone, "file does not exist"},
		{"a digest that does not fit", MappingSource{Present: true, Location: "sha256:" + strings.Repeat("0", 64)}, codeNone, "another digest"},
		{"C# as code and no location", MappingSource{Present: true, Code: b64(cs)}, codeNone, "neither a WebAssembly module nor an ES module"},
		{"another kind of file", MappingSource{Present: true, Location: "./x.py"}, codeNone, "none of .wasm, .js, .ts and .csx"},
		{"backslashes", MappingSource{Present: true, Location: `..\..\x.js`}, codeNone, "leads out"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			code, err := config.findCode(t.Context(), &Extension{Identity: Identity{Key: "x"}, Mapping: c.m, file: "dir/x.json"}, files)
			if c.says != "" {
				require.ErrorContains(t, err, c.says)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.kind, code.kind)
		})
	}
	_, err = stripTypes("x", []byte("let a: = 1"))
	require.ErrorContains(t, err, "x.ts:1:8:")
	out, err := stripTypes("x", []byte("export default { outputHandler(c: any): unknown { return c } }"))
	require.NoError(t, err)
	require.NotContains(t, string(out), "any")
}

func TestGuestsGetNamesThatLoadTakes(t *testing.T) {
	t.Parallel()
	rt, err := aril.New(t.Context(), aril.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, rt.Close(context.Background())) })
	pass, err := os.ReadFile("../../testdata/guests/pass.wasm")
	require.NoError(t, err)
	for _, name := range []string{"UserSessionMapping", "", "..", "Ünïcode", "-x", strings.Repeat("long", 40)} {
		_, err := rt.Load(t.Context(), pass, aril.ExtensionConfig{Name: guestName(name, "0a1b2c3d")})
		require.NoError(t, err, name)
	}
}
