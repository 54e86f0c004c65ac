package guard

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// entry makes a token and its line of the file.
func entry(t *testing.T, id string, change func(e *TokenEntry)) (secret, line string) {
	t.Helper()
	secret, digest := NewToken()
	e := TokenEntry{ID: id, SHA256: digest, Roles: []string{"read"}}
	if change != nil {
		change(&e)
	}
	b, err := json.Marshal(e)
	require.NoError(t, err)
	return secret, string(b)
}

// whoami answers with the caller that it sees.
var whoami = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	b, _ := json.Marshal(CallerOf(r.Context()))
	_, _ = w.Write(b)
})

func TestATokenSaysWhoCalls(t *testing.T) {
	t.Parallel()
	a, lineA := entry(t, "ci", func(e *TokenEntry) { e.Roles, e.Domains = []string{"read", "bank.clerk"}, []string{"banking"} })
	b, lineB := entry(t, "ops@example.com", nil)
	c, lineC := entry(t, "later", nil)
	tokens, err := LoadTokens(tokenFile(t, "["+lineA+","+lineB+"]\n"+lineC+"\n")) // a line appended to a list
	require.NoError(t, err)
	for secret, want := range map[string]Caller{
		a: {ID: "ci", Roles: []string{"read", "bank.clerk"}, Domains: []string{"banking"}},
		b: {ID: "ops@example.com", Roles: []string{"read"}},
		c: {ID: "later", Roles: []string{"read"}},
	} {
		for _, scheme := range []string{"Bearer ", "bearer ", "BEARER "} {
			w := serve(tokens.Middleware(whoami), "GET", "/", "", "Authorization", scheme+secret)
			require.Equal(t, 200, w.Code)
			var got Caller
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
			require.Equal(t, want, got)
		}
	}
}

func TestASecretIsRandomAndOnlyItsDigestIsKept(t *testing.T) {
	t.Parallel()
	a, digest := NewToken()
	b, _ := NewToken()
	require.NotEqual(t, a, b)
	require.Regexp(t, `^aril_[A-Za-z0-9_-]{43}$`, a)
	sum := sha256.Sum256([]byte(a))
	require.Equal(t, hex.EncodeToString(sum[:]), digest)
}

