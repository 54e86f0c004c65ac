package abi_test

import (
	"bytes"
	"math"
	"strings"

	"github.com/aril-wasm/aril/abi"
)

var (
	counting = []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31}
	ones     = bytes.Repeat([]byte{0xff}, 32)
	handle   = []byte{0xd8, 0x2f, 0x6b, 0x10, 0x93, 0x4e, 0x5a, 0xc7, 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77}
)

// expected is what each golden of a message means in Go, written by hand.
var expected = map[string]message{
	"operation-minimal":       &abi.Operation{Kind: "execution", Name: "order.place", ID: 1, Root: 1, MaxNext: 1, Entropy: counting},
	"operation-full":          &abi.Operation{Kind: "execution", Name: "order.place", Key: "order-4711", ID: 42, Root: 17, Depth: 3, MaxNext: 16, Powers: 127, Entropy: counting, Meta: abi.Raw("\x82\xa6region\xa2eu\xa4tier\x82\xa4name\xa4gold\xa5level\x02")},
	"operation-largest":       &abi.Operation{Kind: "execution", Name: "order.place", ID: math.MaxUint64, Root: math.MaxUint64 - 1, Depth: math.MaxUint32, MaxNext: math.MaxUint32, Powers: math.MaxUint32, Entropy: ones},
	"operation-empty-strings": &abi.Operation{ID: 1, Root: 1, MaxNext: 1, Entropy: counting},
	"operation-long-strings":  &abi.Operation{Kind: strings.Repeat("k", 31), Name: strings.Repeat("n", 32), Key: strings.Repeat("y", 256), ID: 1, Root: 1, MaxNext: 1, Entropy: counting},
	"operation-unicode":       &abi.Operation{Kind: "Ausführung", Name: "注文.受付", Key: "🜁", ID: 1, Root: 1, MaxNext: 1, Entropy: counting},
	"operation-unknown-keys":  &abi.Operation{Kind: "execution", Name: "order.place", ID: 42, Root: 1, MaxNext: 1, Entropy: counting, Meta: abi.Raw("\x81\xa4tier\xa4gold")},
	"operation-other-order":   &abi.Operation{Kind: "execution", Name: "order.place", ID: 42, Root: 17, Depth: 3, MaxNext: 16, Powers: 127, Entropy: counting},

	"error-minimal": &abi.Error{Code: "sold_out", Message: "none left"},
	"error-empty":   &abi.Error{},
	"error-full": &abi.Error{Code: "sold_out", Message: "none left", Kind: "host", Data: abi.Raw("\x82\xa3sku\xa2A1\xa4left\x00"),
		Cause: &abi.Error{Code: "db.conflict", Message: "row changed"}, Retryable: true, Handle: handle},
	"error-nested-cause": &abi.Error{Code: "checkout", Message: "cannot check out", Kind: "extension",
		Cause: &abi.Error{Code: "reserve", Message: "cannot reserve", Kind: "host", Data: abi.Raw("\x93\x01\xa3two\xc0"),
			Cause: &abi.Error{Code: "fuel", Message: "fuel exhausted", Kind: "broken",
				Cause: &abi.Error{Code: "deadline_exceeded", Message: "too late", Kind: "canceled", Retryable: true}}}},
	"error-deepest":         deepest(),
	"error-long-message":    &abi.Error{Code: strings.Repeat("c", 256), Message: strings.Repeat("m", 300)},
	"error-unknown-keys":    &abi.Error{Code: "sold_out", Message: "none left", Cause: &abi.Error{Code: "inner", Message: "row changed"}},
	"error-nil-optionals":   &abi.Error{Code: "sold_out", Message: "none left"},
	"error-false-retryable": &abi.Error{Code: "sold_out", Message: "none left"},

	"init-minimal":      &abi.Init{Name: "audit"},
	"init-full":         &abi.Init{Name: "audit", Version: "0.1.0", Powers: 127},
	"init-largest":      &abi.Init{Name: strings.Repeat("a", 64), Version: strings.Repeat("v", 40), Powers: math.MaxUint32},
	"init-unknown-keys": &abi.Init{Name: "audit", Version: "0.1.0", Powers: 127},

	"call-minimal":      &abi.Call{Method: "getMetrics", ID: 7, Entropy: counting},
	"call-largest":      &abi.Call{Method: strings.Repeat("m", 300), ID: math.MaxUint64, Entropy: ones},
	"call-unknown-keys": &abi.Call{Method: "getMetrics", ID: 7, Entropy: counting},

	"event-minimal":      &abi.Event{Event: "tick", ID: 8, Entropy: counting},
	"event-full":         &abi.Event{Event: "change", ID: 9, Scope: 3, Name: "basket.total", Entropy: counting},
	"event-largest":      &abi.Event{Event: "change", ID: math.MaxUint64, Scope: math.MaxUint64, Name: strings.Repeat("n", 32), Entropy: ones},
	"event-unknown-keys": &abi.Event{Event: "pod.evicted", ID: 10, Entropy: counting},

	"manifest-minimal": &abi.Manifest{Name: "audit"},
	"manifest-full": &abi.Manifest{Name: "acme.audit-log_2", Version: "1.2.3-rc.1", Hooks: []string{"init", "wrap", "dispose"},
		Filters: []abi.Filter{
			{Kinds: []string{"execution", "resolve"}, Names: []string{"order.*"}, Keys: []string{"*"}},
			{Names: []string{"payment.refund"}},
		},
		Capabilities: []string{"aril_state_v1", "acme_stock_v1"},
		ConfigSchema: abi.Raw("\x83\xa4type\xa6object\xaaproperties\x81\xa4path\x81\xa4type\xa6string\xa8required\x91\xa4path")},
	"manifest-empty-lists":  &abi.Manifest{Name: "audit"},
	"manifest-empty-filter": &abi.Manifest{Name: "audit", Filters: []abi.Filter{{}}},
	"manifest-unknown-keys": &abi.Manifest{Name: "audit", Filters: []abi.Filter{{Names: []string{"order.*"}}}},
}

func deepest() *abi.Error {
	e := &abi.Error{Code: "c15", Message: "the sixteenth"}
	for _, code := range []string{"c14", "c13", "c12", "c11", "c10", "c9", "c8", "c7", "c6", "c5", "c4", "c3", "c2", "c1", "c0"} {
		e = &abi.Error{Code: code, Message: "cause below", Cause: e}
	}
	return e
}

// emptyToNil lets an empty list that was written equal one that was left out:
// they mean the same.
func emptyToNil(m message) message {
	switch m := m.(type) {
	case *abi.Error:
		for e := m; e != nil; e = e.Cause {
			if len(e.Data) == 0 {
				e.Data = nil
			}
		}
	case *abi.Manifest:
		if len(m.Hooks) == 0 {
			m.Hooks = nil
		}
		if len(m.Filters) == 0 {
			m.Filters = nil
		}
		if len(m.Capabilities) == 0 {
			m.Capabilities = nil
		}
	}
	return m
}
