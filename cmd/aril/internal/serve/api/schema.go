package api

import (
	"encoding/json"
	"net/http"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/flow"
)

// A schemaBody is the answer of functions/schema.
type schemaBody struct {
	Key     string          `json:"key"`
	Version string          `json:"version"`
	Schema  json.RawMessage `json:"schema"`
}

// schema answers GET …/functions/schema?transitionKey=…: what the attributes of
// a transition are held against that the caller can make now.
func (s *service) schema(w http.ResponseWriter, r *http.Request, c *call) error {
	in, f, err := s.resumed(r, c)
	if err != nil {
		return err
	}
	key := r.URL.Query().Get("transitionKey")
	var found *flow.Schema
	for _, t := range f.Available(in.State, c.caller.Roles) {
		if t.Key == key {
			found = t.Schema
		}
	}
	if found == nil {
		return refuse("notfound", flow.CodeNoTransition, "The transition that transitionKey names has no schema, or is not one for this caller now.")
	}
	w.Header().Set("Cache-Control", "private, no-cache")
	return write(w, http.StatusOK, schemaBody{found.Key, found.Version, found.JSON})
}
