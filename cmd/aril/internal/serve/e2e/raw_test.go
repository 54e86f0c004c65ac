//go:build linux

package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// plain is a server without extensions, for what does not reach them.
func plain(t *testing.T, arguments ...string) *server {
	return serve(t, setup{definitions: directory(t, workflow("orders")), arguments: arguments})
}

func TestOddRequestsGetAProblem(t *testing.T) {
	t.Parallel()
	srv := plain(t)
	id := srv.begin("orders", "known", map[string]any{"n": 1})
	one := instances("orders") + "/" + id
	list := instances("orders")
	host := "Host: " + srv.address + "\r\n"
	get := func(target string) string { return "GET " + target + " HTTP/1.1\r\n" + host + "\r\n" }
	post := func(headers, body string) string {
		return "POST " + list + "/start?sync=true HTTP/1.1\r\n" + host + headers + "\r\n" + body
	}
	ofJSON := "Content-Type: application/json\r\n"
	sized := func(body string) string { return post(ofJSON+fmt.Sprintf("Content-Length: %d\r\n", len(body)), body) }

	// What is answered with problem details and one of these statuses.
	for name, c := range map[string]struct {
		sent string
		want []int
	}{
		"an escaped slash in an id":        {get(list + "/a%2Fb"), []int{404}},
		"an escaped slash between":         {get(list + "%2F" + id), []int{404}},
		"an escaped path up":               {get(list + "/%2e%2e/" + id), []int{404}},
		"a path up":                        {get(list + "/../../../../../etc/passwd"), []int{404}},
		"two slashes":                      {get("//api/v1//" + domain + "/workflows/orders/instances"), []int{404}},
		"a slash at the end":               {get(one + "/"), []int{404}},
		"U+0000 in an id":                  {get(list + "/a%00b"), []int{404}},
		"an overlong slash":                {get(list + "/%c0%af"), []int{404}},
		"bytes that are no text in an id":  {get(list + "/%ff%fe"), []int{404}},
		"bytes that are no text in a flow": {get("/api/v1/" + domain + "/workflows/%ff/instances"), []int{404}},
		"U+0000 in a domain":               {get("/api/v1/%00/workflows/orders/instances"), []int{404}},
		"a backslash":                      {get(list + `/..%5c..%5cetc`), []int{404}},
		"a very long id":                   {get(list + "/" + strings.Repeat("a", 7000)), []int{404, 414}},
		"a query that is none":             {get(list + "?a;b"), []int{400}},
		"a query with a broken escape":     {get(list + "?filter=%zz"), []int{400}},
		"a filter that is no text":         {get(list + "?filter=%ff"), []int{400}},
		"a filter with U+0000":             {get(list + "?filter=%7B%22key%22:%7B%22eq%22:%22%00%22%7D%7D"), []int{400}},
		"a filter of a thousand levels":    {get(list + "?filter=" + strings.Repeat("%7B%22not%22:", 300) + "1" + strings.Repeat("%7D", 300)), []int{400}},
		"a page of letters":                {get(list + "?page=x"), []int{400}},
		"page 0":                           {get(list + "?page=0"), []int{400}},
		"page -1":                          {get(list + "?page=-1"), []int{400}},
		"a page beyond int64":              {get(list + "?page=99999999999999999999"), []int{400}},
		"a page of 101":                    {get(list + "?pageSize=101"), []int{400}},
		"a sort that is SQL":               {get(list + "?sort=key;DROP%20TABLE%20instances"), []int{400}},
		"a version that is a path":         {get(one + "?version=../../1"), []int{400, 404}},
		"a method that nobody has":         {"BREW " + one + " HTTP/1.1\r\n" + host + "\r\n", []int{405, 501}},
		"DELETE":                           {"DELETE " + one + " HTTP/1.1\r\n" + host + "\r\n", []int{405}},
		"PUT with a body":                  {"PUT " + one + " HTTP/1.1\r\n" + host + "Content-Length: 2\r\n\r\n{}", []int{405}},
		"TRACE":                            {"TRACE " + one + " HTTP/1.1\r\n" + host + "\r\n", []int{405}},
		"POST to what is read":             {"POST " + one + " HTTP/1.1\r\n" + host + "Content-Length: 0\r\n\r\n", []int{405}},
		"nothing there":                    {get("/"), []int{404}},
		"the files of the process":         {get("/api/v1/../../../../proc/self/environ"), []int{404}},
		"profiles":                         {get("/debug/pprof/"), []int{404}},
		"metrics":                          {get("/metrics"), []int{404}},

		"no media type":                   {post("Content-Length: 2\r\n", "{}"), []int{415}},
		"a form":                          {post("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n", "a=b"), []int{415}},
		"text that is JSON":               {post("Content-Type: text/plain\r\nContent-Length: 2\r\n", "{}"), []int{415}},
		"another character set":           {post("Content-Type: application/json; charset=utf-16\r\nContent-Length: 2\r\n", "{}"), []int{415}},
		"a compressed body":               {post(ofJSON+"Content-Encoding: gzip\r\nContent-Length: 2\r\n", "\x1f\x8b"), []int{415}},
		"a list":                          {sized("[]"), []int{400}},
		"half an object":                  {sized(`{"key":`), []int{400}},
		"two objects":                     {sized(`{}{}`), []int{400}},
		"a member twice":                  {sized(`{"key":"a","key":"b"}`), []int{400}},
		"an unknown member":               {sized(`{"state":"done"}`), []int{400}},
		"a key that is a number":          {sized(`{"key":1}`), []int{400}},
		"a key with U+0000":               {sized(`{"key":"a\u0000b"}`), []int{400}},
		"a key of half a pair":            {sized(`{"key":"\ud800"}`), []int{400}},
		"a key of no text":                {sized("{\"key\":\"\xff\"}"), []int{400}},
		"a key with a line break":         {sized(`{"key":"a\r\nSet-Cookie: a=b"}`), []int{400}},
		"a key of 100,000":                {sized(`{"key":"` + strings.Repeat("k", 100_000) + `"}`), []int{400}},
		"attributes of a list":            {sized(`{"attributes":[]}`), []int{400}},
		"attributes with U+0000":          {sized(`{"attributes":{"a":"\u0000"}}`), []int{400}},
		"attributes of a thousand levels": {sized(`{"attributes":` + strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000) + `}`), []int{400}},
		"a number beyond all":             {sized(`{"attributes":{"a":1e999}}`), []int{400}},
		"a number of 100,000 digits":      {sized(`{"attributes":{"a":` + strings.Repeat("9", 100_000) + `}}`), []int{400}},
		"a byte order mark":               {sized("\xef\xbb\xbf{}"), []int{400}},
		"10,000 tags":                     {sized(`{"tags":[` + strings.Repeat(`"a",`, 9_999) + `"a"]}`), []int{400}},
		"a body that is too large":        {sized(`{"attributes":{"a":"` + strings.Repeat("x", 20<<20) + `"}}`), []int{413}},
		"a chunked body that is too large": {
			post(ofJSON+"Transfer-Encoding: chunked\r\n", "1000000\r\n"+strings.Repeat(" ", 1<<24)+"\r\n0\r\n\r\n"), []int{413}},
		"a promise of a body that is too large": {post(ofJSON+"Expect: 100-continue\r\nContent-Length: 99999999999\r\n", ""), []int{413}},
	} {
		t.Run(name, func(t *testing.T) {
			a := srv.with(t).one(name, c.sent)
			require.Contains(t, c.want, a.status, "%s", a.body)
			a.problem(t, name)
		})
	}

	require.EqualValues(t, id, srv.get(instances("orders") + "/known")["id"])
	srv.quiet()
}

