package httpguard

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAURLHasOneReading(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://api.example.com":              "https://api.example.com/",
		"HTTPS://API.Example.COM:443/a?b#c":    "https://api.example.com/a?b",
		"http://api.example.com:80":            "http://api.example.com/",
		"https://a.example:8443/%2e%2e/x":      "https://a.example:8443/%2e%2e/x",
		"https://127.0.0.1:9000/":              "https://127.0.0.1:9000/",
		"https://[2001:DB8:0:0::1]/":           "https://[2001:db8::1]/",
		"https://_srv.a-b.example/?q=a%20b":    "https://_srv.a-b.example/?q=a%20b",
		"https://a.example/?u=http://evil/@x":  "https://a.example/?u=http://evil/@x",
		"https://a.example/@evil.example:80/x": "https://a.example/@evil.example:80/x",
		"https://a.example?x":                  "https://a.example/?x",
	} {
		got, err := parseTarget(raw)
		require.NoError(t, err, raw)
		require.Equal(t, want, got.url().String(), raw)
	}
}

// hostileURLs are read differently by different software, or hide where they
// lead.
var hostileURLs = []string{
	"", "/x", "//a.example/x", "a.example", "ftp://a.example", "file:///etc/passwd", "gopher://a.example/_x", "https:a.example", "https:/a.example", "https:///a.example", "javascript://a.example",
	"https://user@a.example/", "https://user:pass@a.example/", "https://a.example@127.0.0.1/", "https://a.example%40127.0.0.1/", "https://@a.example/", `https://a.example\@127.0.0.1/`, `https:\\a.example/`,
	"https://2130706433/", "https://0x7f000001/", "https://0x7f.0.0.1/", "https://127.1/", "https://0177.0.0.1/", "https://127.0.0.01/", "https://127.0.0.1./", "https://1.2.3.4.5/", "https://a.example.0x1/", "https://999.1.1.1/",
	"https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[fe80::1%25eth0]/", "https://[fe80::1%eth0]/", "https://[127.0.0.1]/", "https://[::1/", "https://::1/", "https://[::1]x/", "https://[::1]:/", "https://[a.example]/",
	"https://a.example:/", "https://a.example:0/", "https://a.example:65536/", "https://a.example:080/", "https://a.example:+80/", "https://a.example:80:81/", "https://a.example:x/", "https://a.example:８０/",
	"https://a..example/", "https://.a.example/", "https://a.example./", "https://-a.example/", "https://a-.example/", "https://a%2eexample/", "https://%31%32%37.0.0.1/", "https://a.exämple/", "https://a。example/", "https://ａ.example/", "https://*.example/",
	"https://" + strings.Repeat("a", 64) + ".example/", "https://" + strings.Repeat("a.", 127) + "example/", "https://a.example/" + strings.Repeat("x", 8192),
	"https://a.example/ HTTP/1.1", "https://a.example/\r\nHost: evil", "https://a.example/\x00", "https://a.example/?a b", "https://a.example/\t", " https://a.example/", "https://a.example/ü", "https://a.example/%zz", "https://a.exam\nple/",
}

func TestAURLThatMayBeReadInAnotherWayIsRefused(t *testing.T) {
	t.Parallel()
	for _, raw := range hostileURLs {
		_, err := parseTarget(raw)
		require.Error(t, err, raw)
		require.Equal(t, "invalid_request", code(err), raw)
	}
}

func TestAGrantCoversWhatItSaysAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ pattern, covered, not string }{
		{"api.example.com", "https://api.example.com/ https://API.example.com:443/x", "http://api.example.com/ https://api.example.com:8443/ https://example.com/ https://x.api.example.com/ https://api.example.com.evil.example/ https://evilapi.example.com/"},
		{"*.example.com", "https://a.example.com/ https://a.b.example.com/", "https://example.com/ https://evilexample.com/ https://a.example.com.evil.example/ http://a.example.com/ https://a.example.com:8443/"},
		{"http://*.example.com:81", "http://a.example.com:81/", "http://a.example.com/ https://a.example.com:81/"},
		{"HTTPS.example:8443", "https://https.example:8443/", "https://https.example/"},
		{"http://127.0.0.1:9000", "http://127.0.0.1:9000/", "http://127.0.0.1/ https://127.0.0.1:9000/ http://127.0.0.2:9000/ http://localhost:9000/"},
		{"[2606:4700::1111]", "https://[2606:4700:0::1111]/", "https://[2606:4700::1112]/ https://[2606:4700::1111]:444/"},
	} {
		g, err := New(small(Host{Pattern: tc.pattern}))
		require.NoError(t, err)
		for _, raw := range strings.Fields(tc.covered) {
			target, err := parseTarget(raw)
			require.NoError(t, err)
			_, ok := g.permit(target)
			require.True(t, ok, "%s covers %s", tc.pattern, raw)
		}
		for _, raw := range strings.Fields(tc.not) {
			target, err := parseTarget(raw)
			require.NoError(t, err)
			_, ok := g.permit(target)
			require.False(t, ok, "%s does not cover %s", tc.pattern, raw)
		}
	}
}

func TestAPatternThatIsNoHostIsRefused(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{
		"", "*", "*.", "a.*.example", "*a.example", "https://", "ftp://a.example", "a.example/", "a.example/x", "a.example?x", "u@a.example", "a.example:", "a.example:*", "127.1", "*.127.0.0.1",
		"0.0.0.0", "[::]", "224.0.0.1", "[ff02::1]", "[::ffff:10.0.0.1]", "[fe80::1%25eth0]", "a.example.", "a b",
	} {
		_, err := New(small(Host{Pattern: pattern}))
		require.Error(t, err, pattern)
	}
}

// FuzzTarget looks for a URL that means another host to net/url than to the
// grant, or whose checked form is not read as it was.
func FuzzTarget(f *testing.F) {
	for _, raw := range append(hostileURLs, "https://api.example.com:8443/a%2Fb?q#f", "http://[2606:4700::1111]:80", "https://x.example.com/", "https://127.0.0.1:9000/") {
		f.Add(raw)
	}
	g, err := New(small(Host{Pattern: "api.example.com"}, Host{Pattern: "*.example.com:8443"}, Host{Pattern: "http://127.0.0.1:9000"}))
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, raw string) {
		target, err := parseTarget(raw)
		if err != nil {
			require.Equal(t, "invalid_request", code(err))
			return
		}
		u, err := url.Parse(raw)
		require.NoError(t, err)
		require.Nil(t, u.User)
		if a, err := netip.ParseAddr(u.Hostname()); err == nil {
			require.Equal(t, a, target.addr)
		} else {
			require.Equal(t, strings.ToLower(u.Hostname()), target.host)
			require.False(t, target.addr.IsValid())
		}
		again, err := parseTarget(target.url().String())
		require.NoError(t, err)
		require.Equal(t, target.url(), again.url())
		require.NotContains(t, target.url().RequestURI(), " ")
		_, granted := g.permit(target)
		want := target.origin() == "https://api.example.com" || target.origin() == "http://127.0.0.1:9000" ||
			strings.HasPrefix(target.origin(), "https://") && strings.HasSuffix(target.origin(), ".example.com:8443")
		require.Equal(t, want, granted, raw)
	})
}
