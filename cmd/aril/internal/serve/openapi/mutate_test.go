package openapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// mutations spoil a request in one way each. What they make of it is judged by
// the document again; where a schema cannot say it, they mark the request
// as vague.
var mutations = []struct {
	name string
	do   func(m *maker, o *operation, r *request)
}{
	{"a parameter at or past a limit", (*maker).atLimit},
	{"a parameter of another type", (*maker).otherType},
	{"a parameter twice", (*maker).twice},
	{"a parameter that is not there", (*maker).unknownParameter},
	{"a query in a bad form", (*maker).badQuery},
	{"a path with a trick", (*maker).pathTrick},
	{"another method", (*maker).otherMethod},
	{"another media type", (*maker).otherMedia},
	{"another encoding of the body", (*maker).otherEncoding},
	{"a body that is not JSON", (*maker).notJSON},
	{"a member of another type", (*maker).otherMember},
	{"a member at or past a limit", (*maker).memberAtLimit},
	{"a member less", (*maker).memberLess},
	{"a member more", (*maker).memberMore},
	{"a member twice", (*maker).memberTwice},
	{"an odd number", (*maker).oddNumber},
	{"an odd text", (*maker).oddText},
	{"deep nesting", (*maker).deep},
	{"a long body", (*maker).long},
	{"a stale or odd tag", (*maker).oddTag},
	{"an odd header", (*maker).oddHeader},
	{"another token", (*maker).otherToken},
}

// parameter takes one of those in the path or the query.
func (m *maker) parameter(o *operation) *openapi3.Parameter {
	var from []*openapi3.Parameter
	for _, ref := range o.Parameters {
		if ref.Value.In != openapi3.ParameterInHeader {
			from = append(from, ref.Value)
		}
	}
	if len(from) == 0 {
		return nil
	}
	return pick(m.generator, from)
}

// put sets a parameter to a text, in the path or the query.
func (m *maker) put(o *operation, r *request, p *openapi3.Parameter, text string) {
	r.existing = false
	if p.In == openapi3.ParameterInQuery {
		query, err := url.ParseQuery(r.query)
		if err != nil {
			query = url.Values{}
		}
		query.Set(p.Name, text)
		r.query = query.Encode()
		return
	}
	parts := strings.Split(r.path, "/")
	for i, s := range o.segments {
		if s == "{"+p.Name+"}" && i < len(parts) {
			parts[i] = url.PathEscape(text)
		}
	}
	r.path = strings.Join(parts, "/")
}

func (m *maker) atLimit(o *operation, r *request) {
	p := m.parameter(o)
	if p == nil {
		return
	}
	s := p.Schema.Value
	if s.Type.Is("array") {
		s = s.Items.Value
	}
	var texts []string
	for _, limit := range []*float64{s.Min, s.Max} {
		if limit != nil {
			for d := -1; d <= 1; d++ {
				texts = append(texts, strconv.Itoa(int(*limit)+d))
			}
		}
	}
	if s.MaxLength != nil {
		for d := -1; d <= 1; d++ {
			texts = append(texts, strings.Repeat("a", int(*s.MaxLength)+d), strings.Repeat("漢", int(*s.MaxLength)+d))
		}
	}
	texts = append(texts, strings.Repeat("a", int(s.MinLength)))
	text := pick(m.generator, texts)
	m.put(o, r, p, text)
	r.note("%s of length %d", p.Name, len(text))
}

func (m *maker) otherType(o *operation, r *request) {
	if p := m.parameter(o); p != nil {
		text := pick(m.generator, []string{
			"", " ", "0", "-1", "1.5", "1e3", "0x10", "+1", "01", "９", "99999999999999999999", "-9223372036854775809", "NaN", "Infinity", "null", "true", "TRUE", "yes",
			"[]", "{}", `{"a":`, `{"id":{"eq":1}}`, `{"attributes":{"x":{"eq":null}}}`, `{"and":[]}`, `"`, "'", "a\x00b", "\xff\xfe", "\xed\xa0\x80", "..", ".", "../..", "a/b", "a\\b", "a b", "a+b", "%41",
			"' OR 1=1 --", "$$", "; DROP TABLE instances", "*", "-", "_", "é", "e\u0301", "🙂", "\u202e", "\r\nX: y", "latest", "start", "functions", "instances",
		})
		m.put(o, r, p, text)
		r.note("%s = %q", p.Name, text)
	}
}

