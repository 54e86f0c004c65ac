// The mapping of extension-customer-profile, in Go: asks for the profile of
// the instance's customer, and leaves out what a response must not show.
package main

import (
	"errors"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

type customerProfile struct{}

// InputHandler tells the backend on whose behalf it is asked.
func (customerProfile) InputHandler(args guest.Value) (guest.Value, error) {
	user, err := guest.Or(args.Get("context", "headers", "user_reference"), "")
	return guest.Of(map[string]any{"headers": map[string]string{"x-on-behalf-of": user}}), err
}

// OutputHandler takes the segment and the branch; the rest stays here.
func (customerProfile) OutputHandler(context guest.Value) (guest.Value, error) {
	if ok, err := guest.As[bool](context.Get("body", "isSuccess")); err != nil || !ok {
		why, _ := guest.Or(context.Get("body", "errorMessage"), "no answer")
		return guest.Value{}, errors.Join(err, errors.New(why))
	}
	profile := context.Get("body", "data")
	segment, err := guest.As[string](profile.Get("segment"))
	if err != nil {
		return guest.Value{}, err
	}
	branch, err := guest.Or(profile.Get("branch", "name"), "")
	return guest.Of(map[string]any{"data": map[string]any{"segment": segment, "branch": branch}}), err
}

func init() { guest.Register(customerProfile{}) }

func main() {}
