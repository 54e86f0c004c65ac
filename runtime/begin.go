package runtime

import "context"

// Begin makes ctx the root of a call chain, so that operations that run with
// it share the chain's budgets and its context data of level root, though no
// operation is around them all. Call end when they are over. A ctx that is
// part of a chain stays so. The chain's limits are those of the pipeline's
// first guest.
func (p *Pipeline) Begin(ctx context.Context) (_ context.Context, end func()) {
	if around(ctx) != nil {
		return ctx, func() {}
	}
	var rt *Runtime
	for _, e := range p.extensions {
		if g, ok := e.(*Guest); ok {
			rt = g.rt
			break
		}
	}
	c := &chain{}
	c.begin(ctx, rt, &p.store.level)
	return &c.root, c.root.leave
}
