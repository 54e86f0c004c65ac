package openapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
)

// A request is one as it goes over the wire: nothing is checked or put right
// on its way there.
type request struct {
	method string
	path   string // escaped
	query  string // raw, without "?"
	header []field
	body   []byte

	existing bool     // everything that it names is there
	vague    bool     // a mutation left the document without a word on it
	token    bool     // it carries the token of a caller who may do everything
	notes    []string // what was done to it
}

type field struct{ name, value string }

func (r *request) set(name, value string) {
	r.unset(name)
	r.header = append(r.header, field{name, value})
}

func (r *request) unset(name string) {
	kept := r.header[:0:0]
	for _, f := range r.header {
		if !strings.EqualFold(f.name, name) {
			kept = append(kept, f)
		}
	}
	r.header = kept
}

func (r *request) values(name string) []string {
	var all []string
	for _, f := range r.header {
		if strings.EqualFold(f.name, name) {
			all = append(all, f.value)
		}
	}
	return all
}

func (r *request) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

func (r *request) target() string {
	if r.query == "" {
		return r.path
	}
	return r.path + "?" + r.query
}

// wire is the request as text.
func (r *request) wire(host string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", r.method, r.target())
	if len(r.values("Host")) == 0 {
		fmt.Fprintf(&b, "Host: %s\r\n", host)
	}
	for _, f := range r.header {
		fmt.Fprintf(&b, "%s: %s\r\n", f.name, f.value)
	}
	if len(r.body) > 0 || r.method == http.MethodPost || r.method == http.MethodPatch || r.method == http.MethodPut {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(r.body))
	}
	b.WriteString("\r\n")
	b.Write(r.body)
	return b.Bytes()
}

// String is what a failure shows.
func (r *request) String() string {
	wire := r.wire("test")
	if len(wire) > 2000 {
		return fmt.Sprintf("%q… (%d bytes) %v", wire[:2000], len(wire), r.notes)
	}
	return fmt.Sprintf("%q %v", wire, r.notes)
}

// A verdict is what the document says of a request.
type verdict int

const (
	valid   verdict = iota
	invalid         // must be answered 4xx
	vague           // the document has no word on it
	absent          // no such operation
)

func (v verdict) String() string { return [...]string{"valid", "invalid", "vague", "absent"}[v] }

// judge holds a request against the document.
func (c *contract) judge(r *request) (verdict, error) {
	o, values, _ := c.match(r.method, r.path)
	if o == nil {
		return absent, nil
	}
	query, err := url.ParseQuery(r.query)
	if err != nil && o.Security == nil {
		return invalid, err
	}
	doubt := r.vague || err != nil || query.Has("sort") && query.Has("orderBy") // which a description forbids
	for _, ref := range o.Parameters {
		p := ref.Value
		var got []string
		switch p.In {
		case openapi3.ParameterInPath:
			got = []string{values[p.Name]}
		case openapi3.ParameterInQuery:
			got = query[p.Name]
		case openapi3.ParameterInHeader:
			got = r.values(p.Name)
		}
		switch {
		case len(got) == 0 && p.Required:
			return invalid, fmt.Errorf("no %s parameter %s", p.In, p.Name)
		case len(got) == 0:
			continue
		case len(got) > 1 && !p.Schema.Value.Type.Is("array"):
			doubt = true
			continue
		}
		for _, text := range got {
			doubt = doubt || !utf8.ValidString(text)
		}
		if got[0] == "" && p.AllowEmptyValue {
			continue
		}
		if p.Schema.Value.Type.Is("boolean") && got[0] != strings.ToLower(got[0]) {
			doubt = true // that other cases do as well is said in words
			continue
		}
		if p.Schema.Value.Type.Is("array") {
			list := make([]any, len(got))
			for i, text := range got {
				list[i] = text
			}
			err = c.schemas[p.Schema].Validate(list)
		} else {
			err = c.validText(p.Schema, got[0])
		}
		switch {
		case err != nil && p.Schema.Value.ContentSchema != nil && !strings.HasPrefix(got[0], "{"):
			doubt = true // another form, which its description tells of
		case err != nil:
			return invalid, fmt.Errorf("%s parameter %s: %w", p.In, p.Name, err)
		}
	}
	if o.RequestBody == nil {
		doubt = doubt || len(r.body) > 0
	} else if err := c.judgeBody(o, r); err != nil {
		return invalid, err
	}
	if doubt {
		return vague, nil
	}
	return valid, nil
}

