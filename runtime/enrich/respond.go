package enrich

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// one answers a read of one instance.
func (m *middleware) one(w http.ResponseWriter, r *http.Request, route route, req *Request, body *response) error {
	if d := body.described; d != nil && d.ETag != "" && m.known(w, r, route, req, body, m.enricher.Tag(req, d)) {
		return nil // without a look at the body
	}
	o, err := parseObject(body.body)
	if err != nil {
		return fmt.Errorf("%w: %w", errShape, err)
	}
	instance := body.about(instanceFrom(o, route), nil)
	instance.ETag = orElse(instance.ETag, body.header.Get("ETag"))
	tag := m.enricher.Tag(req, instance)
	if m.known(w, r, route, req, body, tag) {
		return nil
	}
	result, err := m.enricher.Enrich(r.Context(), *req, instance)
	if err != nil {
		return err
	}
	result.NameUnknown(w.Header())
	if route.kind == routeExtensions {
		out := Object{{"extensions", result.Extensions.append(nil)}}
		if req.Explain {
			raw, err := json.Marshal(result.Runs)
			if err != nil {
				return err
			}
			out.set("explain", raw)
		}
		w.Header().Set("Cache-Control", "no-store")
		writeJSON(w, out)
		return nil
	}
	if err := m.filter(r, req, instance, &o); err != nil {
		return err
	}
	o.set(tagMember(o), quoteJSON(nil, []byte(tag)))
	o.set("extensions", result.Extensions.append(nil))
	copyHeader(w.Header(), body.header)
	keepPrivate(w.Header())
	w.Header().Set("ETag", tag)
	writeJSON(w, o)
	return nil
}

// known answers 304 where the client has the tag.
func (m *middleware) known(w http.ResponseWriter, r *http.Request, route route, req *Request, body *response, tag string) bool {
	if route.kind == routeExtensions || req.Fresh || !matches(r.Header, tag) {
		return false
	}
	copyHeader(w.Header(), body.header)
	keepPrivate(w.Header())
	w.Header().Set("ETag", tag)
	w.Header().Del("Content-Type")
	w.WriteHeader(http.StatusNotModified)
	return true
}

// filter limits the data of one instance.
func (m *middleware) filter(r *http.Request, req *Request, i *Instance, o *Object) error {
	if m.cfg.FilterData == nil {
		return nil
	}
	for _, name := range dataMembers {
		if raw := o.Get(name); raw != nil {
			kept, err := m.cfg.FilterData(r.Context(), req, i, raw)
			if err != nil {
				return err
			}
			if kept == nil {
				kept = json.RawMessage("null")
			}
			o.set(name, kept)
		}
	}
	return nil
}

// page answers a list or a history.
func (m *middleware) page(w http.ResponseWriter, r *http.Request, route route, req *Request, body *response) error {
	var whole Object
	list, member := json.RawMessage(body.body), ""
	if isObject(body.body) {
		var err error
		if whole, err = parseObject(body.body); err != nil {
			return fmt.Errorf("%w: %w", errShape, err)
		}
		for _, name := range []string{"items", "transitions"} {
			if member == "" && whole.Get(name) != nil {
				member = name
			}
		}
		if member == "" {
			return errShape
		}
		list = whole.Get(member)
	}
	items, err := parseArray(list)
	if err != nil {
		return fmt.Errorf("%w: %w", errShape, err)
	}
	if len(items) > m.cfg.Items {
		return fmt.Errorf("%w: a page of %d; the most is %d", errTooLarge, len(items), m.cfg.Items)
	}
	objects, instances := make([]Object, len(items)), make([]any, len(items)) // of *Instance
	for i, item := range items {
		if objects[i], err = parseObject(item); err != nil {
			return fmt.Errorf("%w: %w", errShape, err)
		}
		instances[i] = body.about(instanceFrom(objects[i], route), objects[i])
	}
	results, err := m.enricher.EnrichPage(r.Context(), *req, instances)
	if err != nil {
		return err
	}
	var out []byte
	out = append(out, '[')
	for i := range objects {
		if i == 0 {
			results[0].NameUnknown(w.Header())
		} else {
			out = append(out, ',')
		}
		if err := m.filter(r, req, instances[i].(*Instance), &objects[i]); err != nil {
			return err
		}
		objects[i].set("extensions", results[i].Extensions.append(nil))
		out = objects[i].append(out)
	}
	out = append(out, ']')
	copyHeader(w.Header(), body.header)
	keepPrivate(w.Header())
	if whole == nil {
		writeBody(w, out)
		return nil
	}
	whole.set(member, out)
	writeJSON(w, whole)
	return nil
}

// dataMembers are where an instance's data is.
var dataMembers = []string{"data", "attributes"}

