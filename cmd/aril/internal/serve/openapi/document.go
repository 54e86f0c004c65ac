// Package openapi has the description of the service's HTTP API as an OpenAPI
// 3.1 document, for machines and as a page for people. The document is written
// by hand; the tests of this package hold the service against it.
package openapi

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"github.com/aril-wasm/aril/runtime/enrich"
)

//go:embed openapi.json
var document []byte

// Document is the OpenAPI document, as JSON. The caller owns the copy.
func Document() []byte { return bytes.Clone(document) }

// Handler serves the document at whatever path it is mounted on, to GET and
// HEAD. It has a strong ETag and needs no token: it says nothing of what is
// served, only how.
func Handler() http.Handler { return static("application/json", document) }

// static serves one body that changes with the binary alone.
func static(contentType string, body []byte) http.Handler {
	sum := sha256.Sum256(body)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:15]) + `"`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			enrich.NewProblem("notsupported", "App:900004", "This path has GET and HEAD.", &enrich.Request{Path: r.URL.EscapedPath()}).
				WithStatus(http.StatusMethodNotAllowed).Write(w)
			return
		}
		h.Set("Content-Type", contentType)
		h.Set("ETag", tag)
		h.Set("Cache-Control", "no-cache")
		h.Set("X-Content-Type-Options", "nosniff")
		// Not http.ServeContent: parts of a document are of no use, and its
		// errors are plain text.
		if knows(r.Header["If-None-Match"], tag) {
			h.Del("Content-Type")
			w.WriteHeader(http.StatusNotModified)
			return
		}
		h.Set("Content-Length", strconv.Itoa(len(body)))
		if r.Method == http.MethodGet {
			_, _ = w.Write(body) // the client may have gone
		}
	})
}

// knows holds If-None-Match against a tag: RFC 9110, 13.1.2.
func knows(lines []string, tag string) bool {
	for _, line := range lines {
		for candidate := range strings.SplitSeq(line, ",") {
			candidate = strings.TrimSpace(candidate)
			if candidate == "*" || strings.TrimPrefix(candidate, "W/") == tag {
				return true
			}
		}
	}
	return false
}