func (m *maker) twice(o *operation, r *request) {
	parts := strings.Split(r.query, "&")
	if r.query == "" {
		parts = []string{pick(m.generator, []string{"page=1", "sync=true", "extensions=a"})}
	}
	parts = append(parts, pick(m.generator, parts))
	if m.oneIn(3) {
		name, _, _ := strings.Cut(parts[0], "=")
		parts = append(parts, name+"=1")
	}
	r.query = strings.Join(parts, "&")
	r.vague = true
}

func (m *maker) unknownParameter(o *operation, r *request) {
	more := pick(m.generator, []string{"x=1", "X=1", "Page=0", "groupBy=state", "page[]=1", "extensions[]=a", "__proto__=1", "a%00=1", "%ff=1", "=1", "=", "_=" + strconv.Itoa(m.IntN(1000))})
	r.query = strings.TrimPrefix(r.query+"&"+more, "&")
	r.vague = true
	r.note("%s", more)
}

func (m *maker) badQuery(o *operation, r *request) {
	r.query += pick(m.generator, []string{"&%", "&%zz=1", "&a=%2", ";page=2", "&&&&", "&=", "?", "&extensions=" + strings.Repeat("a,", 3000), "&filter=%ff", "&filter=%00", "&a=" + strings.Repeat("b", 20000)})
	r.vague = true
}

func (m *maker) pathTrick(o *operation, r *request) {
	parts := strings.Split(r.path, "/")
	i := 1 + m.IntN(len(parts)-1)
	switch m.IntN(9) {
	case 0:
		parts[i] = pick(m.generator, []string{"..", ".", "", "%2e%2e", "%2F", "%2f%2f", "%00", "%c0%af", "%ff", "%25", "%zz", "%", "*", ";x=1", "~", "%0d%0a", "%20", "%E2%80%AE", "con", "-"})
	case 1:
		parts[i] += pick(m.generator, []string{"%2f", "%2f..", "%00", ";", ";a=b", "%20", ".", "%ff", "%5c", "//", "/", "/.", "/.."})
	case 2:
		parts = append(parts[:i], parts[i+1:]...)
	case 3:
		parts = append(parts, pick(m.generator, []string{"", "x", "functions", "data", "..", "transitions"}))
	case 4:
		parts[i] = strings.ToUpper(parts[i])
	case 5:
		parts[i] = strings.Repeat("a", 1+m.IntN(8000))
	case 6:
		parts[i] = m.text(&openapi3.Schema{}, 0).(string)
		parts[i] = url.PathEscape(parts[i])
	case 7:
		for range 1 + m.IntN(60) {
			parts = append(parts, "a")
		}
	case 8:
		parts[i] = m.percent(parts[i])
	}
	r.path = strings.Join(parts, "/")
	if !strings.HasPrefix(r.path, "/") {
		r.path = "/" + r.path
	}
	r.existing = false
	r.note("%s", r.path[:min(len(r.path), 200)])
}

// percent escapes every byte, which changes nothing of what a path means.
func (m *maker) percent(segment string) string {
	text, err := url.PathUnescape(segment)
	if err != nil {
		return segment
	}
	var b strings.Builder
	for i := range len(text) {
		fmt.Fprintf(&b, "%%%02X", text[i])
	}
	return b.String()
}

func (m *maker) otherMethod(o *operation, r *request) {
	r.method = pick(m.generator, []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "PURGE", "QUERY", "A", strings.Repeat("M", 300), "x-y"})
	if r.method != http.MethodPost && r.method != http.MethodPatch && m.oneIn(2) {
		r.body = nil
	}
	r.existing = false
	r.note("%.20s", r.method)
}

func (m *maker) otherMedia(o *operation, r *request) {
	if m.oneIn(5) {
		r.unset("Content-Type")
		return
	}
	r.set("Content-Type", pick(m.generator, []string{
		"text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json; charset=utf-16", "application/json; charset=latin1",
		"application/json; charset=\"utf-8\"", "application/json;", "application/json; charset", "application/vnd.api+json", "application/merge-patch+json", "application/problem+json", "*/*", "json", "application/", "; charset=utf-8", "application/json, text/plain", "\u00e9",
	}))
	r.vague = true // what more a media type may carry is not for the document to say
	if m.oneIn(4) {
		r.header = append(r.header, field{"Content-Type", "application/json"})
	}
	r.note("%q", r.values("Content-Type"))
}

