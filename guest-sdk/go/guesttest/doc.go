// Package guesttest tests an extension on its author's machine, with plain go
// test. The same test runs the extension natively, where a debugger and the
// race detector work, and as the module that will be deployed:
//
//	func TestItTriesThreeTimes(t *testing.T) {
//		guesttest.Run(t, guesttest.Both(".", func() any { return new(retry) }),
//			guesttest.Config{Config: map[string]any{"attempts": 3}},
//			func(t *testing.T, h *guesttest.Harness) {
//				calls := 0
//				_, err := h.Wrap(guesttest.Operation{Name: "order.place"}, "an order",
//					func(any) (any, error) { calls++; return nil, errSoldOut })
//				require.ErrorIs(t, err, errSoldOut)
//				require.Equal(t, 3, calls)
//			})
//	}
//
// As under the isolation mode Fresh, each operation meets the extension as it
// was after Init. Package variables are not set back when it runs natively.
//
// Inputs, results and configuration are given to either side in generic form:
// nil, bool, int64 (uint64 above its range), float64, string, []byte,
// time.Time, []any, map[string]any. A struct becomes a map, by its fields'
// names or their tags "msg" or "json". What has no such form, such as a
// channel, is opaque to the extension and comes out as it is.
package guesttest
