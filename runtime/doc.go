// Package runtime runs extensions: code that other people wrote, compiled to
// WebAssembly, that wraps the operations of a Go program. Programs import it
// as aril.
//
//	rt, err := aril.New(ctx, aril.Config{})
//	audit, err := rt.Load(ctx, wasm, aril.ExtensionConfig{Name: "audit"})
//	place := aril.Wrap(aril.NewPipeline(audit),
//		aril.Operation{Kind: "execution", Name: "order.place"}, shop.Place)
//	receipt, err := place(ctx, order) // as before, through the extension
//
// A [Runtime] holds what extensions share: the engine, memory, the log, the
// state store. [Runtime.Load] checks a module, adds metering to it, compiles
// it and runs its init once; the [Guest] that it returns is one [Extension].
// A native Go value with the same hooks is another. A [Pipeline] is an
// ordered list of extensions, and [Wrap] puts it around one function.
//
// # What an extension can do
//
// It sees an operation's kind and name, reads the input, calls next any number
// of times with the same or another input, reads the outcome, and answers
// with that outcome, another value, or an error. [Powers] take parts of this
// away. It reaches nothing else of the host but the capabilities it was
// granted, see [Grants].
//
// # What it cannot do
//
// Run on for ever, use up memory or stack, or take the process down: see
// [Limits]. When it breaks, the operation ends with a [*CallError] that says
// how, its instance is thrown away, and nothing else notices.
//
// # Two kinds of errors
//
// An error that an extension returned, or passed on from the operation, is
// the operation's error; errors.Is works through any number of extensions. An
// extension that broke is a [*CallError]. A program that tells them apart
// uses errors.As with *CallError.
package runtime
