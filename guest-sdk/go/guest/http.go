package guest

import (
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/guest-sdk/go/guest/msgpack"
)

// HTTP asks servers that the host granted.
//
// An extension that uses it imports aril_http_v1, which must be granted.
var HTTP http

type http struct{}

// A Request is an HTTP request, for HTTP.Fetch.
type Request struct {
	Method string // DELETE, GET, HEAD, OPTIONS, PATCH, POST or PUT; "" is GET
	URL    string // absolute, https or http

	// Headers are the extension's own. Those that belong to the connection,
	// and Accept-Encoding, Content-Length, Expect and Host, are the host's:
	// a request that has one is refused.
	Headers Headers

	Body []byte

	// Timeout is for the whole, redirects included. 0, and anything longer
	// than the host allows, is as long as it allows: 10 s by default.
	// Fractions of a millisecond count as a whole one.
	Timeout Duration
}

// A Response is what a server answered, whatever the status.
type Response struct {
	Status  int
	Headers Headers // names in lower case
	Body    []byte  // unpacked, where the server sent gzip
}

// Headers are those of a request or a response: name to values.
type Headers map[string][]string

// Get gives the first value of a header, "" where there is none. It finds name
// in any case, provided that the keys are in lower case.
func (h Headers) Get(name string) string {
	lower := []byte(name)
	for i, c := range lower {
		if c >= 'A' && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	if values := h[string(lower)]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// Fetch sends a request to a host that was granted, follows redirects as far
// as they lead to granted hosts, and waits for the whole response. The time is
// billed as wait time.
//
// Where there is no response the error is an [*Error] with one of the codes
// "invalid_request", "denied_host", "denied_address", "unresolved", "refused",
// "tls", "too_large", "too_many_redirects", "timeout", "bad_response" and
// "limit"; it is a [Status] where none was asked for. [Retryable] tells
// whether the same request may succeed later; a server may have seen it all
// the same.
func (http) Fetch(r Request) (Response, error) {
	answer, err := Invoke(httpFetch, Raw(r.message()))
	if err != nil {
		return Response{}, err
	}
	var resp Response
	m := msgpack.NewReader(answer.raw)
	for key := range m.Fields() {
		switch key {
		case names.KeyStatus:
			resp.Status = int(m.Int())
		case names.KeyHeaders:
			resp.Headers = readHeaders(m)
		case names.KeyBody:
			resp.Body = m.View()
		}
	}
	return resp, m.End()
}

func readHeaders(m *msgpack.Reader) Headers {
	h := Headers{}
	for key := range m.Fields() {
		name := string([]byte(key))
		for range m.Items() {
			h[name] = append(h[name], m.Str())
		}
	}
	return h
}

func (r *Request) message() []byte {
	b := msgpack.AppendMap(nil, 5)
	b = appendText(b, names.KeyMethod, r.Method)
	b = appendText(b, names.KeyURL, r.URL)
	b = msgpack.AppendMap(appendKey(b, names.KeyHeaders), len(r.Headers))
	for name, values := range r.Headers {
		b = msgpack.AppendArray(appendKey(b, name), len(values))
		for _, v := range values {
			b = appendKey(b, v)
		}
	}
	b = msgpack.AppendBin(appendKey(b, names.KeyBody), r.Body)
	return msgpack.AppendInt(appendKey(b, names.KeyTimeoutMS), milliseconds(r.Timeout))
}

// milliseconds rounds up, so that a short timeout does not become none.
func milliseconds(d Duration) int64 {
	ms := int64(d / Millisecond)
	if d > Duration(ms)*Millisecond {
		ms++
	}
	return ms
}
