package enrich

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

var errNoFetch = errors.New("the host lets HTTP tasks ask nobody: it has neither Config.HTTP nor Config.Fetch")

// responseContent is how much of an error's body its metadata keeps.
const responseContent = 4096

// http sends the task's request.
func (r *taskRun) http(ctx context.Context) (*TaskResponse, error) {
	find := r.find(ctx)
	fetch := r.enricher.config.Fetch
	if r.config["validateSsl"] == false {
		fetch = r.enricher.config.FetchUnverified
	}
	if fetch == nil {
		return nil, errNoFetch
	}
	req := &FetchRequest{Extension: r.extension.Key, Method: text(r.config, "method"), Headers: map[string]string{}, Timeout: seconds(r.config["timeoutSeconds"])}
	if req.Method == "" {
		req.Method = "GET"
	}
	raw := text(r.config, "url")
	err := checkURL(raw) // an input handler may have replaced it
	if err == nil {
		req.URL, err = expandURL(raw, find)
	}
	if err != nil {
		return nil, err
	}
	for name, v := range object(r.config, "headers") {
		s, _ := v.(string)
		value, err := expandText(s, find, asIs)
		if err != nil {
			return nil, err
		}
		if value != "" {
			req.Headers[strings.ToLower(name)] = value
		}
	}
	for name, v := range r.input.Headers {
		req.Headers[strings.ToLower(name)] = v
	}
	if err := r.setBody(req, find); err != nil {
		return nil, err
	}
	resp, err := fetch(ctx, req)
	if err != nil {
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case timedOut(err):
			return failedResponse("HTTP request was cancelled", map[string]any{"Cancelled": true}), nil
		}
		return failedResponse(err.Error(), nil), nil
	}
	return r.httpResponse(req, resp), nil
}

// setBody gives the request the data of the input handler, else the body of
// the configuration.
func (r *taskRun) setBody(req *FetchRequest, find lookup) error {
	switch body := r.config["body"]; {
	case r.input.Data != nil:
		if req.Method == "GET" || req.Method == "HEAD" {
			return nil // data is there for templates
		}
		req.Body = r.input.Data
	case body == nil:
		return nil
	default:
		v, err := expandValue(body, find)
		if err != nil {
			return err
		}
		if s, ok := v.(string); ok {
			req.Body = []byte(s)
			return nil
		}
		if req.Body, err = json.Marshal(v); err != nil {
			return err
		}
	}
	if _, ok := req.Headers["content-type"]; !ok {
		req.Headers["content-type"] = "application/json"
	}
	return nil
}

func (r *taskRun) httpResponse(req *FetchRequest, resp *FetchResponse) *TaskResponse {
	out := &TaskResponse{StatusCode: resp.Status, Headers: map[string]string{}}
	for name, values := range resp.Headers {
		out.Headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	if len(resp.Body) > 0 {
		if v, err := decodeJSON(resp.Body); err == nil && isJSON(out.Headers["content-type"]) {
			out.Data, out.raw = v, resp.Body
		} else {
			out.Data = strings.ToValidUTF8(string(resp.Body), string(utf8.RuneError))
		}
	}
	if out.IsSuccess = resp.Status >= 200 && resp.Status < 300 || accepted(r.config["acceptedStatusCodes"], resp.Status); !out.IsSuccess {
		content := resp.Body[:min(len(resp.Body), responseContent)]
		out.ErrorMessage = "HTTP request failed with status " + itoa(resp.Status) + ": " + reason(resp.Status)
		out.Metadata = map[string]any{
			"Url": withoutQuery(req.URL), "Method": req.Method, "ReasonPhrase": reason(resp.Status),
			"ResponseContent": strings.ToValidUTF8(string(content), string(utf8.RuneError)),
		}
	}
	return out
}

// withoutQuery takes away where a URL's secrets are.
func withoutQuery(u string) string {
	u, _, _ = strings.Cut(u, "?")
	return u
}

// accepted tells whether a status is one of "404", 404 and "4xx".
func accepted(list any, status int) bool {
	for _, c := range array(list) {
		switch c := c.(type) {
		case json.Number:
			if n, err := strconv.Atoi(c.String()); err == nil && n == status {
				return true
			}
		case string:
			if c == strconv.Itoa(status) || strings.HasSuffix(c, "xx") && c[0] == byte('0'+status/100) {
				return true
			}
		}
	}
	return false
}
