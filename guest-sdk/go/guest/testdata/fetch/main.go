// Fetch is an extension that posts to the URL which is its input.
package main

import "github.com/aril-wasm/aril/guest-sdk/go/guest"

type fetch struct{}

func (fetch) Wrap(op *guest.Operation, _ guest.Next) (guest.Value, error) {
	url, err := guest.As[string](op.Input())
	if err != nil {
		return guest.Value{}, err
	}
	resp, err := guest.HTTP.Fetch(guest.Request{
		Method: "POST", URL: url, Headers: guest.Headers{"x-token": {"t"}}, Body: []byte("body"), Timeout: 5 * guest.Second,
	})
	if err != nil {
		return guest.Value{}, err
	}
	return guest.Of(map[string]any{"status": resp.Status, "answer": resp.Headers.Get("X-Answer"), "bytes": len(resp.Body)}), nil
}

func init() { guest.Register(fetch{}) }

func main() {}
