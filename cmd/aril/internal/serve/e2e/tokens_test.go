//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/api"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/guard"
)

// token makes one, and gives its secret.
func token(id string, roles, domains []string) (secret string, entry guard.TokenEntry) {
	secret, digest := guard.NewToken()
	return secret, guard.TokenEntry{ID: id, SHA256: digest, Roles: roles, Domains: domains}
}

// tokenFile writes a file of tokens in the place of the one that is there.
func tokenFile(t testing.TB, path string, entries ...guard.TokenEntry) string {
	t.Helper()
	raw, err := json.Marshal(entries)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path+".new", raw, 0o600))
	require.NoError(t, os.Rename(path+".new", path))
	return path
}

// elsewhere is a copy of definitions in another domain.
func elsewhere(t testing.TB, docs ...document) []document {
	t.Helper()
	raw, err := json.Marshal(docs)
	require.NoError(t, err)
	var copies []document
	require.NoError(t, json.Unmarshal([]byte(strings.ReplaceAll(string(raw), `"`+domain+`"`, `"other"`)), &copies))
	for _, d := range copies {
		d["key"] = d["key"].(string) + "-other"
	}
	return copies
}

func TestEveryRouteAsksForItsRoleAndDomain(t *testing.T) {
	t.Parallel()
	all := []string{"read", "write", "publish", "teller"}
	secrets := map[string]string{}
	var entries []guard.TokenEntry
	add := func(id string, roles, domains []string) {
		secret, entry := token(id, roles, domains)
		secrets[id] = secret
		entries = append(entries, entry)
	}
	for _, role := range all {
		add(role, []string{role}, nil)
	}
	add("everything", all, nil)
	add("elsewhere", all, []string{"other"})
	add("here", all, []string{domain})
	expired := time.Now().Add(-time.Hour)
	add("expired", all, nil)
	entries[len(entries)-1].Expires = &expired

	srv := serve(t, setup{
		definitions: directory(t, append([]document{workflow("orders")}, elsewhere(t, workflow("orders"))...)...),
		tokens:      tokenFile(t, filepath.Join(t.TempDir(), "tokens.json"), entries...),
	})
	a := srv.do(call{method: http.MethodPost, path: instances("orders") + "/start?sync=true", token: secrets["everything"], body: map[string]any{"attributes": map[string]any{"a": "stored-value"}}})
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	id := a.object(t)["id"].(string)

	routes := api.Routes()
	require.NotEmpty(t, routes)
	for _, route := range routes {
		path := strings.NewReplacer("{domain}", domain, "{workflow}", "orders", "{instance}", id, "{transition}", "add", "{function}", "data").Replace(route.Path)
		require.NotContains(t, path, "{", "a parameter that this test does not know")
		request := func(secret string) *answer {
			c := call{method: route.Method, path: path, token: secret}
			if route.Method != http.MethodGet {
				c.body = []byte(`{"key":1}`) // whoever gets as far as this is told that it is wrong
			}
			return srv.do(c)
		}
		t.Run(route.Method+" "+route.Path, func(t *testing.T) {
			require.Contains(t, all, route.Role)
			for name, secret := range map[string]string{
				"no token": "", "a wrong one": "aril_" + strings.Repeat("A", 43), "half of one": secrets["everything"][:20],
				"a longer one": secrets["everything"] + "x", "an expired one": secrets["expired"], "the digest": entries[0].SHA256,
			} {
				a := request(secret)
				require.Equal(t, http.StatusUnauthorized, a.status, "%s: %s", name, a.body)
				a.problem(t, name)
				require.Contains(t, a.header.Get("WWW-Authenticate"), "Bearer", name)
				require.NotContains(t, string(a.body), "stored-value")
			}
			for _, who := range append(all, "everything", "here", "elsewhere") {
				a := request(secrets[who])
				allowed := who == route.Role || who == "everything" || who == "here"
				inDomain := strings.Contains(route.Path, "{domain}")
				switch {
				case who == "elsewhere" && inDomain:
					require.Contains(t, []int{http.StatusForbidden, http.StatusNotFound}, a.status, "%s: %s", who, a.body)
					require.NotContains(t, string(a.body), "stored-value")
				case !inDomain && (who == "elsewhere" || who == "here"):
					require.Equal(t, http.StatusForbidden, a.status, "%s: %s", who, a.body) // see TestPublishersAreForAllDomains
				case allowed:
					require.NotContains(t, []int{http.StatusUnauthorized, http.StatusForbidden}, a.status, "%s: %s", who, a.body)
				default:
					require.Equal(t, http.StatusForbidden, a.status, "%s: %s", who, a.body)
					a.problem(t, who)
				}
			}
		})
	}

	// A domain that is not the caller's looks the same whether it exists or not.
	denied := func(d string) map[string]any {
		a := srv.do(call{method: http.MethodGet, path: "/api/v1/" + d + "/workflows/orders/instances", token: secrets["elsewhere"]})
		o := a.object(t)
		for _, member := range []string{"detail", "instance", "traceId"} {
			delete(o, member)
		}
		return o
	}
	require.Equal(t, denied(domain), denied("nowhere"))
	for _, secret := range secrets {
		require.NotContains(t, srv.said(), secret, "a secret is in the log")
	}
	srv.quiet()
}

