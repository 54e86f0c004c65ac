//go:build linux

package e2e

import (
	"encoding/base64"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadersSeeOnePublishWholly(t *testing.T) {
	t.Parallel()
	publishes := 6
	if long {
		publishes = 60
	}
	srv := serve(t, setup{definitions: directory(t, workflow("orders", "left", "right"), scriptTask())})
	id := srv.begin("orders", "", nil)
	a := srv.do(publish(generation(0)...))
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)

	var writers, readers sync.WaitGroup
	var next atomic.Int64
	var over atomic.Bool
	for range 3 {
		writers.Go(func() {
			for range publishes {
				a, err := srv.send(publish(generation(next.Add(1))...))
				if err != nil || a.status != http.StatusOK && a.status != http.StatusServiceUnavailable {
					t.Errorf("publish: %v %+v", err, a)
					return
				}
			}
		})
	}
	var reads atomic.Int64
	for range 3 {
		readers.Go(func() {
			for !over.Load() {
				a, err := srv.send(call{method: http.MethodGet, path: instances("orders") + "/" + id})
				if err != nil || a.status != http.StatusOK {
					t.Errorf("read: %v %+v", err, a)
					return
				}
				x, _ := a.object(t)["extensions"].(map[string]any)
				if x["left"] == nil || x["left"] != x["right"] {
					t.Errorf("two generations in one read: %s", a.body)
					return
				}
				reads.Add(1)
			}
		})
	}
	writers.Wait()
	over.Store(true)
	readers.Wait()
	require.Positive(t, reads.Load())
	srv.quiet()
}

// generation is two definitions that must be seen together.
func generation(n int64) []document {
	value := output(strconv.FormatInt(n, 10))
	return []document{extension("left", value, nil), extension("right", value, nil)}
}

func TestAPublishThatIsRefusedChangesNothing(t *testing.T) {
	t.Parallel()
	srv := serve(t, setup{definitions: directory(t, workflow("orders", "left", "right"), scriptTask())})
	id := srv.begin("orders", "", nil)
	require.Equal(t, http.StatusOK, srv.do(publish(generation(1)...)).status)
	left := extension("left", output("2"), nil)

	with := func(d document, path string, value any) document {
		d = maps.Clone(d)
		at := map[string]any(d)
		names := strings.Split(path, ".")
		for _, name := range names[:len(names)-1] {
			at = at[name].(map[string]any)
		}
		at[names[len(names)-1]] = value
		return d
	}
	code := func(b []byte) document {
		return with(extension("right", output("2"), nil), "attributes.task.mapping.code", base64.StdEncoding.EncodeToString(b))
	}
	right := func() document { return extension("right", output("2"), nil) }
	for name, refused := range map[string]any{
		"no JSON":                         []byte("{"),
		"nothing":                         []byte(""),
		"null":                            []byte("null"),
		"a list":                          []byte("[]"),
		"a text":                          []byte(`"x"`),
		"documents that are none":         []byte(`{"documents":[1,null,"x",[]]}`),
		"documents of another type":       []byte(`{"documents":{}}`),
		"an unknown flow":                 map[string]any{"documents": []document{left, with(right(), "flow", "sys-users")}},
		"no key":                          map[string]any{"documents": []document{left, with(right(), "key", nil)}},
		"a key that is a path":            map[string]any{"documents": []document{left, with(right(), "key", "../../etc")}},
		"a version that is SQL":           map[string]any{"documents": []document{left, with(right(), "version", "1.0.0'; DROP TABLE instances; --")}},
		"a task that is not there":        map[string]any{"documents": []document{left, with(right(), "attributes.task.task.key", "nobody")}},
		"code that is no base64":          map[string]any{"documents": []document{left, with(right(), "attributes.task.mapping.code", "%%%")}},
		"a script that is none":           map[string]any{"documents": []document{left, code([]byte("export default {{{"))}},
		"a script that does not end":      map[string]any{"documents": []document{left, code([]byte("while (true) {}\nexport default {};"))}},
		"a script that takes all":         map[string]any{"documents": []document{left, code([]byte("let a = []; while (true) { a.push(new Array(100000).fill(7)); }\nexport default {};"))}},
		"half a module":                   map[string]any{"documents": []document{left, with(code([]byte("\x00asm\x01\x00\x00\x00\x01\xff")), "attributes.task.mapping.location", "./src/x.wasm")}},
		"a location that leads out":       map[string]any{"documents": []document{left, with(with(right(), "attributes.task.mapping.code", ""), "attributes.task.mapping.location", "../../../../../etc/passwd")}},
		"twice the same":                  map[string]any{"documents": []document{left, right(), right()}},
		"a definition of the directory":   map[string]any{"documents": []document{left, right(), scriptTask()}},
		"a machine that leads nowhere":    map[string]any{"documents": []document{left, right(), with(workflow("other"), "attributes.startTransition", map[string]any{"key": "start", "target": "nowhere"})}},
		"members that are not known":      map[string]any{"documents": []document{left, with(right(), "attributes.sudo", true)}},
		"a lone surrogate in the key":     []byte(`{"documents":[{"key":"\ud800","flow":"sys-extensions"}]}`),
		"bytes that are no text":          []byte("{\"documents\":[{\"key\":\"\xff\xfe\",\"flow\":\"sys-extensions\"}]}"),
		"a member twice":                  []byte(`{"documents":[],"documents":[{"flow":"sys-tasks"}]}`),
		"ten thousand brackets":           []byte(strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)),
		"a document ten thousand deep":    []byte(`{"documents":[` + strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000) + `]}`),
		"more text behind the document":   []byte(`{"documents":[]} {"documents":[]}`),
		"a number that is none":           []byte(`{"documents":[{"flow":NaN}]}`),
		"a body above the limit":          []byte(`{"documents":["` + strings.Repeat("x", 40<<20) + `"]}`),
		"a thousand broken definitions":   map[string]any{"documents": many(1000)},
		"a workflow that is very hostile": map[string]any{"documents": []document{left, definition("sys-flows", "x", map[string]any{"states": strings.Repeat("x", 1000)})}},
	} {
		t.Run(name, func(t *testing.T) {
			c := call{method: http.MethodPost, path: "/api/v1/definitions/publish", body: refused}
			a, err := srv.send(c)
			if err == nil { // a body that is too large may be cut off
				require.GreaterOrEqual(t, a.status, 400, "%s", a.body)
				require.Less(t, a.status, 500, "%s", a.body)
				a.problem(t, name)
			} else {
				require.Equal(t, "a body above the limit", name, err)
			}
			x, _ := srv.get(instances("orders") + "/" + id)["extensions"].(map[string]any)
			require.Equal(t, map[string]any{"left": 1.0, "right": 1.0}, x)
		})
	}
	srv.kill()
	srv.start()
	x, _ := srv.get(instances("orders") + "/" + id)["extensions"].(map[string]any)
	require.Equal(t, map[string]any{"left": 1.0, "right": 1.0}, x, "after a restart")
	srv.quiet()
}

// many are documents of which each is wrong.
func many(n int) []document {
	docs := make([]document, n)
	for i := range docs {
		docs[i] = document{"flow": "sys-extensions", "key": strings.Repeat("x", i)}
	}
	return docs
}
