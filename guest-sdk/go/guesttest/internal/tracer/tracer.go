// Package tracer is an extension that uses all that the SDK has for
// executions. It is tested natively and as a module.
package tracer

import (
	"errors"
	"fmt"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

// Extension is what testdata/tracer registers.
type Extension struct{}

var (
	heard     = guest.Var[[]string]("heard")
	spans     = guest.Var[[]string]("spans")
	lifecycle = guest.Map[int64]("lifecycle")
)

func hear(line string) error {
	return heard.Update(func(all *[]string) { *all = append(*all, line) })
}

// InitPod begins a trace, which what is executed finds. A flow of the name
// "forbidden" it refuses.
func (*Extension) InitPod(p *guest.Pod) error {
	if p.Flow().Name == "forbidden" {
		return guest.NewError("forbidden", "that flow is not run")
	}
	if p.Scope().ID == 0 || p.Context() == 0 {
		return errors.New("no ids")
	}
	return errors.Join(guest.Root.Set("trace", p.Flow().Name), guest.Own.Set("mine", true), hear("init "+p.Flow().Name+"@"+p.Flow().Version))
}

// DisposePod keeps the trace.
func (*Extension) DisposePod(p *guest.Pod) error {
	lines, err := guest.As[[]string](guest.Root.Get("spans"))
	if err == guest.ErrNotFound {
		return hear("dispose " + p.Flow().Name)
	}
	return errors.Join(err, spans.Set(lines), hear("dispose "+p.Flow().Name))
}

// OnPodError notes the error's code.
func (*Extension) OnPodError(f *guest.PodFailure) {
	if err := hear("error " + f.Flow().Name + " " + guest.Code(f.Err())); err != nil {
		guest.Log.Error("not noted", "error", err)
	}
}

// Wrap counts what contexts do.
func (*Extension) Wrap(op *guest.Operation, next guest.Next) (guest.Value, error) {
	l, ok := guest.LifecycleOf(op)
	if !ok {
		return next()
	}
	if l.Context() == 0 || l.Scope() == nil || l.Name() == "" {
		return guest.Value{}, errors.New("no ids")
	}
	err := lifecycle.Update(l.Phase()+" "+l.Mode(), func(n *int64) { *n++ })
	if err == nil && !op.Powers().Has(guest.Skip) {
		return guest.Pass, nil
	}
	return guest.Of("what is answered does not matter"), err
}

// WrapExecute adds a span, below the one of the execution around.
func (*Extension) WrapExecute(x *guest.Execution, next guest.Next) (guest.Value, error) {
	if x.Context() == 0 || x.Scope() == nil {
		return guest.Value{}, errors.New("no ids")
	}
	trace, err := guest.As[string](guest.Root.Get("trace"))
	if err != nil {
		return guest.Value{}, err
	}
	if err := guest.Own.Get("mine").Err(); err != guest.ErrNotFound {
		return guest.Value{}, errors.New("what init_pod keeps for itself is there")
	}
	parent, err := guest.Or(guest.Own.Get("span"), "-")
	if err != nil {
		return guest.Value{}, err
	}
	span := x.Name()
	if in, err := guest.As[int](x.Input()); err == nil && x.Flow().Name != "" {
		span = fmt.Sprint(span, "(", in, ")")
	}
	if err := guest.Own.Set("span", span); err != nil {
		return guest.Value{}, err
	}
	v, failed := next()
	if failed != nil && x.Key() == "again" {
		v, failed = next()
	}
	if x.Name() == "answered" {
		v = guest.Of(42)
	}
	line := fmt.Sprintf("%s %s: %s %s flow=%s@%s depth=%d parent=%q %t", trace, parent, span, x.Mode(),
		x.FlowName(), x.Flow().Version, x.Depth(), x.ParentFlowName(), x.IsParallel())
	if n := x.Count(); n > 0 {
		line += fmt.Sprint(" count=", n)
	}
	if params, err := x.Params().Any(); err == nil {
		line += fmt.Sprint(" params=", params)
	}
	if x.Key() != "" {
		line += " key=" + x.Key()
	}
	if failed != nil {
		line += " " + guest.Code(failed)
	}
	_, err = guest.Root.Append("spans", line)
	if failed == nil {
		failed = err
	}
	return v, failed
}

// Methods are what the host may call.
func (*Extension) Methods() guest.Methods {
	return guest.Methods{
		"heard":     func(guest.Value) (guest.Value, error) { v, err := heard.Get(); return guest.Of(v), err },
		"spans":     func(guest.Value) (guest.Value, error) { v, err := spans.Get(); return guest.Of(v), err },
		"lifecycle": func(guest.Value) (guest.Value, error) { return lifecycle.Value(), nil },
	}
}