// Definitions of one domain run for others: who may not use all of them
// publishes nothing.
func TestPublishersAreForAllDomains(t *testing.T) {
	t.Parallel()
	here, entry := token("here", []string{"read", "write", "publish"}, []string{domain})
	srv := serve(t, setup{
		definitions: directory(t, workflow("orders")),
		tokens:      tokenFile(t, filepath.Join(t.TempDir(), "tokens.json"), entry),
	})
	srv.token = here
	a := srv.do(publish(workflow("invoices")))
	require.Equal(t, http.StatusForbidden, a.status, "%s", a.body)
	a.problem(t, "publish")
	require.Equal(t, http.StatusNotFound, srv.do(start("invoices", "", nil)).status)
}

// graded is a workflow whose master schema shows the member "secret" to
// auditors alone.
func graded() []document {
	w := workflow("orders")
	w["attributes"].(map[string]any)["schema"] = map[string]any{"key": "order", "domain": domain, "version": "1.0.0", "flow": "sys-schemas"}
	return []document{w, definition("sys-schemas", "order", map[string]any{
		"type": "object",
		"schema": map[string]any{
			"type": "object",
			"properties": map[string]any{
				"open":   map[string]any{"type": "string"},
				"secret": map[string]any{"type": "string", "roles": []any{map[string]any{"role": "auditor", "grant": "allow"}}},
			},
		},
	})}
}