func TestWhatIsNoTokenGets401(t *testing.T) {
	t.Parallel()
	past, future := time.Now().Add(-time.Second), time.Now().Add(time.Hour)
	good, line := entry(t, "good", func(e *TokenEntry) { e.Expires = &future })
	expired, old := entry(t, "old", func(e *TokenEntry) { e.Expires = &past })
	unknown, _ := NewToken()
	_, digest := NewToken()
	tokens, err := LoadTokens(tokenFile(t, line+old))
	require.NoError(t, err)
	m := NewMetrics(MetricsConfig{})
	tokens.Metrics = m
	ran := false
	h := tokens.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { ran = true }))
	for name, c := range map[string]struct {
		header []string
		reason string
	}{
		"none":                  {nil, "missing"},
		"empty":                 {[]string{"Authorization", ""}, "malformed"},
		"no scheme":             {[]string{"Authorization", good}, "malformed"},
		"another scheme":        {[]string{"Authorization", "Basic " + good}, "malformed"},
		"two blanks":            {[]string{"Authorization", "Bearer  " + good}, "malformed"},
		"a blank behind":        {[]string{"Authorization", "Bearer " + good + " "}, "malformed"},
		"two of them":           {[]string{"Authorization", "Bearer " + good, "Authorization", "Bearer " + good}, "malformed"},
		"a list":                {[]string{"Authorization", "Bearer " + good + ", Bearer " + good}, "malformed"},
		"cut":                   {[]string{"Authorization", "Bearer " + good[:len(good)-1]}, "malformed"},
		"other letters":         {[]string{"Authorization", "Bearer " + strings.ToUpper(good)}, "malformed"},
		"large":                 {[]string{"Authorization", "Bearer " + strings.Repeat("a", 30_000)}, "malformed"},
		"other characters":      {[]string{"Authorization", "Bearer aril_" + strings.Repeat("é", 21) + "x"}, "malformed"},
		"the digest":            {[]string{"Authorization", "Bearer " + digest}, "malformed"},
		"unknown":               {[]string{"Authorization", "Bearer " + unknown}, "unknown"},
		"one character another": {[]string{"Authorization", "Bearer " + good[:20] + flip(good[20]) + good[21:]}, "unknown"},
		"expired":               {[]string{"Authorization", "Bearer " + expired}, "expired"},
		"in the query":          {nil, "missing"},
	} {
		target := "/"
		if name == "in the query" {
			target = "/?access_token=" + good
		}
		before := counted(t, m, `aril_authentication_failures_total{reason="`+c.reason+`"}`)
		w := serve(h, "GET", target, "", c.header...)
		require.Equal(t, http.StatusUnauthorized, w.Code, name)
		p := problemOf(t, w)
		require.Equal(t, "unauthorized", p.Prefix, name)
		require.Equal(t, "A valid token is needed: Authorization: Bearer aril_….", p.Detail, name)
		require.True(t, strings.HasPrefix(w.Header().Get("WWW-Authenticate"), `Bearer realm="aril"`), name)
		require.Equal(t, c.reason != "missing", strings.Contains(w.Header().Get("WWW-Authenticate"), "invalid_token"), name)
		require.Equal(t, before+1, counted(t, m, `aril_authentication_failures_total{reason="`+c.reason+`"}`), name)
	}
	require.False(t, ran)
	require.Equal(t, 200, serve(h, "GET", "/", "", "Authorization", "Bearer "+good).Code)
	tokens.now = func() time.Time { return future }
	require.Equal(t, 401, serve(h, "GET", "/", "", "Authorization", "Bearer "+good).Code, "expired to the instant")
}

func flip(c byte) string {
	if c == 'a' {
		return "b"
	}
	return "a"
}

// Mappings see all headers, and tasks send them on.
func TestTheTokenGoesNoFurther(t *testing.T) {
	t.Parallel()
	secret, line := entry(t, "ci", nil)
	tokens, err := LoadTokens(tokenFile(t, line))
	require.NoError(t, err)
	var seen http.Header
	serve(tokens.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { seen = r.Header })), "GET", "/", "", "Authorization", "Bearer "+secret, "X-Other", "kept")
	require.NotContains(t, fmt.Sprint(seen), secret)
	require.Equal(t, "kept", seen.Get("X-Other"))
}

