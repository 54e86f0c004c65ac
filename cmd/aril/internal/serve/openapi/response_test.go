package openapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// ofHTTP are headers that say nothing of the API, and need no documentation.
var ofHTTP = []string{"Connection", "Content-Length", "Content-Type", "Date", "X-Content-Type-Options"}

// checkResponse says what in a response the document does not allow.
func (c *contract) checkResponse(method, escapedPath string, got *http.Response, body []byte) error {
	o, _, known := c.match(method, escapedPath)
	switch {
	case o != nil:
		return c.checkOperation(o, method, got, body)
	case known && got.StatusCode != http.StatusNotFound:
		return c.checkNoMethod(method, escapedPath, got, body)
	}
	return c.checkNoPath(method, got, body)
}

func (c *contract) checkOperation(o *operation, method string, got *http.Response, body []byte) error {
	ref := o.Responses.Status(got.StatusCode)
	if ref == nil {
		return fmt.Errorf("%v has no response %d: %s", o, got.StatusCode, body)
	}
	if err := c.checkHeaders(ref.Value, got.Header); err != nil {
		return fmt.Errorf("%v, %d: %w", o, got.StatusCode, err)
	}
	if method == http.MethodHead || len(ref.Value.Content) == 0 {
		if len(body) != 0 {
			return fmt.Errorf("%v, %d: a body of %d bytes where there is none", o, got.StatusCode, len(body))
		}
		if len(ref.Value.Content) == 0 && got.Header.Get("Content-Type") != "" {
			return fmt.Errorf("%v, %d: Content-Type %q without content", o, got.StatusCode, got.Header.Get("Content-Type"))
		}
		if len(ref.Value.Content) == 0 {
			return nil
		}
	}
	name, err := mediaType(got.Header)
	if err != nil {
		return fmt.Errorf("%v, %d: %w", o, got.StatusCode, err)
	}
	media := ref.Value.Content[name]
	if media == nil {
		return fmt.Errorf("%v, %d: media type %q is not documented", o, got.StatusCode, name)
	}
	if method == http.MethodHead || !strings.HasSuffix(name, "json") {
		return nil
	}
	if err := validJSON(c.schemas[media.Schema], body); err != nil {
		return fmt.Errorf("%v, %d: %w\n%s", o, got.StatusCode, err, body)
	}
	if name == "application/problem+json" {
		return checkProblem(got, body)
	}
	return nil
}

// checkNoMethod is for a path that has other methods.
func (c *contract) checkNoMethod(method, escapedPath string, got *http.Response, body []byte) error {
	allow := strings.Split(strings.ReplaceAll(got.Header.Get("Allow"), " ", ""), ",")
	for _, m := range c.methods(escapedPath) {
		if (got.StatusCode == http.StatusMethodNotAllowed || method == http.MethodOptions && got.StatusCode < 300) && !slices.Contains(allow, m) {
			return fmt.Errorf("%s %s: Allow is %q, which lacks %s", method, escapedPath, got.Header.Get("Allow"), m)
		}
	}
	if method == http.MethodOptions && got.StatusCode == http.StatusNoContent {
		return nil
	}
	return c.checkProblemOnly(method, got, body)
}

// checkNoPath is for what is not in the document: nothing is there.
func (c *contract) checkNoPath(method string, got *http.Response, body []byte) error {
	return c.checkProblemOnly(method, got, body)
}

func (c *contract) checkProblemOnly(method string, got *http.Response, body []byte) error {
	name, err := mediaType(got.Header)
	if err != nil {
		return err
	}
	if got.StatusCode < 400 || name != "application/problem+json" {
		return fmt.Errorf("%s: %d with %q, which should be a problem: %s", method, got.StatusCode, name, body)
	}
	if method == http.MethodHead {
		return nil
	}
	if err := validJSON(c.problem, body); err != nil {
		return fmt.Errorf("%d: %w\n%s", got.StatusCode, err, body)
	}
	return checkProblem(got, body)
}