func (c *contract) judgeBody(o *operation, r *request) error {
	if len(r.body) == 0 {
		if o.RequestBody.Value.Required {
			return errors.New("no body")
		}
		return nil
	}
	if e := strings.Join(r.values("Content-Encoding"), ","); e != "" {
		return fmt.Errorf("Content-Encoding %q", e)
	}
	most := 1 << 20
	if o.OperationID == publish {
		most = 16 << 20
	}
	if len(r.body) > most {
		return fmt.Errorf("%d bytes", len(r.body))
	}
	types := r.values("Content-Type")
	if len(types) != 1 {
		return fmt.Errorf("%d headers Content-Type", len(types))
	}
	name, parameters, err := mime.ParseMediaType(types[0])
	if err != nil {
		return err
	}
	media := o.RequestBody.Value.Content[name]
	if media == nil {
		return fmt.Errorf("media type %q", name)
	}
	for key, value := range parameters {
		if key == "charset" && !strings.EqualFold(value, "utf-8") {
			return fmt.Errorf("charset %q", value)
		}
	}
	if !utf8.Valid(r.body) {
		return errors.New("the body is not UTF-8")
	}
	if depth := nesting(r.body); depth > 64 {
		return fmt.Errorf("%d levels", depth)
	}
	return validJSON(c.schemas[media.Schema], r.body)
}

// nesting is how deep a text of JSON may be at most: braces in texts count too.
func nesting(text []byte) (most int) {
	depth := 0
	for _, c := range text {
		switch c {
		case '{', '[':
			depth++
			most = max(most, depth)
		case '}', ']':
			depth--
		}
	}
	return most
}

// A maker makes requests from the document, about what the service has.
type maker struct {
	*generator
	contract *contract
	known    map[string][]string // by parameter: what is there
	entities []string            // tags that were seen
	// definitions are bodies that can be published again and again.
	definitions [][]byte
	token       string
}

// request makes one that the document calls valid.
func (m *maker) request(o *operation) *request {
	// Which transitions have a schema depends on the state.
	r := &request{method: o.method, existing: o.OperationID != "getSchema", token: true}
	var query []string
	path := o.path
	for _, ref := range o.Parameters {
		p := ref.Value
		switch p.In {
		case openapi3.ParameterInPath:
			text, there := m.argument(p)
			r.existing = r.existing && there
			path = strings.ReplaceAll(path, "{"+p.Name+"}", m.escape(text))
		case openapi3.ParameterInQuery:
			if !p.Required && !m.oneIn(3) {
				continue
			}
			if p.Schema.Value.Type.Is("array") {
				for range m.IntN(4) {
					query = append(query, url.QueryEscape(p.Name)+"="+url.QueryEscape(m.element(p)))
				}
				continue
			}
			text, there := m.argument(p)
			r.existing = r.existing && there
			query = append(query, url.QueryEscape(p.Name)+"="+url.QueryEscape(text))
		case openapi3.ParameterInHeader:
			if !m.oneIn(5) {
				continue
			}
			text, _ := m.argument(p)
			r.set(p.Name, text)
		}
	}
	m.Shuffle(len(query), func(i, j int) { query[i], query[j] = query[j], query[i] })
	r.path, r.query = path, strings.Join(query, "&")
	if o.RequestBody != nil && (o.RequestBody.Value.Required || !m.oneIn(4)) {
		media := o.RequestBody.Value.Content["application/json"]
		// What more a definition must have is not this document's to say.
		if r.body = m.published(o); r.body == nil {
			body, err := json.Marshal(m.value(media.Schema, 0))
			if err != nil {
				panic(err)
			}
			r.body = body
			r.existing = r.existing && o.OperationID != publish
		}
		r.set("Content-Type", pick(m.generator, []string{"application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"}))
	}
	r.set("Authorization", "Bearer "+m.token)
	return r
}

const publish = "publishDefinitions"

// published takes a definition that is whole, most of the time.
func (m *maker) published(o *operation) []byte {
	if o.OperationID != publish || m.oneIn(4) {
		return nil
	}
	return pick(m.generator, m.definitions)
}

// argument makes the text of a parameter. there says that it names something
// that is there, or names nothing at all.
func (m *maker) argument(p *openapi3.Parameter) (text string, there bool) {
	if from := m.known[p.Name]; len(from) > 0 && !m.oneIn(10) {
		return pick(m.generator, from), true
	}
	return fmt.Sprint(m.value(p.Schema, 0)), len(m.known[p.Name]) == 0
}

func (m *maker) element(p *openapi3.Parameter) string {
	if from := m.known[p.Name]; len(from) > 0 && !m.oneIn(3) {
		return pick(m.generator, from)
	}
	return fmt.Sprint(m.value(p.Schema.Value.Items, 0))
}

// escape escapes what must be, and now and then what need not.
func (m *maker) escape(text string) string {
	if !m.oneIn(12) {
		return url.PathEscape(text)
	}
	var b strings.Builder
	for i := range len(text) {
		fmt.Fprintf(&b, "%%%02x", text[i])
	}
	return b.String()
}
