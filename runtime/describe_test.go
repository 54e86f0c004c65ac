package runtime

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

type describedOrder struct {
	ID    string            `json:"id"`
	Lines []describedLine   `json:"lines"`
	Tags  map[string]string `json:"tags,omitempty"`
	Note  *string           `json:"note"`
	Token string            `json:"token" aril:"-"`
}

type describedLine struct {
	Count uint8          `json:"count"`
	Next  *describedLine `json:"next,omitempty"`
}

func TestDescribeWritesEveryWrappedOperationWithItsTypes(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	p := NewPipeline(load(t, rt, "pass", ExtensionConfig{Filters: []Filter{{Kinds: []string{"none"}}}}))
	Wrap(p, Operation{Kind: "execution", Name: "order.place", MaxNext: 1}, func(context.Context, describedOrder) (int64, error) { return 0, nil })
	Wrap(p, Operation{Kind: "a", Name: "any"}, func(context.Context, any) ([]byte, error) { return nil, nil })
	Wrap(NewPipeline(), Operation{Kind: "a", Name: "of no guest"}, func(context.Context, any) (any, error) { return nil, nil })
	var out bytes.Buffer
	require.NoError(t, rt.Describe(&out))
	schema := `"$schema": "https://json-schema.org/draft/2020-12/schema"`
	require.JSONEq(t, `{"operations": [
		{"kind": "a", "name": "any", "input": {`+schema+`}, "result": {`+schema+`, "type": ["string", "null"], "contentEncoding": "base64"}},
		{"kind": "execution", "name": "order.place", "max_next": 1,
			"input": {`+schema+`, "$ref": "#/$defs/describedOrder", "$defs": {
				"describedOrder": {"type": "object", "required": ["id", "lines", "note"], "properties": {
					"id": {"type": "string"}, "tags": {"type": ["object", "null"], "additionalProperties": {"type": "string"}},
					"lines": {"type": ["array", "null"], "items": {"$ref": "#/$defs/describedLine"}},
					"note": {"type": ["string", "null"]}}},
				"describedLine": {"type": "object", "required": ["count"], "properties": {
					"count": {"type": "integer", "format": "uint8", "minimum": 0},
					"next": {"anyOf": [{"$ref": "#/$defs/describedLine"}, {"type": "null"}]}}}}},
			"result": {`+schema+`, "type": "integer", "format": "int64"}}]}`, out.String())
}

func TestDescribeKeepsNoMoreThanItsBound(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	p := NewPipeline(load(t, rt, "pass", ExtensionConfig{}))
	for i := range maxDescribed + 5 {
		Wrap(p, Operation{Kind: "k", Name: fmt.Sprint(i)}, func(context.Context, int) (int, error) { return 0, nil })
	}
	require.Len(t, rt.described, maxDescribed)
}
