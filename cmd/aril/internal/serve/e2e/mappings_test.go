//go:build linux

package e2e

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// hostile are scripts that do harm when they run. A read of an instance leaves
// their member out.
var hostile = map[string]string{
	"loops":       "export default { outputHandler() { while (true) {} } };",
	"recurses":    "function f() { return f() + 1; } export default { outputHandler() { return { data: f() }; } };",
	"throws":      "export default { outputHandler() { throw new Error('<script>\\u0000'); } };",
	"throws-null": "export default { outputHandler() { throw null; } };",
	"allocates":   "export default { outputHandler() { const a = []; while (true) a.push(new Array(100000).fill(7)); } };",
	"doubles":     "export default { outputHandler() { let s = 'x'; while (true) s += s; } };",
	"prints":      "export default { outputHandler() { while (true) console.log('x'.repeat(1000)); } };",
	"too-large":   "export default { outputHandler() { return { data: 'x'.repeat(3 << 20) }; } };",
	"a-number":    "export default { outputHandler() { return 42; } };",
	"a-text":      "export default { outputHandler() { return 'data'; } };",
	"a-list":      "export default { outputHandler() { return [1, 2, 3]; } };",
	"a-circle":    "export default { outputHandler() { const o = {}; o.o = o; return { data: o }; } };",
	"never":       "export default { outputHandler() { return new Promise(() => {}); } };",
	"backtracks":  "export default { outputHandler() { return { data: /^(a+)+$/.test('a'.repeat(40) + 'b') }; } };",
	"a-getter":    "export default { outputHandler() { return { get data() { while (true) {} } }; } };",
	"to-json":     "export default { outputHandler() { return { data: { toJSON() { while (true) {} } , get x() { throw 1; } } }; } };",
	"sorts":       "export default { outputHandler() { new Array(1e9).fill(0).sort(() => { throw 1; }); return { data: new Array(1e8).join('x') }; } };",
}

// odd are scripts whose answers are strange; a member may be there or not.
var odd = map[string]string{
	"nothing":      "export default { outputHandler() {} };",
	"null":         "export default { outputHandler() { return { data: null }; } };",
	"not-a-number": "export default { outputHandler() { return { data: { a: NaN, b: -0, c: Infinity, d: 1e308 * 10 } }; } };",
	"a-surrogate":  "export default { outputHandler() { return { data: { '\\ud800': '\\udfff' } }; } };",
	"deep":         "export default { outputHandler() { let o = {}; for (let i = 0; i < 5000; i++) o = { o }; return { data: o }; } };",
	"proto":        "export default { outputHandler() { return JSON.parse('{\"data\":{\"__proto__\":{\"x\":1},\"constructor\":{\"prototype\":1}}}'); } };",
	"a-big-number": "export default { outputHandler() { return { data: 123456789012345678901234567890n }; } };",
	"headers":      "export default { outputHandler() { return { data: 1, headers: { 'x\\r\\nset-cookie': 'a=b\\r\\n\\r\\n<html>' }, tags: ['\\u0000'] }; } };",
	"changes":      "export default { outputHandler(context) { context.instance.id = 'other'; context.body = null; return { data: 1 }; } };",
}

func TestHostileMappingsCostTheirOwnMember(t *testing.T) {
	t.Parallel()
	docs := []document{scriptTask(), extension("good", output("context.instance.id"), nil)}
	all := map[string]bool{} // name: left out for sure
	for name, script := range hostile {
		docs = append(docs, extension(name, script+"\n", map[string]any{"timeoutSeconds": 2}), workflow("w-"+name, "good", name))
		all[name] = true
	}
	for name, script := range odd {
		docs = append(docs, extension(name, script+"\n", map[string]any{"timeoutSeconds": 2}), workflow("w-"+name, "good", name))
		all[name] = false
	}
	srv := serve(t, setup{definitions: directory(t, docs...)})
	before := srv.residentKiB()
	rounds := 1
	if long {
		rounds = 10
	}
	var wg sync.WaitGroup
	places := make(chan struct{}, 4)
	for range rounds {
		for name, omitted := range all {
			wg.Go(func() {
				places <- struct{}{}
				defer func() { <-places }()
				srv.readsWith(t, name, omitted)
			})
		}
	}
	wg.Wait()
	require.False(t, t.Failed())
	t.Logf("resident: %d MiB before, %d MiB after", before>>10, srv.residentKiB()>>10)
	require.Less(t, srv.residentKiB(), before+512<<10, "KiB of memory")
	srv.quiet()
}

// readsWith reads an instance of the workflow whose extensions are "good" and
// one more.
func (s *server) readsWith(t *testing.T, name string, omitted bool) {
	a, err := s.send(start("w-"+name, "", map[string]any{"n": 1}))
	if err != nil || a.status != http.StatusCreated {
		t.Errorf("%s: start: %v %+v", name, err, a)
		return
	}
	id := a.object(t)["id"].(string)
	for _, path := range []string{"/" + id, "/" + id + "/functions/data", "/" + id + "/functions/extensions", ""} {
		var a *answer
		var x map[string]any
		// On a machine with other work the healthy one may once be denied the
		// processor for longer than a mapping may run.
		for range 5 {
			begun := time.Now()
			if a, err = s.send(call{method: http.MethodGet, path: instances("w-"+name) + path}); err != nil || a.status != http.StatusOK {
				t.Errorf("%s: %s: %v %+v", name, path, err, a)
				return
			}
			if took := time.Since(begun); took > patience/2 {
				t.Errorf("%s: %s took %v", name, path, took)
			}
			got := a.object(t)
			if items, ok := got["items"].([]any); ok {
				got = items[0].(map[string]any)
				id = got["id"].(string)
			}
			if x, _ = got["extensions"].(map[string]any); x["good"] == id {
				break
			}
		}
		if x["good"] != id {
			t.Errorf("%s: %s: the healthy extension is not there: %.300s", name, path, a.body)
		}
		if omitted && len(x) != 1 {
			t.Errorf("%s: %s: %.300s", name, path, a.body)
		}
		if a.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %s: a mapping wrote a header", name, path)
		}
	}
}

// A page has one deadline, however many of its items have a mapping that loops.
func TestAPageOfLoopsEndsAtItsDeadline(t *testing.T) {
	t.Parallel()
	srv := serve(t, setup{
		definitions: directory(t, scriptTask(), extension("loops", hostile["loops"], nil), workflow("orders"), workflow("loops", "loops")),
		arguments:   []string{"--timeout", "1s"},
	})
	id := srv.begin("orders", "", nil)
	for range 40 {
		a := srv.do(call{method: http.MethodPost, path: instances("loops") + "/start?sync=false", body: map[string]any{}})
		require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	}
	begun := time.Now()
	a := srv.do(call{method: http.MethodGet, path: instances("loops") + "?pageSize=100"})
	require.Contains(t, []int{http.StatusOK, http.StatusServiceUnavailable}, a.status, "%s", a.body)
	if a.status != http.StatusOK {
		a.problem(t, "the page")
	}
	require.Less(t, time.Since(begun), patience/4)
	srv.get(instances("orders") + "/" + id)
	srv.quiet()
}
