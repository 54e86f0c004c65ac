package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strconv"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
	"github.com/aril-wasm/aril/runtime/enrich"
)

// A publishedBody is the answer to a publish.
type publishedBody struct {
	Published  int       `json:"published"`
	Generation uint64    `json:"generation"` // of the definitions that are served
	Warnings   []warning `json:"warnings"`
}

type warning struct {
	Document string `json:"document"`
	Line     int    `json:"line,omitempty"`
	Member   string `json:"member,omitempty"`
	Message  string `json:"message"`
}

// publish answers POST /definitions/publish: all of the documents are served
// from then on, or none is.
func (s *service) publish(w http.ResponseWriter, r *http.Request, c *call) error {
	if len(c.caller.Domains) > 0 {
		// Extensions read other domains, and run for them.
		return refuse("forbidden", "Authorization:110001", "Only callers without a list of domains may publish.")
	}
	raw, err := readJSON(w, r, s.PublishBytes)
	if err != nil {
		return err
	}
	documents, err := split(raw)
	if err != nil {
		return err
	}
	docs := make([]enrich.Document, len(documents))
	for i, d := range documents {
		docs[i] = enrich.Document{Name: documentName(d, i), JSON: d}
	}
	warnings, err := s.Enricher.Publish(r.Context(), docs...)
	if s.Published != nil {
		s.Published(err)
	}
	if errors.Is(err, store.ErrChanged) {
		return refuse("conflict", "App:900001", "Another process published since this one loaded its definitions. Publish there, or restart this one.")
	}
	if err != nil {
		return err
	}
	out := publishedBody{Published: len(docs), Generation: s.Enricher.Generation(), Warnings: []warning{}}
	for _, i := range warnings {
		out.Warnings = append(out.Warnings, warning{i.File, i.Line, i.Member, i.Message})
	}
	w.Header().Set("Cache-Control", "no-store")
	return write(w, http.StatusOK, out)
}

// split takes one document, or {"documents": […]}.
func split(raw []byte) ([]json.RawMessage, error) {
	var many struct {
		Flow      json.RawMessage   `json:"flow"`
		Documents []json.RawMessage `json:"documents"`
	}
	members := map[string]json.RawMessage{}
	if json.Unmarshal(raw, &members) != nil || len(members) == 0 {
		return nil, invalid("general", "The body is a definition, or {\"documents\": [definitions]}.")
	}
	if members["documents"] == nil {
		return []json.RawMessage{raw}, nil
	}
	if len(members) > 1 || json.Unmarshal(raw, &many) != nil || len(many.Documents) == 0 {
		return nil, invalid("documents", "It is a list of definitions, at least one, and nothing stands beside it.")
	}
	return many.Documents, nil
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]{0,179}$`)

// documentName is what a document is called in issues and where it is kept: by
// what it defines, so that one that replaces it has the same name.
func documentName(raw json.RawMessage, i int) string {
	var id struct{ Flow, Domain, Key, Version string }
	if json.Unmarshal(raw, &id) == nil && plainName.MatchString(id.Flow) && plainName.MatchString(id.Domain) && plainName.MatchString(id.Key) && plainName.MatchString(id.Version) {
		return "published/" + id.Flow + "/" + id.Domain + "/" + id.Key + "-" + id.Version + ".json"
	}
	return "published/" + strconv.Itoa(i) + ".json"
}
