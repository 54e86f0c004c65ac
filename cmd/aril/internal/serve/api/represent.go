package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
	"github.com/aril-wasm/aril/runtime/enrich"
)

// An instanceBody is an instance as it is answered, before it is enriched.
type instanceBody struct {
	ID          string          `json:"id"`
	Key         string          `json:"key"`
	Flow        string          `json:"flow"`
	Domain      string          `json:"domain"`
	FlowVersion string          `json:"flowVersion"`
	ETag        string          `json:"eTag"`
	EntityETag  string          `json:"entityEtag"`
	Tags        []string        `json:"tags"`
	Attributes  json.RawMessage `json:"attributes"`
	Metadata    metadata        `json:"metadata"`
}

type metadata struct {
	CurrentState   string       `json:"currentState"`
	EffectiveState string       `json:"effectiveState"`
	Status         store.Status `json:"status"`
	CreatedAt      time.Time    `json:"createdAt"`
	ModifiedAt     time.Time    `json:"modifiedAt"`
	CompletedAt    *time.Time   `json:"completedAt,omitempty"`
	CreatedBy      string       `json:"createdBy"`
	ModifiedBy     string       `json:"modifiedBy"`
}

func bodyOf(in *store.Instance) instanceBody {
	b := instanceBody{
		ID: in.ID, Key: in.Key, Flow: in.Workflow, Domain: in.Domain, FlowVersion: in.FlowVersion,
		ETag: weakTag(in.ETag), EntityETag: entityTag(in.ETag), Tags: in.Tags, Attributes: in.Attributes,
		Metadata: metadata{
			CurrentState: in.State, EffectiveState: in.State, Status: in.Status,
			CreatedAt: in.CreatedAt, ModifiedAt: in.ModifiedAt, CreatedBy: in.CreatedBy, ModifiedBy: in.ModifiedBy,
		},
	}
	if b.Tags == nil {
		b.Tags = []string{}
	}
	if !in.CompletedAt.IsZero() {
		b.Metadata.CompletedAt = &in.CompletedAt
	}
	return b
}

// entityTag is the strong tag of what is stored. weakTag stands for it in items
// of lists, whose own representation nobody can ask for.
func entityTag(etag string) string { return `"` + etag + `"` }
func weakTag(etag string) string   { return `W/"` + etag + `"` }

// described is an instance as extensions see it.
func described(in *store.Instance) *enrich.Instance {
	return &enrich.Instance{
		ID: in.ID, Key: in.Key, Domain: in.Domain, Flow: in.Workflow, FlowVersion: in.FlowVersion,
		State: in.State, Status: string(in.Status), Tags: in.Tags, ETag: in.ETag, Data: in.Attributes,
	}
}

// encode writes JSON as it was written: without escapes for HTML.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

// errUnfiltered is a response that would go out with all of its attributes.
var errUnfiltered = errors.New("nothing limits this response by its caller")

// writeFiltered answers with what the middleware limits and enriches. in is nil
// for what is about many instances.
func writeFiltered(w http.ResponseWriter, r *http.Request, in *store.Instance, v any) error {
	var about *enrich.Instance
	if in != nil {
		about = described(in)
	}
	if !enrich.Describe(r.Context(), about) {
		return errUnfiltered
	}
	raw, err := encode(v)
	if err != nil {
		return err
	}
	if len(raw) > pageBytes {
		return errPageBytes
	}
	writeRaw(w, http.StatusOK, raw)
	return nil
}

// pageBytes caps a response before it is enriched. It is more than any one
// instance can have.
const pageBytes = 16 << 20

var errPageBytes = invalid("pageSize", "The page would have more than %d bytes; ask for fewer items.", pageBytes)

// write answers with a value. The error comes before anything is written.
func write(w http.ResponseWriter, status int, v any) error {
	raw, err := encode(v)
	if err != nil {
		return err
	}
	writeRaw(w, status, raw)
	return nil
}

func writeRaw(w http.ResponseWriter, status int, raw []byte) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(raw)))
	w.WriteHeader(status)
	_, _ = w.Write(raw) // the client may have gone
}

func timeText(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// knows reports whether If-None-Match has a tag, weakly: RFC 9110, 13.1.2.
func knows(h http.Header, tag string) bool {
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