func TestAWrongFileSaysAllThatIsWrong(t *testing.T) {
	t.Parallel()
	_, digest := NewToken()
	ok := `{"id":"a","sha256":"` + digest + `","roles":["read"]}`
	for content, want := range map[string]string{
		"":                 "no token",
		"[]":               "no token",
		"{":                "unexpected EOF",
		ok + "}":           "invalid character",
		ok[:len(ok)-1]:     "unexpected EOF",
		`"` + digest + `"`: "cannot unmarshal",
		"null":             `token 1 "": id is`,
		`[` + ok + `,7]`:   "cannot unmarshal",
		ok + ok:            "another token has this id",
		ok + strings.Replace(ok, `"a"`, `"b"`, 1):                                                "token a has this secret as well",
		strings.Replace(ok, `"roles"`, `"domain":["x"],"roles"`, 1):                              `unknown field "domain"`,
		strings.Replace(ok, `["read"]`, `[]`, 1):                                                 "roles is empty",
		strings.Replace(ok, `["read"]`, `["a b"]`, 1):                                            `role "a b"`,
		strings.Replace(ok, `["read"]`, `["read"],"domains":[]`, 1):                              "domains is empty",
		strings.Replace(ok, `["read"]`, `["read"],"domains":["A"]`, 1):                           `domain "A"`,
		strings.Replace(ok, `["read"]`, `["read"],"expires":"soon"`, 1):                          "parsing time",
		strings.Replace(ok, `"a"`, `"a\nb"`, 1):                                                  "id is",
		strings.Replace(ok, `"a"`, `"anonymous"`, 1):                                             "without a token",
		strings.Replace(ok, digest, digest[2:], 1):                                               "64 hexadecimal",
		strings.Replace(ok, digest, digest+"00", 1):                                              "64 hexadecimal",
		strings.Replace(ok, digest, "g"+digest[1:], 1):                                           "64 hexadecimal",
		strings.Repeat(" ", tokenFileBytes) + ok:                                                 "larger than",
		`{"id":"","sha256":"","roles":[]}`:                                                       "64 hexadecimal digits\nroles is empty",
		strings.Replace(ok, `["read"]`, `[]`, 1) + strings.Replace(ok, `"id":"a"`, `"id":""`, 1): `token 2 "": id is`,
	} {
		_, err := LoadTokens(tokenFile(t, content))
		require.ErrorContains(t, err, want, content)
	}
	_, err := LoadTokens(t.TempDir() + "/none")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestAChangedFileCountsAtOnceAndABrokenOneDoesNot(t *testing.T) {
	t.Parallel()
	a, lineA := entry(t, "a", nil)
	b, lineB := entry(t, "b", nil)
	file := tokenFile(t, lineA)
	tokens, err := LoadTokens(file)
	require.NoError(t, err)
	h := tokens.Middleware(whoami)
	status := func(secret string) int {
		return serve(h, "GET", "/", "", "Authorization", "Bearer "+secret).Code
	}
	changed, err := tokens.Reload()
	require.NoError(t, err)
	require.False(t, changed)

	before, err := os.Stat(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, []byte(lineB), 0o600))
	require.NoError(t, os.Chtimes(file, time.Time{}, before.ModTime())) // as long, and at the same instant of a coarse clock
	changed, err = tokens.Reload()
	require.NoError(t, err)
	require.True(t, changed)
	require.Equal(t, []int{401, 200}, []int{status(a), status(b)}, "a was withdrawn")

	for _, broken := range []string{"", "{", lineA + "{"} {
		require.NoError(t, os.WriteFile(file, []byte(broken), 0o600))
		changed, err = tokens.Reload()
		require.Error(t, err)
		require.False(t, changed)
		require.Equal(t, []int{401, 200}, []int{status(a), status(b)})
	}
	require.NoError(t, os.Remove(file))
	_, err = tokens.Reload()
	require.Error(t, err)
	require.Equal(t, 200, status(b))

	next := file + ".new" // put there in one step, as one should
	require.NoError(t, os.WriteFile(next, []byte(lineA+lineB), 0o600))
	require.NoError(t, os.Rename(next, file))
	changed, err = tokens.Reload()
	require.NoError(t, err)
	require.True(t, changed)
	require.Equal(t, []int{200, 200}, []int{status(a), status(b)})
}

