// Package conformance runs extensions on cases that are data: what goes into
// an operation, what the operation itself does at each next, and what must
// come out. testdata/conformance/README.md describes the files.
//
//	suite, err := conformance.Shipped()
//	module, err := conformance.Module(ctx, wasm, conformance.ModuleConfig{})
//	defer module.Close(ctx)
//	report, err := conformance.Run(ctx, module, suite, conformance.Options{})
//	fmt.Print(report)
//
// The shipped cases are for SDKs: one extension that plays every role. The
// cases of an extension's author have the same form, see [Load].
package conformance