func (m *maker) otherEncoding(o *operation, r *request) {
	switch m.IntN(4) {
	case 0:
		r.set("Content-Encoding", pick(m.generator, []string{"gzip", "br", "deflate", "zstd", "gzip, gzip", "x", ""}))
		r.vague = true
	case 1:
		r.body = append([]byte("\xef\xbb\xbf"), r.body...)
	case 2:
		var wide []byte
		for _, c := range string(r.body) {
			wide = append(wide, byte(c), byte(c>>8))
		}
		r.body = wide
	case 3:
		if i := bytes.IndexByte(r.body, '"'); i >= 0 {
			r.body = bytes.Join([][]byte{r.body[:i+1], r.body[i+1:]}, []byte(pick(m.generator, []string{"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82"})))
		}
	}
}

func (m *maker) notJSON(o *operation, r *request) {
	all := string(r.body)
	r.body = []byte(pick(m.generator, []string{
		"", " ", "null", "[]", "0", `""`, "true", "{", "}", "{}{}", all + all, all + "x", all + "\x00", all[:len(all)/2], "{'a':1}", "{a:1}", `{"a":1,}`, `{"a":01}`, `{"a":+1}`, `{"a":.5}`, `{"a":1.}`,
		`{"a":NaN}`, `{"a":Infinity}`, `{"a":-}`, "{\"a\":\"\n\"}", `{"a":"\x"}`, `{"a":"\u12"}`, "/**/{}", "{}//", `{"a" "b"}`, `{,}`, `{"a":tru}`, "<a/>", "a=b&c=d", "[" + all + "]", "\x00\x01\x02",
	}))
	r.note("body %.60q", r.body)
}

// node takes one value of a body at random, and gives a way to replace it.
func (m *maker) node(r *request, want func(v any) bool) (v any, replace func(any)) {
	d := json.NewDecoder(bytes.NewReader(r.body))
	d.UseNumber()
	var root any
	if d.Decode(&root) != nil {
		return nil, nil
	}
	type place struct {
		v   any
		set func(any)
	}
	var places []place
	var walk func(v any, set func(any))
	walk = func(v any, set func(any)) {
		if want(v) {
			places = append(places, place{v, set})
		}
		switch v := v.(type) {
		case map[string]any:
			for _, name := range sortedKeys(v) {
				walk(v[name], func(x any) { v[name] = x })
			}
		case []any:
			for i := range v {
				walk(v[i], func(x any) { v[i] = x })
			}
		}
	}
	walk(root, func(x any) { root = x })
	if len(places) == 0 {
		return nil, nil
	}
	p := pick(m.generator, places)
	return p.v, func(x any) {
		p.set(x)
		if text, err := json.Marshal(root); err == nil {
			r.body = text
		}
	}
}

func anyNode(any) bool { return true }

func isMembers(v any) bool { _, ok := v.(map[string]any); return ok }

func (m *maker) otherMember(o *operation, r *request) {
	if _, replace := m.node(r, anyNode); replace != nil {
		replace(pick(m.generator, []any{nil, true, false, 0, -1, json.Number("1e3"), "", "x", []any{}, []any{nil}, members{}, members{{"x", 1}}, strings.Repeat("a", 5000)}))
	}
}

// memberAtLimit makes texts and lists as long as a schema says, one less and one
// more.
func (m *maker) memberAtLimit(o *operation, r *request) {
	if o.RequestBody == nil {
		return
	}
	var body map[string]any
	if json.Unmarshal(r.body, &body) != nil || body == nil {
		body = map[string]any{}
	}
	properties := o.RequestBody.Value.Content["application/json"].Schema.Value.Properties
	if len(properties) == 0 {
		return
	}
	name := pick(m.generator, sortedKeys(properties))
	s := properties[name].Value
	near := func(limit uint64) int { return max(0, int(limit)+m.IntN(3)-1) }
	text := func(s *openapi3.Schema) string {
		limit := s.MinLength
		if s.MaxLength != nil && !m.oneIn(3) {
			limit = *s.MaxLength
		}
		// Of four bytes each, 256 would be more than the 800 bytes of a key.
		return strings.Repeat(pick(m.generator, []string{"a", "é", "漢"}), near(limit))
	}
	switch {
	case s.Type.Includes("string"):
		body[name] = text(s)
	case s.Type.Includes("array"):
		list := make([]string, 1)
		if s.MaxItems != nil && m.oneIn(2) {
			list = make([]string, near(*s.MaxItems))
		}
		for i := range list {
			list[i] = "a"
		}
		if len(list) > 0 && m.oneIn(2) {
			list[0] = text(s.Items.Value)
		}
		body[name] = list
	}
	raw, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	r.body = raw
	r.set("Content-Type", "application/json")
	r.note("%s %.40v", name, body[name])
}