// checkProblem holds a problem's members against one another.
func checkProblem(got *http.Response, body []byte) error {
	var p struct {
		Type, ErrorCode, Prefix, Code string
		Status                        int
	}
	if err := json.Unmarshal(body, &p); err != nil {
		return err
	}
	if p.Status != got.StatusCode || p.ErrorCode != p.Prefix+"."+p.Code || !strings.Contains(p.Type, "/"+strconv.Itoa(p.Status)+"/"+p.Prefix+"/") {
		return fmt.Errorf("the members of a problem with status %d do not agree: %s", got.StatusCode, body)
	}
	return nil
}

func (c *contract) checkHeaders(r *openapi3.Response, got http.Header) error {
	documented := map[string]*openapi3.Header{}
	for name, ref := range r.Headers {
		documented[http.CanonicalHeaderKey(name)] = ref.Value
	}
	for name, header := range documented {
		value, ok := got[name]
		if !ok && header.Required {
			return fmt.Errorf("no header %s", name)
		}
		if !ok || header.Schema == nil {
			continue
		}
		if err := c.validText(header.Schema, strings.Join(value, ", ")); err != nil {
			return fmt.Errorf("header %s %q: %w", name, value, err)
		}
	}
	for name, value := range got {
		if documented[name] == nil && !slices.Contains(ofHTTP, name) {
			return fmt.Errorf("header %s %q is not documented", name, value)
		}
	}
	return nil
}

func mediaType(h http.Header) (string, error) {
	name, parameters, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return "", fmt.Errorf("Content-Type %q: %w", h.Get("Content-Type"), err)
	}
	for key, value := range parameters {
		if key != "charset" || !strings.EqualFold(value, "utf-8") {
			return "", fmt.Errorf("Content-Type %q has a parameter that is not documented", h.Get("Content-Type"))
		}
	}
	return name, nil
}

// validText validates the text of a parameter or a header. A text is a number
// or a truth value only where the schema has no texts.
func (c *contract) validText(ref *openapi3.SchemaRef, text string) error {
	var value any = text
	schema := ref.Value
	switch {
	case schema.Type.Is("integer"):
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return err
		}
		value = json.Number(strconv.FormatInt(n, 10))
	case schema.Type.Is("boolean"):
		b, err := strconv.ParseBool(text)
		if err != nil || strconv.FormatBool(b) != text {
			return errors.New("neither true nor false")
		}
		value = b
	}
	if err := c.schemas[ref].Validate(value); err != nil {
		return err
	}
	if schema.ContentSchema == nil {
		return nil
	}
	return validJSON(c.schemas[schema.ContentSchema], []byte(text))
}

var errNotJSON = errors.New("not JSON")

// validJSON validates a whole text of JSON, in which members are there once.
func validJSON(schema *jsonschema.Schema, text []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("%w: %w", errNotJSON, err)
	}
	if err := onceEach(json.NewDecoder(bytes.NewReader(text))); err != nil {
		return err
	}
	return schema.Validate(value)
}

// onceEach finds a member that an object has twice.
func onceEach(d *json.Decoder) error {
	type level struct {
		members map[string]bool // nil in an array
		name    bool            // a member's name is next
	}
	var stack []level
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %w", errNotJSON, err)
		}
		top := len(stack) - 1
		if top >= 0 && stack[top].name {
			if name, ok := token.(string); ok {
				if stack[top].members[name] {
					return fmt.Errorf("member %q is there twice", name)
				}
				stack[top].members[name] = true
				stack[top].name = false
				continue
			}
		}
		switch token {
		case json.Delim('{'):
			stack = append(stack, level{members: map[string]bool{}, name: true})
			continue
		case json.Delim('['):
			stack = append(stack, level{})
			continue
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:top]
			top--
		}
		if top >= 0 && stack[top].members != nil {
			stack[top].name = true
		}
	}
}
