package enrich

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	aril "github.com/aril-wasm/aril/runtime"
)

// errInvalidData marks what a mapping answered that is no value of a response.
var errInvalidData = errors.New("invalid data")

// callGuest calls a handler of a guest.
func callGuest(ctx context.Context, g *aril.Guest, method string, args any) (*ScriptResponse, error) {
	v, err := g.CallAs(ctx, nil, method, args, answerType)
	if errors.Is(err, aril.ErrType) {
		err = fmt.Errorf("%w: %w", errInvalidData, err)
	}
	if err != nil {
		return nil, err
	}
	a, _ := v.(answer)
	return &a.ScriptResponse, nil
}

var answerType = reflect.TypeFor[answer]()

// MarshalMsg appends the response as a guest writes it: the decoder of the
// runtime asks for both directions.
func (a *answer) MarshalMsg(b []byte) ([]byte, error) {
	return new(aril.Values).Append(b, a.ScriptResponse)
}

// generic is a value as maps, lists and numbers of JSON, which templates and
// handlers can look into.
func generic(v any) (any, error) {
	switch v.(type) {
	case nil, string, bool, map[string]any, []any:
		return v, nil
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return decodeJSON(raw)
}
