//go:build linux

package e2e

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// A call is one request. Path begins after the host.
type call struct {
	method, path string
	body         any    // nil, []byte as it is, or a value that becomes JSON
	token        string // default: the server's
	header       map[string]string
}

// An answer is all of a response.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// send does a request; an error means that there was no whole answer.
func (s *server) send(c call) (*answer, error) {
	var body io.Reader
	switch b := c.body.(type) {
	case nil:
	case []byte:
		body = bytes.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(context.Background(), c.method, "http://"+s.address+c.path, body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token := cmp.Or(c.token, s.token); token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for name, value := range c.header {
		r.Header.Set(name, value)
		if name == "Host" {
			r.Host = value
		}
	}
	response, err := s.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	return &answer{response.StatusCode, response.Header, raw}, nil
}

// do does a request that must be answered.
func (s *server) do(c call) *answer {
	s.t.Helper()
	a, err := s.send(c)
	require.NoError(s.t, err, "%s %s", c.method, c.path)
	return a
}

// get is a GET that must be answered with status 200.
func (s *server) get(path string) map[string]any {
	s.t.Helper()
	a := s.do(call{method: http.MethodGet, path: path})
	require.Equal(s.t, http.StatusOK, a.status, "GET %s: %s", path, a.body)
	return a.object(s.t)
}

// begin starts an instance and gives its id.
func (s *server) begin(workflow, key string, attributes map[string]any) string {
	s.t.Helper()
	a := s.do(start(workflow, key, attributes))
	require.Contains(s.t, []int{http.StatusOK, http.StatusCreated}, a.status, "%s", a.body)
	id, _ := a.object(s.t)["id"].(string)
	require.NotEmpty(s.t, id)
	return id
}

// start is the call that starts an instance; an empty key is none.
func start(workflow, key string, attributes map[string]any) call {
	body := map[string]any{"attributes": attributes}
	if key != "" {
		body["key"] = key
	}
	return call{method: http.MethodPost, path: instances(workflow) + "/start?sync=true", body: body}
}

// move is the call that runs a transition.
func move(workflow, instance, transition string, attributes map[string]any) call {
	return call{
		method: http.MethodPatch, path: instances(workflow) + "/" + instance + "/transitions/" + transition + "?sync=true",
		body: map[string]any{"attributes": attributes},
	}
}

// publish is the call that publishes definitions.
func publish(docs ...document) call {
	return call{method: http.MethodPost, path: "/api/v1/definitions/publish", body: map[string]any{"documents": docs}}
}

// instances is the path of a workflow's instances.
func instances(workflow string) string {
	return "/api/v1/" + domain + "/workflows/" + workflow + "/instances"
}

// object reads the answer's body.
func (a *answer) object(t testing.TB) map[string]any {
	t.Helper()
	var o map[string]any
	require.NoError(t, json.Unmarshal(a.body, &o), "%d %s", a.status, a.body)
	return o
}

// problem holds an answer against the form that every refusal has.
func (a *answer) problem(t testing.TB, what string) map[string]any {
	t.Helper()
	require.Equal(t, "application/problem+json", a.header.Get("Content-Type"), "%s: %d %s", what, a.status, a.body)
	o := a.object(t)
	require.EqualValues(t, a.status, o["status"], "%s: %s", what, a.body)
	for _, member := range []string{"type", "title", "detail", "errorCode", "prefix", "code"} {
		require.NotEmpty(t, o[member], "%s: member %s of %s", what, member, a.body)
	}
	return o
}

// nextPage is the path of a link, which begins after the prefix.
func nextPage(link any) string {
	if l, _ := link.(string); l != "" {
		return "/api/v1" + l
	}
	return ""
}
