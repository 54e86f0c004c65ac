// Package flow makes state machines of workflow definitions (sys-flows), and
// holds what goes through them against the JSON Schemas (sys-schemas) and role
// grants that they name.
//
// A [Catalogue] is what one set of definitions comes to. It never changes, so a
// request works with one from beginning to end:
//
//	e, err := enrich.New(ctx, enrich.Config{Attach: func(docs []enrich.Document) (any, []enrich.Issue) {
//		return flow.Parse(docs)
//	}})
//	c := e.Attached().(*flow.Catalogue)
//	w, err := c.Begin("banking", "loan-applications", "")
//	step, err := w.Start(roles, data)
//
// The machine is a simple one: somebody asks for a transition, and the instance
// is in the next state. What definitions may have beyond that (automatic, timer
// and event triggers, sub-flows, tasks) is not run, and publishing such a
// definition warns of it.
package flow