func TestWhatOneCallerMaySeeIsNotKeptForAnother(t *testing.T) {
	t.Parallel()
	auditor, a1 := token("auditor", []string{"read", "write", "auditor"}, nil)
	clerk, a2 := token("clerk", []string{"read", "write"}, nil)
	turncoat, a3 := token("turncoat", []string{"read", "auditor"}, nil)
	file := tokenFile(t, filepath.Join(t.TempDir(), "tokens.json"), a1, a2, a3)
	srv := serve(t, setup{definitions: directory(t, graded()...), tokens: file})
	a := srv.do(call{
		method: http.MethodPost, path: instances("orders") + "/start?sync=true", token: auditor,
		body: map[string]any{"key": "o", "attributes": map[string]any{"open": "yes", "secret": "hidden-value"}},
	})
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	list := instances("orders")
	paths := []string{list + "/o", list, list + "/o/functions/data", list + "/o/functions/extensions", list + "/o/transitions", list + "/o/functions/state", list + "?sort=createdAt"}
	read := func(secret, path string) *answer {
		a := srv.do(call{method: http.MethodGet, path: path, token: secret})
		require.Equal(t, http.StatusOK, a.status, "%s: %s", path, a.body)
		return a
	}
	for range 3 { // what is kept is asked for again
		for _, path := range paths {
			read(auditor, path)
			read(turncoat, path)
			require.NotContains(t, string(read(clerk, path).body), "hidden-value", path)
		}
	}
	require.Contains(t, string(read(auditor, list+"/o").body), "hidden-value")
	require.Contains(t, string(read(turncoat, list+"/o").body), "hidden-value")

	// Nor does a tag of the one hold for the other.
	a = srv.do(call{method: http.MethodGet, path: list + "/o", token: clerk, header: map[string]string{"If-None-Match": read(auditor, list+"/o").header.Get("ETag")}})
	require.Equal(t, http.StatusOK, a.status)

	// What the clerk may not see he cannot find out by asking either.
	for _, query := range []string{
		"?filter=" + `%7B%22attributes%22:%7B%22secret%22:%7B%22eq%22:%22hidden-value%22%7D%7D%7D`,
		"?filter=" + `%7B%22attributes.secret%22:%7B%22startswith%22:%22hidden%22%7D%7D`,
		"?filter=" + `%7B%22not%22:%7B%22attributes.secret%22:%7B%22eq%22:%22x%22%7D%7D%7D`,
		"?filter=attributes=secret=eq:hidden-value",
		"?sort=" + `%7B%22field%22:%22attributes.secret%22,%22direction%22:%22asc%22%7D`,
		"?sort=attributes.secret", "?orderBy=-attributes.secret",
	} {
		a := srv.do(call{method: http.MethodGet, path: list + query, token: clerk})
		require.Contains(t, []int{http.StatusBadRequest, http.StatusForbidden}, a.status, "%s: %s", query, a.body)
	}
	// He does not get it by writing either.
	a = srv.do(call{method: http.MethodPatch, path: list + "/o/transitions/add?sync=true", token: clerk, body: map[string]any{"attributes": map[string]any{"open": "no"}}})
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	require.NotContains(t, string(a.body), "hidden-value")
	a = srv.do(call{method: http.MethodPost, path: list + "/start?sync=true", token: clerk, body: map[string]any{"key": "o"}})
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	require.NotContains(t, string(a.body), "hidden-value")

	// Roles that are taken away are gone with the file, not with what is kept.
	before := read(turncoat, list+"/o").header.Get("ETag")
	a3.Roles = []string{"read"}
	tokenFile(t, file, a1, a2, a3)
	require.Eventually(t, func() bool {
		return !strings.Contains(string(read(turncoat, list+"/o").body), "hidden-value")
	}, patience, 50*time.Millisecond, "the old role counts on")
	for _, path := range paths {
		require.NotContains(t, string(read(turncoat, path).body), "hidden-value", path)
	}
	a = srv.do(call{method: http.MethodGet, path: list + "/o", token: turncoat, header: map[string]string{"If-None-Match": before}})
	require.Equal(t, http.StatusOK, a.status, "a tag from before")
	// A broken file takes nobody's token away.
	require.NoError(t, os.WriteFile(file, []byte(`[{"id":`), 0o600))
	require.Eventually(t, func() bool { return strings.Contains(srv.said(), "tokens not read again") }, patience, 20*time.Millisecond)
	read(clerk, list+"/o")
	srv.quiet()
}

func TestAFloodOfWrongTokensDoesNotKeepOutTheRightOne(t *testing.T) {
	t.Parallel()
	right, entry := token("right", []string{"read", "write"}, nil)
	srv := serve(t, setup{
		definitions: directory(t, workflow("orders")),
		tokens:      tokenFile(t, filepath.Join(t.TempDir(), "tokens.json"), entry),
		arguments:   []string{"--concurrent", "2", "--queue", "2"},
	})
	over := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 24 {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-over:
					return
				default:
				}
				a, err := srv.send(call{method: http.MethodPost, path: instances("orders") + "/start", token: fmt.Sprintf("aril_%d_%d", i, n), body: []byte(strings.Repeat(" ", 100_000))})
				if err == nil && a.status != http.StatusUnauthorized && a.status != http.StatusServiceUnavailable {
					t.Errorf("a wrong token: %d %s", a.status, a.body)
					return
				}
			}
		})
	}
	for n := range 50 {
		a := srv.do(call{method: http.MethodPost, path: instances("orders") + "/start?sync=true", token: right, body: map[string]any{}})
		require.Equal(t, http.StatusCreated, a.status, "request %d: %s", n, a.body)
	}
	close(over)
	wg.Wait()
	info, err := os.Stat(srv.log)
	require.NoError(t, err)
	require.Less(t, info.Size(), int64(4<<20), "the flood fills the log")
	srv.quiet()
}

func TestWithoutTokensOnlyThisMachineIsServed(t *testing.T) {
	t.Parallel()
	path, err := binary()
	require.NoError(t, err)
	dir := directory(t, workflow("orders"))
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "example.com:80", "169.254.0.1:0"} {
		command := exec.CommandContext(t.Context(), path, "serve", "--definitions", dir, "--database", "sqlite::memory:", "--listen", address, "--admin", "off")
		out, err := command.CombinedOutput()
		require.Error(t, err, address)
		require.Contains(t, string(out), "--tokens", address)
	}
}

