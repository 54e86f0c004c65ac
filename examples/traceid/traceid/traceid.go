// Package traceid is an extension that logs each flow with the trace that it
// belongs to, which the host gives as a tag.
package traceid

import (
	"strconv"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

// label is that of the host's tag.
const label = "trace-id"

// begun is where the spans of an execution are counted, at level Root.
const begun = "begun"

// A TraceID is the extension.
type TraceID struct{}

// New makes the extension.
func New() *TraceID { return &TraceID{} }

// WrapExecute logs flows; steps and items at once belong to the flow around
// them.
func (*TraceID) WrapExecute(x *guest.Execution, next guest.Next) (guest.Value, error) {
	if x.Flow().Name == "" {
		return next()
	}
	trace, err := guest.Or(x.Tags().Get(label), "none")
	if err != nil {
		return guest.Value{}, err
	}
	n, err := guest.Root.Append(begun, x.FlowName())
	if err != nil {
		return guest.Value{}, err
	}
	span := "span " + strconv.Itoa(n)
	guest.Log.Info("[trace:"+trace+"] Starting "+span, "flow", x.FlowName())
	result, err := next()
	guest.Log.Info("[trace:"+trace+"] Ending "+span, "flow", x.FlowName())
	return result, err
}