func TestWatchReadsChangesAndLogsWhatIsWrongOnce(t *testing.T) {
	t.Parallel()
	_, lineA := entry(t, "a", nil)
	b, lineB := entry(t, "b", nil)
	file := tokenFile(t, lineA)
	tokens, err := LoadTokens(file)
	require.NoError(t, err)
	tokens.every = time.Millisecond
	log := &lockedBuffer{}
	done := make(chan bool)
	ctx, cancel := contextOf(t)
	go func() {
		tokens.Watch(ctx, slog.New(slog.NewTextHandler(log, nil)))
		close(done)
	}()
	require.NoError(t, os.WriteFile(file+".new", []byte("{"), 0o600)) // a file that is half written would be a second error
	require.NoError(t, os.Rename(file+".new", file))
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "the ones before count") }, 10*time.Second, time.Millisecond)
	time.Sleep(20 * time.Millisecond)
	require.Equal(t, 1, strings.Count(log.String(), "the ones before count"))
	require.NoError(t, os.Remove(file))
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "no such file") }, 10*time.Second, time.Millisecond)
	time.Sleep(20 * time.Millisecond)
	require.Equal(t, 1, strings.Count(log.String(), "no such file"))
	require.NoError(t, os.WriteFile(file+".new", []byte(lineA+lineB), 0o644))
	require.NoError(t, os.Rename(file+".new", file))
	require.Eventually(t, func() bool {
		return serve(tokens.Middleware(whoami), "GET", "/", "", "Authorization", "Bearer "+b).Code == 200
	}, 10*time.Second, time.Millisecond)
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "chmod 600") }, 10*time.Second, time.Millisecond)
	cancel()
	<-done
}

func TestAFileThatOthersCanUseIsWarnedOf(t *testing.T) {
	t.Parallel()
	_, line := entry(t, "a", nil)
	file := tokenFile(t, line)
	tokens, err := LoadTokens(file)
	require.NoError(t, err)
	for mode, want := range map[os.FileMode]string{0o600: "", 0o400: "", 0o640: "can be read by others", 0o604: "can be read", 0o620: "can be changed", 0o666: "can be changed"} {
		require.NoError(t, os.Chmod(file, mode))
		require.Contains(t, tokens.Warning(), want)
		require.Equal(t, want == "", tokens.Warning() == "", mode)
	}
}

func TestARoleIsNeeded(t *testing.T) {
	t.Parallel()
	h := Require(RoleWrite)(text("ok"))
	as := func(c Caller) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(w, r.WithContext(WithCaller(r.Context(), c)))
		})
	}
	require.Equal(t, 200, serve(as(Caller{Roles: []string{"read", "write"}}), "GET", "/", "").Code)
	for _, roles := range [][]string{nil, {"read"}, {"Write"}, {"write "}, {"*"}} {
		w := serve(as(Caller{Roles: roles}), "GET", "/", "")
		require.Equal(t, http.StatusForbidden, w.Code)
		require.Equal(t, "forbidden.Authorization:110001", problemOf(t, w).ErrorCode)
	}
	require.Equal(t, http.StatusForbidden, serve(h, "GET", "/", "").Code, "nobody said who it is")
	require.Equal(t, 200, serve(WithoutTokens(nil)(h), "GET", "/", "").Code)
}

func TestDomainsLimitACaller(t *testing.T) {
	t.Parallel()
	require.True(t, Caller{}.InDomain("any"))
	require.True(t, Caller{Domains: []string{"a", "b"}}.InDomain("b"))
	for _, d := range []string{"", "c", "A", "a/b", "ab"} {
		require.False(t, Caller{Domains: []string{"a", "b"}}.InDomain(d))
	}
}

func TestAFloodOfWrongTokensCostsLittle(t *testing.T) {
	good, line := entry(t, "a", nil)
	tokens, err := LoadTokens(tokenFile(t, line))
	require.NoError(t, err)
	log := &bytes.Buffer{}
	h, err := New(Config{Tokens: tokens, Metrics: NewMetrics(MetricsConfig{}), Logger: slog.New(slog.NewTextHandler(log, nil))}, whoami)
	require.NoError(t, err)
	wrong := "Bearer " + good[:20] + flip(good[20]) + good[21:]
	n := testing.AllocsPerRun(1000, func() { serve(h, "GET", "/api/v1/x", "", "Authorization", wrong) })
	base := testing.AllocsPerRun(1000, func() { serve(text("x"), "GET", "/api/v1/x", "", "Authorization", wrong) })
	require.Less(t, n-base, 40.0)
	require.Less(t, strings.Count(log.String(), "\n"), 12, "a line a second")
	require.NotContains(t, log.String(), good[5:15])
}
