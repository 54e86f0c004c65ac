package openapi

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
)

//go:embed page.html
var pageText string

// Page serves the document as a page for people, at whatever path it is mounted
// on. It is one file without scripts, and loads nothing.
func Page() http.Handler {
	page := static("text/html; charset=utf-8", rendered())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", pagePolicy())
		page.ServeHTTP(w, r)
	})
}

// pagePolicy lets the page have its own style, and nothing else.
var pagePolicy = sync.OnceValue(func() string {
	_, rest, _ := strings.Cut(pageText, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; frame-ancestors 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
})

// A described is one operation on the page.
type described struct {
	ID, Method, Path     string
	Summary, Description string
	Parameters           []parameter
	Body, Answer         string // examples
	Responses            []response
}

type parameter struct{ Name, In, Description string }

type response struct{ Status, Description string }

// rendered makes the page. The document is the package's own, and a test makes
// the page: what is wrong with it is a panic there.
var rendered = sync.OnceValue(func() []byte {
	d := page{parse(document)}
	var out bytes.Buffer
	err := template.Must(template.New("page").Funcs(template.FuncMap{"marked": marked}).Parse(pageText)).Execute(&out, map[string]any{"Info": d.at("info").titled(), "Operations": d.operations()})
	if err != nil {
		panic("openapi: " + err.Error())
	}
	return out.Bytes()
})

// marked is a description with its `code`, **strong** and *emphasis*; in code
// stars are stars.
func marked(text string) template.HTML {
	var b strings.Builder
	for i, part := range strings.Split(text, "`") {
		part = template.HTMLEscapeString(part)
		if i%2 == 1 {
			b.WriteString("<code>" + part + "</code>")
			continue
		}
		part = strong.ReplaceAllString(part, "<strong>$1</strong>")
		b.WriteString(emphasis.ReplaceAllString(part, "<em>$1</em>"))
	}
	return template.HTML(b.String()) //nolint:gosec // every part is escaped
}

var (
	strong   = regexp.MustCompile(`\*\*([^*]+)\*\*`)
	emphasis = regexp.MustCompile(`\*([^*]+)\*`)
)

// A page reads the document.
type page struct{ root node }

// A node is a part of it.
type node map[string]any

func parse(text []byte) node {
	var n node
	if err := json.Unmarshal(text, &n); err != nil {
		panic("openapi: the document that is shipped: " + err.Error())
	}
	return n
}

func (n node) text(name string) string { s, _ := n[name].(string); return s }

func (n node) titled() map[string]string {
	return map[string]string{"Title": n.text("title"), "Description": n.text("description")}
}

// at follows names, and references on the way.
func (p page) at(names ...string) node { return p.follow(p.root, names...) }

func (p page) follow(n node, names ...string) node {
	for _, name := range names {
		next, _ := n[name].(map[string]any)
		n = p.resolve(next)
	}
	return n
}

func (p page) resolve(n node) node {
	if ref := n.text("$ref"); ref != "" {
		return p.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
	return n
}

func (p page) operations() []described {
	var all []described
	paths := p.at("paths")
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		for _, method := range []string{"get", "post", "patch"} {
			o := p.follow(paths, path, method)
			if o == nil {
				continue
			}
			x := described{ID: o.text("operationId"), Method: strings.ToUpper(method), Path: path, Summary: o.text("summary"), Description: o.text("description")}
			shared, _ := p.follow(paths, path)["parameters"].([]any)
			own, _ := o["parameters"].([]any)
			for _, ref := range append(slices.Clone(shared), own...) {
				one, _ := ref.(map[string]any)
				n := p.resolve(one)
				x.Parameters = append(x.Parameters, parameter{n.text("name"), n.text("in"), n.text("description")})
			}
			x.Body = example(p.follow(o, "requestBody", "content", "application/json"))
			responses := p.follow(o, "responses")
			for _, status := range slices.Sorted(maps.Keys(responses)) {
				x.Responses = append(x.Responses, response{status, p.follow(responses, status).text("description")})
			}
			x.Answer = example(p.follow(responses, "200", "content", "application/json"))
			all = append(all, x)
		}
	}
	return all
}

// example is that of a media type, indented.
func example(media node) string {
	value, ok := media["example"]
	if !ok {
		return ""
	}
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return ""
	}
	return string(text)
}