// What Go's server may answer itself, or not at all: but with no status above
// 499 other than those for the protocol, and never with more than was asked.
func TestBrokenRequestsDoNoHarm(t *testing.T) {
	t.Parallel()
	srv := plain(t)
	id := srv.begin("orders", "known", nil)
	one := instances("orders") + "/" + id
	host := "Host: " + srv.address + "\r\n"
	get := func(target string) string { return "GET " + target + " HTTP/1.1\r\n" + host + "\r\n" }
	ofJSON := "Content-Type: application/json\r\n"
	post := func(headers, body string) string {
		return "POST " + instances("orders") + "/start?sync=true HTTP/1.1\r\n" + host + headers + "\r\n" + body
	}
	sent := map[string]string{
		"no request":                       "\r\n\r\n\r\n",
		"binary":                           "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
		"HTTP/2":                           "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"HTTP/0.9":                         "GET /\r\n\r\n",
		"HTTP/9.9":                         "GET / HTTP/9.9\r\n" + host + "\r\n",
		"no host":                          "GET " + one + " HTTP/1.1\r\n\r\n",
		"two hosts":                        "GET " + one + " HTTP/1.1\r\n" + host + host + "\r\n",
		"a space in the target":            "GET " + one + " x HTTP/1.1\r\n" + host + "\r\n",
		"a target without a slash":         get("api/v1"),
		"a header without a name":          "GET / HTTP/1.1\r\n" + host + ": x\r\n\r\n",
		"a header with U+0000":             "GET / HTTP/1.1\r\n" + host + "X: a\x00b\r\n\r\n",
		"a folded header":                  "GET / HTTP/1.1\r\n" + host + "X: a\r\n b\r\n\r\n",
		"a blank before the colon":         post(ofJSON+"Content-Length : 2\r\n", "{}"),
		"two lengths":                      post(ofJSON+"Content-Length: 2\r\nContent-Length: 40\r\n", "{}"),
		"a length and chunks":              post(ofJSON+"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"+get("/smuggled")),
		"chunks twice":                     post(ofJSON+"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
		"chunks by another name":           post(ofJSON+"Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
		"chunks with a tab":                post(ofJSON+"Transfer-Encoding:\tchunked\x0b\r\n", "0\r\n\r\n"),
		"chunks of HTTP/1.0":               "POST / HTTP/1.0\r\n" + ofJSON + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"a negative length":                post(ofJSON+"Content-Length: -1\r\n", ""),
		"a length with a sign":             post(ofJSON+"Content-Length: +2\r\n", "{}"),
		"a length beyond int64":            post(ofJSON+"Content-Length: 99999999999999999999999\r\n", "{}"),
		"a chunk size beyond int64":        post(ofJSON+"Transfer-Encoding: chunked\r\n", "ffffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
		"a negative chunk size":            post(ofJSON+"Transfer-Encoding: chunked\r\n", "-2\r\n{}\r\n0\r\n\r\n"),
		"a chunk that is longer than said": post(ofJSON+"Transfer-Encoding: chunked\r\n", "1\r\n{}\r\n0\r\n\r\n"),
		"a chunk extension of 1 MiB":       post(ofJSON+"Transfer-Encoding: chunked\r\n", "2;"+strings.Repeat("x", 1<<20)+"\r\n{}\r\n0\r\n\r\n"),
		"a trailer that is a length":       post(ofJSON+"Transfer-Encoding: chunked\r\nTrailer: Content-Length\r\n", "2\r\n{}\r\n0\r\nContent-Length: 9\r\n\r\n"),
		"headers of 4 MiB":                 "GET / HTTP/1.1\r\n" + host + strings.Repeat("X-Flood: "+strings.Repeat("x", 1000)+"\r\n", 4000) + "\r\n",
		"50,000 headers":                   "GET / HTTP/1.1\r\n" + host + strings.Repeat("X: y\r\n", 50_000) + "\r\n",
		"a request line of 4 MiB":          get("/" + strings.Repeat("a", 4<<20)),
		"an unknown expectation":           "GET " + one + " HTTP/1.1\r\n" + host + "Expect: everything\r\n\r\n",
		"CONNECT":                          "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n",
		"an upgrade":                       "GET " + one + " HTTP/1.1\r\n" + host + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
		"a range":                          "GET " + one + " HTTP/1.1\r\n" + host + "Range: bytes=0-1,5-6,0-0\r\n\r\n",
		"an absolute target of another":    "GET http://example.com" + one + " HTTP/1.1\r\n" + host + "\r\n",
		"an absolute target of a file":     "GET file:///etc/passwd HTTP/1.1\r\n" + host + "\r\n",
		"a target with a user":             "GET http://user:secret@" + srv.address + one + " HTTP/1.1\r\n" + host + "\r\n",
		"an asterisk":                      "OPTIONS * HTTP/1.1\r\n" + host + "\r\n",
		"a GET with a body":                "GET " + one + " HTTP/1.1\r\n" + host + "Content-Length: 2\r\n\r\n{}",
		"a thousand extensions":            get(one + "?" + strings.Repeat("extensions=x&", 999) + "extensions=x"),
		"10,000 kinds of extensions":       get(one + "?extensions=" + strings.Repeat("x,", 10_000)),
		"extensions that are no text":      get(one + "?extensions=%ff&extensions=%00&extensions=%0d%0aX:y"),
		"a tag list of 100,000":            "GET " + one + " HTTP/1.1\r\n" + host + "If-None-Match: " + strings.Repeat(`W/"a",`, 100_000) + "\"b\"\r\n\r\n",
		"a tag that is none":               "GET " + one + " HTTP/1.1\r\n" + host + "If-None-Match: \"\"\"W/,,\r\n\r\n",
		"a trace that is none":             "GET " + one + " HTTP/1.1\r\n" + host + "Traceparent: 00-00000000000000000000000000000000-0000000000000000-00\r\n\r\n",
		"a token that is none":             "GET " + one + " HTTP/1.1\r\n" + host + "Authorization: Bearer \xff\xff\r\n\r\n",
	}
	got := srv.exchangeAll(sent, 3)
	for name := range sent {
		require.LessOrEqual(t, len(got[name]), 2, name)
		for _, a := range got[name] {
			if a.status >= 500 {
				require.Contains(t, []int{501, 505}, a.status, "%s: %s", name, a.body)
			}
			require.Empty(t, a.header.Get("Set-Cookie"), name)
			require.Empty(t, a.header.Get("X"), name)
		}
	}
	require.EqualValues(t, id, srv.get(instances("orders") + "/known")["id"])
	srv.quiet()
}

// A request that is inside the body of another is never run: whatever the
// lengths say, at most the first start counts.
func TestSmuggledRequestsAreNotRun(t *testing.T) {
	t.Parallel()
	srv := plain(t)
	inner := func(key string) string {
		body := `{"key":"` + key + `"}`
		return fmt.Sprintf("POST %s/start HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", instances("orders"), srv.address, len(body), body)
	}
	sent := map[string]string{}
	for i, form := range []string{
		"Content-Length: %[1]d\r\nTransfer-Encoding: chunked\r\n",
		"Transfer-Encoding: chunked\r\nContent-Length: %[1]d\r\n",
		"Content-Length: %[1]d\r\nContent-Length: 2\r\n",
		"Content-Length: %[1]d, 2\r\n",
		"Transfer-Encoding: chunked, identity\r\nContent-Length: %[1]d\r\n",
		"Transfer-Encoding: identity\r\nContent-Length: %[1]d\r\n",
		"Transfer-encoding : chunked\r\nContent-Length: %[1]d\r\n",
		"Content_Length: 2\r\nContent-Length: %[1]d\r\n",
	} {
		key := fmt.Sprintf("smuggled-%d", i)
		hidden := "0\r\n\r\n" + inner(key)
		sent[key] = fmt.Sprintf("POST %[2]s/start?sync=true HTTP/1.1\r\nHost: %[3]s\r\nContent-Type: application/json\r\n"+form+"\r\n%[4]s",
			len(hidden), instances("orders"), srv.address, hidden)
	}
	srv.exchangeAll(sent, 2)
	got := srv.get(instances("orders") + "?pageSize=100")
	for _, item := range got["items"].([]any) {
		require.NotContains(t, item.(map[string]any)["key"], "smuggled")
	}
}

func TestPipelinedRequestsAreAnsweredInTurn(t *testing.T) {
	t.Parallel()
	srv := plain(t)
	id := srv.begin("orders", "", nil)
	var sent strings.Builder
	const n = 200
	for i := range n {
		target := instances("orders") + "/" + id
		if i%2 == 1 {
			target = "/nothing/" + fmt.Sprint(i)
		}
		fmt.Fprintf(&sent, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, srv.address)
	}
	got, hung := srv.exchange(sent.String(), n, patience)
	require.False(t, hung)
	require.Len(t, got, n)
	for i, a := range got {
		require.Equal(t, []int{http.StatusOK, http.StatusNotFound}[i%2], a.status, "answer %d", i)
	}
}

func TestAClientThatGoesAwayLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	srv := plain(t)
	srv.begin("orders", "", nil)
	files := srv.openFiles()
	for i := range 300 {
		c, err := net.DialTimeout("tcp", srv.address, patience)
		require.NoError(t, err)
		_, err = fmt.Fprintf(c, "GET %s?pageSize=100 HTTP/1.1\r\nHost: %s\r\n\r\n", instances("orders"), srv.address)
		require.NoError(t, err)
		if i%2 == 0 {
			require.NoError(t, c.(*net.TCPConn).SetLinger(0)) // a reset
		}
		require.NoError(t, c.Close())
	}
	require.Eventually(t, func() bool { return srv.openFiles() <= files+100 }, patience, 20*time.Millisecond, "descriptors are left open")
	srv.quiet()
}

func TestExpectContinueIsAnsweredBeforeTheBody(t *testing.T) {
	t.Parallel()
	srv := plain(t)
	c := srv.dial()
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	_, err := fmt.Fprintf(c, "POST %s/start?sync=true HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n", instances("orders"), srv.address)
	require.NoError(t, err)
	first := make([]byte, 12)
	_, err = io.ReadFull(c, first)
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 100", string(first))
	_, err = io.WriteString(c, "{}")
	require.NoError(t, err)
	rest, err := io.ReadAll(c)
	require.NoError(t, err)
	require.Contains(t, string(rest), "HTTP/1.1 201")
}