func TestAPageInABrowserCannotDriveTheService(t *testing.T) {
	t.Parallel()
	srv := plain(t)
	srv.begin("orders", "known", nil)
	list := instances("orders")
	_, port, _ := strings.Cut(srv.address, ":")
	for name, c := range map[string]call{
		"a name that was pointed here":           {method: http.MethodGet, path: list, header: map[string]string{"Host": "attacker.example:" + port}},
		"a name that ends like this machine's":   {method: http.MethodGet, path: list, header: map[string]string{"Host": "localhost.attacker.example"}},
		"a name that begins like this machine's": {method: http.MethodGet, path: list, header: map[string]string{"Host": "127.0.0.1.attacker.example"}},
		"a write for another name":               {method: http.MethodPost, path: list + "/start", body: map[string]any{}, header: map[string]string{"Host": "attacker.example"}},
		"a write from another site":              {method: http.MethodPost, path: list + "/start", body: map[string]any{}, header: map[string]string{"Origin": "https://attacker.example"}},
		"a write from nowhere":                   {method: http.MethodPost, path: list + "/start", body: map[string]any{}, header: map[string]string{"Origin": "null"}},
		"a write from another port":              {method: http.MethodPost, path: list + "/start", body: map[string]any{}, header: map[string]string{"Origin": "http://127.0.0.1:1"}},
		"a write that says where it is from":     {method: http.MethodPost, path: list + "/start", body: map[string]any{}, header: map[string]string{"Sec-Fetch-Site": "cross-site"}},
		"a publish from another site":            {method: http.MethodPost, path: "/api/v1/definitions/publish", body: map[string]any{"documents": []any{}}, header: map[string]string{"Sec-Fetch-Site": "same-site"}},
		"a form":                                 {method: http.MethodPost, path: list + "/start", body: []byte("a=b"), header: map[string]string{"Content-Type": "text/plain", "Origin": "https://attacker.example"}},
		"a transition from another site":         {method: http.MethodPatch, path: list + "/known/transitions/add", body: map[string]any{}, header: map[string]string{"Origin": "https://attacker.example"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := srv.do(c)
			require.GreaterOrEqual(t, a.status, 400, "%s", a.body)
			require.Less(t, a.status, 500, "%s", a.body)
			a.problem(t, name)
			require.Empty(t, a.header.Get("Access-Control-Allow-Origin"))
		})
	}
	a := srv.do(call{method: http.MethodOptions, path: list + "/start", header: map[string]string{"Origin": "https://attacker.example", "Access-Control-Request-Method": "POST"}})
	require.Empty(t, a.header.Get("Access-Control-Allow-Origin"))
	require.Equal(t, 1, srv.countAll())
	require.Len(t, mustHistory(t, srv, "known"), 1)
	// What the listener for the operator tells is no page's business either.
	admin := srv.with(t)
	admin.address = srv.admin
	for name, value := range map[string]string{"Host": "attacker.example", "Sec-Fetch-Site": "cross-site"} {
		a = admin.do(call{method: http.MethodGet, path: "/metrics", header: map[string]string{name: value}})
		require.Equal(t, http.StatusForbidden, a.status, name)
	}
	a = srv.do(call{method: http.MethodGet, path: list, header: map[string]string{"Host": "localhost:" + port}})
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
}

func mustHistory(t *testing.T, srv *server, id string) []string {
	t.Helper()
	keys, err := srv.history("orders", id)
	require.NoError(t, err)
	return keys
}

var printedToken = regexp.MustCompile(`(?m)^token\s+(\S+)\nline\s+(\{.*\})$`)

func TestTheTokenThatIsPrintedIsTaken(t *testing.T) {
	t.Parallel()
	path, err := binary()
	require.NoError(t, err)
	out, err := exec.CommandContext(t.Context(), path, "serve", "token", "--id", "ci", "--roles", "read,write", "--domains", domain, "--valid", "1h").CombinedOutput()
	require.NoError(t, err, "%s", out)
	printed := printedToken.FindSubmatch(out)
	require.Len(t, printed, 3, "%s", out)
	require.NotContains(t, string(printed[2]), string(printed[1]))
	file := filepath.Join(t.TempDir(), "tokens.json")
	require.NoError(t, os.WriteFile(file, printed[2], 0o600))
	srv := serve(t, setup{definitions: directory(t, workflow("orders")), tokens: file})
	a := srv.do(call{method: http.MethodPost, path: instances("orders") + "/start?sync=true", token: string(printed[1]), body: map[string]any{}})
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
}