// instanceFrom reads what a response says of an instance. Releases from 0.0.39
// on have its state in a member "metadata".
func instanceFrom(o Object, route route) *Instance {
	var metadata struct{ CurrentState, Status string }
	if raw := o.Get("metadata"); raw != nil {
		_ = json.Unmarshal(raw, &metadata) // what is in another shape is no state
	}
	str := func(names ...string) string {
		for _, name := range names {
			var s string
			if raw := o.Get(name); raw != nil && json.Unmarshal(raw, &s) == nil && s != "" {
				return s
			}
		}
		return ""
	}
	i := &Instance{
		ID: orElse(str("id"), route.instance), Key: str("key"), Domain: orElse(str("domain"), route.domain), Flow: orElse(str("flow"), route.workflow),
		FlowVersion: str("flowVersion"), State: orElse(str("state"), metadata.CurrentState), Status: orElse(str("status"), metadata.Status), ETag: str("eTag", "etag"),
	}
	if raw := o.Get("tags"); raw != nil {
		_ = json.Unmarshal(raw, &i.Tags) // what is no list of texts is no tags
	}
	i.Data = json.RawMessage("null")
	for _, name := range dataMembers {
		if raw := o.Get(name); raw != nil {
			i.Data = raw
			break
		}
	}
	return i
}

// about is the instance that the handler described, with the data of the
// response; i where it described none. For an item of a history, which is a
// part of the instance, the item's id is the tag.
func (b *response) about(i *Instance, item Object) *Instance {
	if b.described == nil {
		return i
	}
	out := *b.described
	out.Data = i.Data
	if item != nil {
		out.ETag = orElse(i.ETag, i.ID)
	} else {
		out.ETag = orElse(out.ETag, i.ETag)
	}
	return &out
}

func tagMember(o Object) string {
	if o.Get("etag") != nil && o.Get("eTag") == nil {
		return "etag"
	}
	return "eTag"
}

// Tag is the weak ETag that Middleware gives a response about one instance. It
// is another one for another caller, other definitions, or another ETag of i;
// where i has none, for other Data, if that is a json.RawMessage. Of r only
// Domain, Workflow and Caller count.
func (e *Enricher) Tag(r *Request, i *Instance) string {
	h := sha256.New()
	base := i.ETag
	if base == "" {
		raw, _ := i.Data.(json.RawMessage)
		base = string(raw)
	}
	for _, part := range []string{e.Revision(), r.Domain, r.Workflow, i.ID, i.FlowVersion, r.Caller.key(), strings.TrimPrefix(base, "W/")} {
		fmt.Fprintf(h, "%d %s\n", len(part), part)
	}
	return `W/"` + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:15]) + `"`
}

// matches holds If-None-Match against a tag, weakly: RFC 9110, 13.1.2.
func matches(h http.Header, tag string) bool {
	for _, line := range h["If-None-Match"] {
		for candidate := range strings.SplitSeq(line, ",") {
			candidate = strings.TrimSpace(candidate)
			if candidate == "*" || strings.TrimPrefix(candidate, "W/") == strings.TrimPrefix(tag, "W/") {
				return true
			}
		}
	}
	return false
}

// NameUnknown sets UnknownHeader where the request named what is not loaded, as
// far as a header can.
func (r *Result) NameUnknown(h http.Header) {
	var out []string
	size := 0
	for _, k := range r.Unknown {
		clean := strings.Map(func(r rune) rune {
			if r > ' ' && r < 0x7f && r != ',' {
				return r
			}
			return '?'
		}, k[:min(len(k), 100)])
		if size += len(clean) + 2; size > 1024 {
			out = append(out, "...")
			break
		}
		out = append(out, clean)
	}
	if len(out) > 0 {
		h.Set(UnknownHeader, strings.Join(out, ", "))
	}
}

// copyHeader takes over what the wrapped handler said, but for what is about a
// body that is no longer the same.
func copyHeader(dst, src http.Header) {
	for name, values := range src {
		switch name {
		case "Content-Length", "Content-Encoding", "Content-Md5", "Digest", "Content-Digest", "Etag", "Last-Modified", "Accept-Ranges", "Trailer", "Transfer-Encoding", "Connection":
		default:
			dst[name] = append([]string(nil), values...)
		}
	}
}

// keepPrivate keeps enriched responses out of caches that callers share, and
// has the others ask each time: extensions may look at anything of a request.
func keepPrivate(h http.Header) {
	if !strings.Contains(strings.ToLower(h.Get("Cache-Control")), "no-store") {
		h.Set("Cache-Control", "private, no-cache")
	}
}

func writeJSON(w http.ResponseWriter, o Object) { writeBody(w, o.append(nil)) }

func writeBody(w http.ResponseWriter, body []byte) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	w.Header().Set("Content-Length", itoa(len(body)))
	_, _ = w.Write(body) // the client may have gone
}
