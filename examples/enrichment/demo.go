package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aril-wasm/aril/runtime/enrich"
)

const data = "/api/v1/banking/workflows/transfers/instances/t-1/functions/data"

// demo sends the requests of the document, and prints them with what came
// back.
func demo(ctx context.Context, w io.Writer, api string) error {
	d := &demonstration{api: api, w: w}
	d.say("The seed's request: two extensions by name. The session is JavaScript, the limits are Rust.")
	tag := d.get(ctx, data+"?extensions=extension-user-session,extension-account-limits").Get("ETag")
	d.say("The same again with the tag that came back: no extension runs.")
	d.get(ctx, data+"?extensions=extension-user-session,extension-account-limits", "If-None-Match", tag)
	d.say("None by name: all that the workflow lists. The profile is Go.")
	d.get(ctx, data)
	d.say("A list: extensions for one instance stay out of it.")
	d.get(ctx, "/api/v1/banking/workflows/transfers/instances?extensions=extension-customer-profile")
	d.say("Why is one not there?")
	d.explain(ctx, "/api/v1/banking/workflows/transfers/instances/t-1/functions/extensions?extensions=extension-account-limit&explain=true")
	return d.err
}

type demonstration struct {
	api string
	w   io.Writer
	err error
}

func (d *demonstration) say(text string) { d.print("%s\n\n", text) }

func (d *demonstration) print(format string, args ...any) {
	if d.err == nil {
		_, d.err = fmt.Fprintf(d.w, format, args...)
	}
}

// get prints a request and its response, and gives the response's headers.
func (d *demonstration) get(ctx context.Context, path string, headers ...string) http.Header {
	header, body := d.fetch(ctx, path, headers...)
	if len(body) > 0 && d.err == nil {
		var pretty bytes.Buffer
		d.err = json.Indent(&pretty, body, "", "  ")
		d.print("%s\n", &pretty)
	}
	d.print("\n")
	return header
}

// explain prints what functions/extensions says of each extension, but for
// how long it took.
func (d *demonstration) explain(ctx context.Context, path string) {
	_, body := d.fetch(ctx, path)
	var answer struct{ Explain []enrich.Run }
	if d.err == nil {
		d.err = json.Unmarshal(body, &answer)
	}
	for _, r := range answer.Explain {
		d.print("%s\n", strings.TrimRight(fmt.Sprintf("%-26s %-8s %-10s %s", r.Key, r.Outcome, r.Cause, r.Detail), " "))
	}
}

// fetch sends a request, and prints it and the response but for its body.
func (d *demonstration) fetch(ctx context.Context, path string, headers ...string) (http.Header, []byte) {
	if d.err != nil {
		return nil, nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.api+path, nil)
	if d.err = err; err != nil {
		return nil, nil
	}
	for name, v := range map[string]string{
		"User_reference": "user123", "X-Device-Id": "device-abc", "User-Agent": "Mozilla/5.0...", "X-Forwarded-For": "192.168.1.1",
	} {
		req.Header.Set(name, v)
	}
	d.print("> GET %s\n", path)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
		d.print("> %s: %s\n", headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if d.err = err; err != nil {
		return nil, nil
	}
	body, err := io.ReadAll(resp.Body)
	if d.err = err; err != nil {
		return nil, nil
	}
	d.err = resp.Body.Close()
	d.print("< %s\n", resp.Status)
	for _, name := range []string{"ETag", "Aril-Unknown-Extensions"} {
		if v := resp.Header.Get(name); v != "" {
			d.print("< %s: %s\n", name, v)
		}
	}
	return resp.Header, body
}
