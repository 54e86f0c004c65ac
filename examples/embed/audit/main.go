// An extension that records who did what, and refuses orders of blocked
// customers and orders above a limit. Configuration: blocked, a list of
// customers; limit, in cents. The host reads the record by calling "entries".
package main

import (
	"strconv"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

type audit struct {
	blocked []string
	limit   int64
}

func (a *audit) Init(cfg guest.Config) (err error) {
	if a.blocked, err = guest.Or[[]string](cfg.Get("blocked"), nil); err != nil {
		return err
	}
	a.limit, err = guest.Or[int64](cfg.Get("limit"), 1<<62)
	return err
}

func (a *audit) Wrap(op *guest.Operation, next guest.Next) (guest.Value, error) {
	customer, err := guest.As[string](op.Input().Get("customer"))
	if err != nil {
		return guest.Value{}, err
	}
	if err := a.judge(op, customer); err != nil {
		record(customer, op, err)
		return guest.Value{}, err
	}
	result, err := next()
	record(customer, op, err)
	return result, err
}

// judge says why an operation must not run.
func (a *audit) judge(op *guest.Operation, customer string) error {
	if op.Name() != "order.place" {
		return nil
	}
	for _, b := range a.blocked {
		if b == customer {
			return guest.NewError("refused", customer+" is blocked")
		}
	}
	total, err := guest.As[int64](op.Input().Get("total"))
	if err == nil && total > a.limit {
		err = guest.NewError("refused", "the order is above the limit")
	}
	return err
}

const (
	keep   = 1000 // entries
	prefix = "entry/"
)

// key sorts as n does.
func key(n int64) string { return prefix + strconv.FormatInt(1e12+n, 10) }

// record keeps an entry in the host's store, since nothing in this program's
// own memory outlives an operation. The operation has run by now: what goes
// wrong here is no reason to fail it.
func record(customer string, op *guest.Operation, outcome error) {
	entry := customer + " " + op.Name() + " ok"
	if outcome != nil {
		entry = customer + " " + op.Name() + " " + guest.Code(outcome)
	}
	n, err := guest.State.Add("count", 1)
	if err == nil {
		err = guest.State.Put(key(n), []byte(entry))
	}
	if err != nil {
		guest.Log.Error("not recorded", "entry", entry, "error", err)
		return
	}
	if err := guest.State.Delete(key(n - keep)); err != nil && err != guest.ErrNotFound {
		guest.Log.Warn("old entry stays", "error", err)
	}
}

func (a *audit) Call(method string, _ guest.Value) (guest.Value, error) {
	if method != "entries" {
		return guest.Pass, nil
	}
	entries := []string{}
	for key, err := range guest.State.List(prefix) {
		if err != nil {
			return guest.Value{}, err
		}
		entry, err := guest.State.Get(key)
		if err == guest.ErrNotFound { // removed meanwhile
			continue
		}
		if err != nil {
			return guest.Value{}, err
		}
		entries = append(entries, string(entry))
	}
	return guest.Of(entries), nil
}

func init() { guest.Register(new(audit)) }

func main() {}