func (m *maker) memberLess(o *operation, r *request) {
	if v, replace := m.node(r, isMembers); replace != nil {
		all := v.(map[string]any)
		if names := sortedKeys(all); len(names) > 0 {
			delete(all, pick(m.generator, names))
		}
		replace(all)
	}
}

func (m *maker) memberMore(o *operation, r *request) {
	if v, replace := m.node(r, isMembers); replace != nil {
		all := v.(map[string]any)
		all[pick(m.generator, []string{"id", "ID", "Key", "state", "status", "eTag", "extensions", "__proto__", "constructor", "", " ", "a\u0000", "$ref", "sync"})] = m.anything(2)
		replace(all)
	}
}

func (m *maker) memberTwice(o *operation, r *request) {
	at := bytes.IndexByte(r.body, '{')
	if n := bytes.Count(r.body, []byte{'{'}); n > 1 && m.oneIn(2) {
		at = bytes.LastIndexByte(r.body, '{')
	}
	if at < 0 {
		return
	}
	name := pick(m.generator, []string{"key", "tags", "attributes", "documents", "x"})
	twice := []string{fmt.Sprintf(`"%s":null,"%s":1`, name, name), fmt.Sprintf(`"%s":{},"\u00%02x%s":{}`, name, name[0], name[1:])}
	insert := pick(m.generator, twice)
	if rest := bytes.TrimSpace(r.body[at+1:]); len(rest) > 0 && rest[0] != '}' {
		insert += ","
	}
	r.body = []byte(string(r.body[:at+1]) + insert + string(r.body[at+1:]))
}

func (m *maker) oddNumber(o *operation, r *request) {
	if _, replace := m.node(r, anyNode); replace != nil {
		replace("\u2603number")
		r.body = bytes.Replace(r.body, []byte("\"\u2603number\""), []byte(pick(m.generator, []string{
			"1e400", "-1e400", "1e-400", "1e999999999", "-0", "-0.0e-0", strings.Repeat("9", 400), "0." + strings.Repeat("0", 5000) + "1", strings.Repeat("9", 50000), "NaN", "-Infinity", "0x1", "1_000",
			"18446744073709551616", "9007199254740993", "2.2250738585072011e-308",
		})), 1)
		r.vague = true // how long a number may be is said in words alone
	}
}

func (m *maker) oddText(o *operation, r *request) {
	if _, replace := m.node(r, anyNode); replace != nil {
		replace("\u2603text")
		r.body = bytes.Replace(r.body, []byte("\"\u2603text\""), []byte(pick(m.generator, []string{
			`"\u0000"`, `"a\u0000b"`, `"\ud800"`, `"\udc00\ud800"`, `"\ud83d\ude42"`, `"\uffff"`, `"\/"`, `"\u202e"`, "\"\u2028\"", `"` + strings.Repeat("é", 3000) + `"`, `"' OR '1'='1"`, `"{{secrets.a.b}}"`, `"$(id)"`, `"../../etc/passwd"`,
		})), 1)
		r.vague = true // likewise which characters are refused
	}
}

func (m *maker) deep(o *operation, r *request) {
	if o.RequestBody == nil {
		if p := m.parameter(o); p != nil && p.Schema.Value.ContentSchema != nil {
			n := pick(m.generator, []int{5, 20, 100, 3000})
			m.put(o, r, p, strings.Repeat(`{"not":`, n)+`{"key":{"eq":"a"}}`+strings.Repeat("}", n))
			r.vague = true
		}
		return
	}
	n := pick(m.generator, []int{10, 40, 63, 64, 65, 66, 200, 5000, 100000})
	open, end := "[", "]"
	if m.oneIn(2) {
		open, end = `{"a":`, "}"
	}
	r.body = []byte(`{"attributes":{"deep":` + strings.Repeat(open, n) + "1" + strings.Repeat(end, n) + "}}")
	r.set("Content-Type", "application/json")
	r.vague = true
	r.note("%d deep", n)
}

