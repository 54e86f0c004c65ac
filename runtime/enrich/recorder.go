package enrich

import (
	"bytes"
	"container/list"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// A response is what the wrapped handler answered.
type response struct {
	status    int
	header    http.Header
	body      []byte
	described *Instance // by Describe; nil where it was not
}

func (b *response) write(w http.ResponseWriter) {
	for name, values := range b.header {
		w.Header()[name] = values
	}
	w.WriteHeader(b.status)
	_, _ = w.Write(b.body) // the client may have gone
}

var errTooLarge = errors.New("it is too large")

// A recorder keeps a response, up to a limit.
type recorder struct {
	header    http.Header
	status    int
	body      bytes.Buffer
	limit     int
	over      bool
	described *Instance
}

type recorderKey struct{}

// Describe tells the Middleware around a handler which instance its response is
// about, where the response does not say all of it, as that of functions/data
// does not. ctx is that of the request. The instance's Data does not count: it
// is what the response has. It reports whether a Middleware reads the response:
// a handler that relies on MiddlewareConfig.FilterData answers nothing where not.
func Describe(ctx context.Context, i *Instance) bool {
	rec, ok := ctx.Value(recorderKey{}).(*recorder)
	if ok {
		rec.described = i
	}
	return ok
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status = status
	}
}

func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	if r.body.Len()+len(b) > r.limit {
		r.over = true
		return 0, errTooLarge
	}
	return r.body.Write(b)
}

// inner asks the wrapped handler, or what it answered before.
func (m *middleware) inner(r *http.Request, route route, req *Request) (*response, error) {
	key := ""
	ttl := m.cfg.BodyTTL
	if m.cfg.BodyTTLOf != nil {
		ttl = m.cfg.BodyTTLOf(req)
	}
	if ttl > 0 && len(req.Extensions) == 0 {
		key = m.enricher.Revision() + "\x00" + req.Caller.key() + "\x00" + r.URL.EscapedPath() + "\x00" + r.URL.RawQuery + "\x00" + r.Header.Get("Accept") + "\x00" + r.Header.Get("Accept-Language")
		if !req.Fresh {
			if kept := m.bodies.get(key); kept != nil {
				return kept, nil
			}
		}
	}
	group := route.domain + "/" + route.workflow
	mark := m.bodies.mark()
	rec := &recorder{header: http.Header{}, limit: m.cfg.BodyBytes}
	in := innerRequest(r, route)
	m.next.ServeHTTP(rec, in.WithContext(context.WithValue(in.Context(), recorderKey{}, rec)))
	if rec.over {
		return nil, errTooLarge
	}
	rec.WriteHeader(http.StatusOK)
	body := &response{rec.status, rec.header, rec.body.Bytes(), rec.described}
	if key != "" && body.status == http.StatusOK {
		m.bodies.put(key, group, mark, body, time.Now().Add(ttl))
	}
	return body, nil
}

// innerRequest asks for the whole of the plain body, whatever the client has:
// the tag that a client sends is the middleware's.
func innerRequest(r *http.Request, route route) *http.Request {
	in := r.Clone(r.Context())
	in.Method = http.MethodGet
	for _, name := range []string{"If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since", "If-Range", "Range", "Accept-Encoding"} {
		in.Header.Del(name)
	}
	if route.kind == routeExtensions {
		in.URL.Path = strings.TrimSuffix(in.URL.Path, "extensions") + "data"
		in.URL.RawPath = ""
		if escaped := strings.TrimSuffix(r.URL.EscapedPath(), "extensions") + "data"; escaped != in.URL.Path {
			in.URL.RawPath = escaped
		}
		in.RequestURI = (&url.URL{Path: in.URL.Path, RawPath: in.URL.RawPath, RawQuery: in.URL.RawQuery}).RequestURI()
	}
	return in
}

// A bodyCache keeps responses of the wrapped handler.
type bodyCache struct {
	max int

	mu      sync.Mutex
	entries map[string]*list.Element
	order   *list.List // most recently used first
	bytes   int
	forgets uint64 // how often something was forgotten
}

type keptBody struct {
	key, group string
	body       *response
	until      time.Time
}

func newBodyCache(max int) *bodyCache {
	return &bodyCache{max: max, entries: map[string]*list.Element{}, order: list.New()}
}

func (c *bodyCache) get(key string) *response {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.entries[key]
	if !ok {
		return nil
	}
	k := found.Value.(*keptBody)
	if !time.Now().Before(k.until) {
		c.drop(found)
		return nil
	}
	c.order.MoveToFront(found)
	return k.body
}

// mark is put's proof that nothing was forgotten since.
func (c *bodyCache) mark() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.forgets
}

func (c *bodyCache) put(key, group string, mark uint64, body *response, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.forgets != mark {
		return
	}
	if old, ok := c.entries[key]; ok {
		c.drop(old)
	}
	c.entries[key] = c.order.PushFront(&keptBody{key, group, body, until})
	c.bytes += size(key, body)
	for c.bytes > c.max && c.order.Len() > 0 {
		c.drop(c.order.Back())
	}
}

// forget drops what is kept of one workflow.
func (c *bodyCache) forget(group string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgets++
	for e := c.order.Front(); e != nil; {
		next := e.Next()
		if e.Value.(*keptBody).group == group {
			c.drop(e)
		}
		e = next
	}
}

func (c *bodyCache) drop(e *list.Element) {
	k := c.order.Remove(e).(*keptBody)
	delete(c.entries, k.key)
	c.bytes -= size(k.key, k.body)
}

func size(key string, b *response) int {
	n := len(key) + len(b.body) + entryOverhead
	for name, values := range b.header {
		for _, v := range values {
			n += len(name) + len(v)
		}
	}
	return n
}
