// Package guest is what an extension written in Go imports. An extension wraps
// operations of a host program, as middleware wraps requests:
//
//	package main
//
//	import "github.com/aril-wasm/aril/guest-sdk/go/guest"
//
//	type retry struct{ attempts int }
//
//	func (r *retry) Wrap(op *guest.Operation, next guest.Next) (guest.Value, error) {
//		for i := 1; ; i++ {
//			result, err := next()
//			if err == nil || i == r.attempts || !guest.Retryable(err) {
//				return result, err
//			}
//		}
//	}
//
//	func init() { guest.Register(&retry{attempts: 3}) }
//
//	func main() {}
//
// It is built with the ordinary Go toolchain:
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -ldflags='-s -w' -o retry.wasm .
//
// Values and errors of the host are handles: nothing is copied into the
// extension until it asks, and what is returned as it came goes back as the
// host's very own value or error.
//
// Each group of host functions is an import module, and an extension that does
// not call a group does not import it: what it imports is what it may do.
//
// An activation is one call of one hook. A [Value] of the host, an
// [*Operation] and a [Next] are valid within theirs only. Under the isolation
// mode Fresh every activation begins from the memory as it was after Init, so
// what must last is kept with [State].
//
// Compiled for another target than wasip1, the package runs under package
// guesttest, so that an extension can be tested with plain go test, and under
// package native, within a host program and without a sandbox.
package guest