func (m *maker) long(o *operation, r *request) {
	if o.RequestBody == nil || !m.oneIn(4) { // they are slow
		return
	}
	n := pick(m.generator, []int{1000, 1<<20 - 40, 1<<20 + 1, 3 << 20})
	r.body = []byte(`{"attributes":{"long":"` + strings.Repeat("a", n) + `"}}`)
	r.set("Content-Type", "application/json")
	r.vague = true
	r.note("%d long", n)
}

func (m *maker) oddTag(o *operation, r *request) {
	tags := append([]string{
		"*", `""`, `W/""`, `"a"`, `W/"a"`, "a", "W/", `"`, `"a`, `"a", "b"`, `*, "a"`, `"a b"`, "\"\xff\"", `"` + strings.Repeat("x", 5000) + `"`, strings.Repeat(`"a",`, 2000), ",,,", "", `w/"a"`,
	}, m.entities...)
	r.set(pick(m.generator, []string{"If-None-Match", "If-Match"}), pick(m.generator, tags))
	r.vague = true
}

func (m *maker) oddHeader(o *operation, r *request) {
	odd := pick(m.generator, []field{
		{"Accept", "text/html"}, {"Accept", "application/xml;q=0"}, {"Accept", "\x80"}, {"Accept-Encoding", "gzip, br"}, {"Accept-Encoding", "identity;q=0"}, {"Accept-Language", "tr"},
		{"Range", "bytes=0-1"}, {"Range", "bytes=9-1,0-0"}, {"If-Range", `"a"`}, {"If-Modified-Since", "yesterday"}, {"If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"},
		{"Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}, {"Traceparent", "00-00000000000000000000000000000000-0000000000000000-00"}, {"Traceparent", "x"}, {"Traceparent", strings.Repeat("0", 3000)}, {"Traceparent", "00-\xff"},
		{"Tracestate", strings.Repeat("a=b,", 500)}, {"Cache-Control", "no-cache"}, {"Cache-Control", "no-store, max-age=0"}, {"Cache-Control", "only-if-cached"}, {"Pragma", "no-cache"},
		{"X-HTTP-Method-Override", "DELETE"}, {"X-Forwarded-For", "127.0.0.1"}, {"X-Forwarded-Host", "evil.example"}, {"Forwarded", "for=x"}, {"User_reference", "admin"}, {"Cookie", "a=b"}, {"X-Original-URL", "/healthz"},
		{"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "cross-site"}, {"Content-Language", "x"}, {"Content-Range", "bytes 0-1/2"}, {"Content-MD5", "x"}, {"Expect", "200-ok"}, {"Upgrade", "websocket"}, {"Connection", "upgrade"}, {"Te", "trailers"},
		{"X-Long", strings.Repeat("y", 30000)}, {"X-\xff", "a"}, {"X A", "a"}, {"", "a"}, {"X-Nul", "a\x00b"}, {"X-Bytes", "\xff\xfe\x80"}, {"Host", "evil.example"}, {"Host", ""}, {"Host", "a b"},
	})
	if odd.name == "Host" {
		r.unset("Host")
	}
	r.header = append(r.header, odd)
	r.vague = true
	r.note("%.40q", odd)
}

func (m *maker) otherToken(o *operation, r *request) {
	r.token = false
	switch m.IntN(6) {
	case 0:
		r.unset("Authorization")
	case 1:
		r.set("Authorization", "Bearer "+strings.ToUpper(m.token)+"x")
	case 2:
		r.set("Authorization", pick(m.generator, []string{"Basic YTpi", "Bearer", "Bearer ", "bearer  a", "Digest x=y", "", "aril_", "Bearer \xff", "Bearer " + strings.Repeat("a", 20000), "Bearer a b"}))
	case 3:
		r.header = append(r.header, field{"Authorization", "Bearer other"})
	case 4:
		r.set("Authorization", "Bearer "+m.token[:len(m.token)-1])
	case 5:
		text := []byte(m.token)
		i := len(text) - 1 - m.IntN(20)
		text[i] = 'a' + (text[i]+1)%26
		if string(text) == m.token {
			text[i] = 'Z'
		}
		r.set("Authorization", "Bearer "+string(text))
	}
}
