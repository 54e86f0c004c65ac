package flow

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/aril-wasm/aril/runtime/enrich"
)

// A reader collects what is wrong with one document.
type reader struct {
	doc    enrich.Document
	issues []enrich.Issue
}

// A node is a value of a document that knows where it stands.
type node struct {
	r     *reader
	path  []string
	value any
}

func (n node) warn(format string, args ...any) {
	issue := n.r.doc.Issue(fmt.Sprintf(format, args...), n.path...)
	issue.Warning = true
	n.r.issues = append(n.r.issues, issue)
}

func (n node) wrong(format string, args ...any) { n.wrongAs("", format, args...) }

func (n node) wrongAs(code, format string, args ...any) {
	issue := n.r.doc.Issue(fmt.Sprintf(format, args...), n.path...)
	issue.Code = code
	n.r.issues = append(n.r.issues, issue)
}

// at finds a member; one that is not there has no value.
func (n node) at(name string) node {
	object, _ := n.value.(map[string]any)
	return node{n.r, append(slices.Clip(n.path), name), object[name]}
}

// item is where an item of a list stands.
func (n node) item(i int) node {
	items, _ := n.value.([]any)
	at := node{n.r, append(slices.Clip(n.path), strconv.Itoa(i)), nil}
	if i < len(items) {
		at.value = items[i]
	}
	return at
}

// there says whether there is something: null and empty lists, objects and
// texts are nothing.
func (n node) there() bool {
	switch v := n.value.(type) {
	case nil:
		return false
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	case string:
		return v != ""
	}
	return true
}

func (n node) text() string {
	s, ok := n.value.(string)
	if !ok && n.value != nil {
		n.wrong("is no text")
	}
	return s
}

// integer is a number without a fraction, def where there is none.
func (n node) integer(def int) int {
	if n.value == nil {
		return def
	}
	number, _ := n.value.(json.Number)
	f, err := number.Float64()
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<31 {
		n.wrong("is no whole number")
		return def
	}
	return int(f)
}

// list gives the items of a list, which are objects.
func (n node) list() []node {
	items, ok := n.value.([]any)
	if !ok && n.value != nil {
		n.wrong("is no list")
	}
	var out []node
	for i := range items {
		at := n.item(i)
		if _, ok := at.value.(map[string]any); !ok {
			at.wrong("is no object")
			continue
		}
		out = append(out, at)
	}
	return out
}

// object is the node itself where it is an object, and says so where it is
// something else.
func (n node) object() (node, bool) {
	_, ok := n.value.(map[string]any)
	if !ok && n.value != nil {
		n.wrong("is no object")
	}
	return n, ok
}

// raw is the value as JSON; nil where there is none.
func (n node) raw() json.RawMessage {
	if !n.there() {
		return nil
	}
	b, err := json.Marshal(n.value)
	if err != nil {
		n.wrong("%v", err)
	}
	return b
}

func (n node) labels() map[string]string {
	var out map[string]string
	for _, l := range n.list() {
		if out == nil {
			out = map[string]string{}
		}
		out[l.at("language").text()] = l.at("label").text()
	}
	return out
}

// notRun warns of each member that is there and means something that this
// service does not do.
func (n node) notRun(names ...string) {
	for _, name := range names {
		if m := n.at(name); m.there() {
			m.warn("is not run by this service")
		}
	}
}
