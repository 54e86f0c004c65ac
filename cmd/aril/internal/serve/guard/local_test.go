package guard

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOnlyRequestsToThisMachineAreAnsweredWithoutTokens(t *testing.T) {
	t.Parallel()
	h := LocalOnly("devbox")(text("ok"))
	for host, want := range map[string]int{
		"localhost": 200, "localhost:8080": 200, "LOCALHOST:1": 200, "localhost.": 200, "127.0.0.1": 200, "127.0.0.1:8080": 200, "127.1.2.3": 200,
		"[::1]:8080": 200, "[::1]": 200, "devbox:8080": 200, "DevBox": 200, "[::ffff:127.0.0.1]:80": 200,
		"attacker.example": 403, "attacker.example:8080": 403, "localhost.attacker.example": 403, "127.0.0.1.nip.io": 403, "xlocalhost": 403,
		"": 403, "0.0.0.0:8080": 403, "[::]:8080": 403, "10.0.0.1": 403, "2130706433": 403, "0x7f.1": 403, "localhost@attacker.example": 403, "localhost:8080:x": 403, "devbox.attacker.example": 403,
	} {
		w := serve(h, "GET", "/", "", "Host", host)
		require.Equal(t, want, w.Code, host)
		if want == 403 {
			require.Equal(t, "forbidden", problemOf(t, w).Prefix)
		}
	}
}

func TestNoPageOfAnotherSiteDrivesTheService(t *testing.T) {
	t.Parallel()
	h := LocalOnly()(text("ok"))
	for _, method := range []string{"GET", "HEAD", "POST", "PATCH", "OPTIONS"} {
		for name, c := range map[string]struct {
			header []string
			want   int
		}{
			"a program":                       {nil, 200},
			"the address bar":                 {[]string{"Sec-Fetch-Site", "none"}, 200},
			"a page of the service":           {[]string{"Sec-Fetch-Site", "same-origin", "Origin", "http://localhost:8080"}, 200},
			"another site":                    {[]string{"Sec-Fetch-Site", "cross-site"}, 403},
			"another port":                    {[]string{"Sec-Fetch-Site", "same-site"}, 403},
			"an old browser's form":           {[]string{"Origin", "https://attacker.example"}, 403},
			"an old browser, another port":    {[]string{"Origin", "http://localhost:3000"}, 403},
			"a sandboxed frame":               {[]string{"Origin", "null"}, 403},
			"an old browser's own page":       {[]string{"Origin", "http://localhost:8080"}, 200},
			"nonsense":                        {[]string{"Origin", "http://%zz"}, 403},
			"one that says both":              {[]string{"Sec-Fetch-Site", "none", "Sec-Fetch-Site", "cross-site"}, 403},
			"an empty word":                   {[]string{"Sec-Fetch-Site", ""}, 403},
			"one that lies about where it is": {[]string{"Sec-Fetch-Site", "none", "Origin", "https://attacker.example"}, 403},
		} {
			w := serve(h, method, "/", "", append(c.header, "Host", "localhost:8080")...)
			require.Equal(t, c.want, w.Code, "%s by %s", method, name)
		}
	}
}

func TestWithoutTokensEverybodyIsAnonymous(t *testing.T) {
	t.Parallel()
	w := serve(WithoutTokens(func() []string { return []string{"clerk"} })(whoami), "GET", "/", "")
	require.Equal(t, http.StatusOK, w.Code)
	require.JSONEq(t, `{"ID":"anonymous","Roles":["read","write","publish","clerk"],"Domains":null}`, w.Body.String())
}
