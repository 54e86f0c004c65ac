// Package watcher is an extension that uses all that the SDK has for scopes,
// and its typed state. It is tested natively and as a module.
package watcher

import (
	"errors"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	"github.com/aril-wasm/aril/guest-sdk/go/guest/msgpack"
)

// Extension is what testdata/watcher registers.
type Extension struct{}

// A Metric counts what happened to an executor.
type Metric struct {
	Resolved, Updated, Failed int64
	Last                      string
}

// AppendMsgpack writes the metric as a map.
func (m *Metric) AppendMsgpack(b []byte) []byte {
	b = msgpack.AppendMap(b, 4)
	b = msgpack.AppendInt(msgpack.AppendStr(b, "resolved"), m.Resolved)
	b = msgpack.AppendInt(msgpack.AppendStr(b, "updated"), m.Updated)
	b = msgpack.AppendInt(msgpack.AppendStr(b, "failed"), m.Failed)
	return msgpack.AppendStr(msgpack.AppendStr(b, "last"), m.Last)
}

// DecodeMsgpack reads it.
func (m *Metric) DecodeMsgpack(r *msgpack.Reader) error {
	for key := range r.Fields() {
		switch key {
		case "resolved":
			m.Resolved = r.Int()
		case "updated":
			m.Updated = r.Int()
		case "failed":
			m.Failed = r.Int()
		case "last":
			m.Last = r.Str()
		}
	}
	return r.Err()
}

var (
	metrics = guest.Map[Metric]("metrics")
	hits    = guest.Counter("hits")
	events  = guest.Counter("events")
	scopeID = guest.Var[uint64]("scope")
	heard   = guest.Map[string]("heard")
)

func hear(what, name string) error {
	n, err := events.Add(1)
	if err != nil {
		return err
	}
	return heard.Set(string(rune('a'-1+n)), what+" "+name)
}

// Attach subscribes.
func (*Extension) Attach(s *guest.Scope) error {
	if err := scopeID.Set(s.ID); err != nil {
		return err
	}
	if name, err := guest.As[string](s.Get("refuse")); err == nil && name != "" {
		return guest.NewError("refused", name)
	}
	_, changes := s.OnChange("config*")
	_, releases := s.OnRelease()
	return errors.Join(changes, releases, hear("attach", ""))
}

// Start notes that it ran.
func (*Extension) Start(*guest.Scope) error { return hear("start", "") }

// Detach notes it too.
func (*Extension) Detach(*guest.Scope) error { return hear("detach", "") }

// WrapResolve counts.
func (*Extension) WrapResolve(r *guest.Resolution, next guest.Next) (guest.Value, error) {
	e := r.Executor()
	entry, err := e.Lookup()
	if err != nil {
		return guest.Value{}, err
	}
	if entry.State == guest.Resolved && r.Operation() == "resolve" {
		if _, err := hits.Add(1); err != nil {
			return guest.Value{}, err
		}
	}
	v, failed := next()
	err = metrics.Update(e.NameOr("unnamed"), func(m *Metric) {
		switch {
		case failed != nil:
			m.Failed++
		case r.Operation() == "update":
			m.Updated++
		default:
			m.Resolved++
		}
		m.Last = r.Operation()
	})
	if err != nil {
		return guest.Value{}, err
	}
	return v, failed
}

// OnError notes the error's code.
func (*Extension) OnError(f *guest.Failure) {
	if err := hear("error", f.Executor().Name()+" "+guest.Code(f.Err())); err != nil {
		guest.Log.Error("not noted", "error", err)
	}
}

// Change adds to each configuration that it has been seen.
func (*Extension) Change(c *guest.Change) (guest.Value, error) {
	if err := hear("change "+c.Operation(), c.Executor().Name()); err != nil {
		return guest.Value{}, err
	}
	return c.Value().Set("seen", true), nil
}

// Released notes it.
func (*Extension) Released(r *guest.Release) error { return hear("release", r.Executor().Name()) }

// Tick notes what it asked for.
func (*Extension) Tick(t *guest.Tick) error {
	if t.Missed() != 2 || t.Subscription() != 7 || t.Every() != guest.Minute {
		return guest.NewError("tick", "another one")
	}
	return hear("tick", "")
}

// Methods are what the host may call.
func (x *Extension) Methods() guest.Methods {
	return guest.Methods{
		"getMetrics":         x.metrics,
		"getExecutorMetrics": guest.Func(x.executorMetrics),
		"heard":              func(guest.Value) (guest.Value, error) { return heard.Value(), nil },
		"act":                guest.Func(x.act),
	}
}

func (*Extension) metrics(guest.Value) (guest.Value, error) {
	n, err := hits.Get()
	if err != nil {
		return guest.Value{}, err
	}
	return guest.Of(map[string]any{"hits": n, "executors": metrics.Value()}), nil
}

func (*Extension) executorMetrics(name string) (any, error) {
	if name == "" {
		return metrics.Value(), nil
	}
	m, err := metrics.Get(name)
	if err == guest.ErrNotFound {
		return nil, nil
	}
	return &m, err
}

// act does to the scope it was attached to what a text says, and answers with
// the code of what went wrong.
func (*Extension) act(what string) (any, error) {
	id, err := scopeID.Get()
	if err != nil {
		return nil, err
	}
	s := &guest.Scope{ID: id}
	config := s.Executor("config")
	switch what {
	case "resolve":
		v, err := config.Resolve()
		return v.Get("port"), err
	case "reload":
		v, err := config.Reload()
		return v.Get("port"), err
	case "update":
		err = config.Update(map[string]any{"port": 9})
	case "update with a text":
		err = config.Update("a text")
	case "release":
		err = config.Release()
	case "look for nothing":
		_, err = s.Executor("nothing").Lookup()
	case "look elsewhere":
		_, err = (&guest.Scope{ID: 1 << 50}).Executor("config").Lookup()
	case "share":
		err = s.Set("region", "eu")
		if got, _ := guest.As[string](s.Get("region")); got != "eu" {
			err = errors.New("not set")
		}
	case "list":
		list := ""
		for e, err := range s.Entries(guest.Registered, guest.Values) {
			if err != nil {
				return nil, err
			}
			list += e.NameOr("unnamed") + "=" + e.State
			if port, err := guest.As[int](e.Value.Get("port")); err == nil && port > 0 {
				list += "!"
			}
			list += " "
		}
		return list, nil
	}
	return guest.Code(err), nil
}
