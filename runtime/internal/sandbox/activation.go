package sandbox

import (
	"context"
	"runtime"
	"time"

	"github.com/aril-wasm/aril/abi"
)

// slice is how much fuel a guest gets at a time: between two slices the host
// looks at the clock and at ctx. About 0.1 ms of work.
const slice = 100_000

// grace is how long a guest may go on after its caller gave up.
const grace = int64(time.Millisecond)

// hostCallsGrace is how many calls past a limit are answered with LIMIT
// before the activation ends.
const hostCallsGrace = 10

// A Phase says which export is running. abi/ABI.md has the table of what may
// be called when.
type Phase uint8

const (
	PhaseInitialize Phase = iota // start section, _initialize, aril_abi_v1
	PhaseInit
	PhaseResume
	PhaseWrap
	PhaseEvent
	PhaseCall
	PhaseDispose
)

var phaseNames = [...]string{"initialize", "init", "resume", "wrap", "event", "call", "dispose"}

// String gives the hook's name as it stands in errors.
func (p Phase) String() string { return phaseNames[p] }

// A Budget bounds one activation. Zero is zero, a negative number is no
// limit: defaults are package runtime's business.
type Budget struct {
	Fuel      int64
	SelfTime  time.Duration // running in the guest, yields excluded
	WaitTime  time.Duration // blocked in host functions, next excluded
	Deadline  int64         // nanotime at which it ends whatever it does; 0 for none
	Stack     int64         // bytes of native stack
	HostCalls int64
	Denied    uint8 // HostModule.Deny of modules that were not granted

	// Shared counts the fuel of a chain, of which all its activations together
	// may take SharedFuel; nil for none.
	Shared     *FuelTank
	SharedFuel int64

	// Exact measures self time from the first instruction to the last. A look
	// at the clock costs as much as a small guest's whole work, so without it
	// an activation begins to look when it has burned some fuel: Usage.SelfTime
	// is then short by up to a slice after each begin and each next.
	Exact bool
}

// A Usage is what an activation has used.
type Usage struct {
	Fuel      int64
	SelfTime  time.Duration
	WaitTime  time.Duration
	HostCalls int64
	Memory    int64 // bytes of linear memory at the end
}

// An Activation is one run of one hook. It lives in its instance and is used
// again by the next; only the goroutine that runs the hook may touch it.
//
// It is the context that wazero sees: it has no values, no deadline and no
// end, so that no lookup of wazero's reaches the caller's context.
type Activation struct {
	inst  *Instance
	phase Phase
	ctx   context.Context
	done  <-chan struct{}

	budget  Budget
	granted int64 // fuel put into the guest's balance so far
	balance int64 // of fuel, while hosted; otherwise the guest's global has it
	hosted  bool  // the host runs, and not the guest
	self    int64 // ns, billed
	burned  int64 // fuel used when self was last billed
	wait    int64 // ns
	mark    int64 // nanotime at which the guest last began to run; 0: nobody looked
	calls   int64 // of host functions
	gaveUp  int64 // nanotime at which ctx was first seen done
	ended   error // why the host ended it

	// Owner is the caller's own state; host functions find it here.
	Owner any

	hook  *hook // that runs
	stack [4]uint64
}

// The context that wazero sees. Package runtime reads Context instead.

func (a *Activation) Deadline() (time.Time, bool) { return time.Time{}, false }
func (a *Activation) Done() <-chan struct{}       { return nil }
func (a *Activation) Err() error                  { return nil }
func (a *Activation) Value(any) any               { return nil }

// Context is the caller's context.
func (a *Activation) Context() context.Context { return a.ctx }

// Phase says which hook is running.
func (a *Activation) Phase() Phase { return a.phase }

// begin prepares the activation and fills the guest's meters.
func (a *Activation) begin(ctx context.Context, phase Phase, b *Budget, stackNeed uint32) bool {
	a.phase, a.ctx, a.done, a.budget = phase, ctx, ctx.Done(), *b
	a.inst.memory.refused, a.inst.memory.pressed = false, false
	a.granted, a.self, a.burned, a.wait, a.calls, a.gaveUp, a.ended = 0, 0, 0, 0, 0, 0, nil
	if b.Fuel < 0 {
		a.budget.Fuel = 1 << 62
	}
	stack := b.Stack
	if stack < 0 {
		stack = 1 << 40
	}
	if stack -= int64(stackNeed); stack < 0 {
		a.ended = ErrStack
		return false
	}
	a.inst.stackGlobal.Set(uint64(stack))
	a.balance = a.grant(0)
	a.resume()
	a.Unpause()
	return true
}

// stop takes over from the guest: a global is dear to read and to write, so
// the host does both once in each function.
func (a *Activation) stop() {
	a.balance, a.hosted = int64(a.inst.fuelGlobal.Get()), true
}

// resume hands over to the guest.
func (a *Activation) resume() {
	a.inst.fuelGlobal.Set(uint64(a.balance))
	a.hosted = false
}

// finish takes what is left out of the guest's meters. After a trap the
// balance may lag by what ran since the guest last looked at it, so all that
// was granted counts as used.
func (a *Activation) finish(trapped bool) Usage {
	if !a.hosted {
		a.stop()
	}
	if a.mark != 0 {
		a.bill(nanotime())
	}
	left := a.balance
	if trapped && left > 0 {
		left = 0
	}
	used := a.granted - left
	if a.budget.Shared != nil && left > 0 {
		a.budget.Shared.give(left)
	}
	if used > a.budget.Fuel {
		used = a.budget.Fuel // it ended within its last region
	}
	return Usage{
		Fuel: used, SelfTime: time.Duration(a.self), WaitTime: time.Duration(a.wait),
		HostCalls: a.calls, Memory: int64(a.inst.memory.length),
	}
}

// A guest's thread may stand still for many milliseconds while the system runs
// others. What a run of the guest is billed is therefore at most what its fuel
// can take: no code that we measured takes 25 ns for a unit.
const (
	mostPerFuel = 50 // ns
	mostBeside  = 50_000
)

// bill adds the time since the mark to self time.
func (a *Activation) bill(now int64) {
	burned := a.granted - a.balance
	if a.mark != 0 {
		a.self += min(now-a.mark, (burned-a.burned)*mostPerFuel+mostBeside)
	}
	a.mark, a.burned = now, burned
}

// lookAfter is how much fuel a guest may burn before a host function looks at
// the clock.
const lookAfter = 5_000

// due reports whether a host function should look at the clock.
func (a *Activation) due() bool {
	return a.budget.Exact || a.granted-a.balance-a.burned >= lookAfter
}

// Forget lets go of the caller, when an instance is given back.
func (a *Activation) Forget() { a.ctx, a.done, a.budget.Shared = nil, nil, nil }

// grant brings a balance up to one slice, or as far as the budget allows, and
// reports the new balance. Negative means that the budget is used up.
func (a *Activation) grant(balance int64) int64 {
	want := min(slice-balance, a.budget.Fuel-a.granted)
	if a.budget.Shared != nil {
		want = a.budget.Shared.take(want, a.budget.SharedFuel)
	}
	a.granted += want
	return balance + want
}

// refuel is what the rewritten code calls when its balance is negative
// (code 0) or its stack is used up (code 1). It reports whether to go on.
func (a *Activation) refuel(code uint32) bool {
	a.stop()
	if a.inst.poisoned.Load() {
		a.end(ErrClosed)
		return false
	}
	if code != 0 {
		a.end(ErrStack)
		return false
	}
	now := nanotime()
	a.bill(now)
	if err := a.look(now); err != nil {
		a.end(err)
		a.mark = now
		return false
	}
	a.balance = a.grant(a.balance)
	if a.balance < 0 {
		a.end(ErrFuel)
		a.mark = now
		return false
	}
	// The collector stops the world here, and other goroutines get their turn;
	// what they take is not billed to this guest.
	runtime.Gosched()
	a.resume()
	a.mark = nanotime()
	return true
}

// look says why the activation must end now, nil if it need not.
func (a *Activation) look(now int64) error {
	if a.budget.SelfTime >= 0 && a.self > int64(a.budget.SelfTime) {
		return ErrDeadline
	}
	if a.budget.Deadline != 0 && now > a.budget.Deadline {
		return ErrDeadline
	}
	if a.Canceled() {
		if a.gaveUp == 0 {
			a.gaveUp = now
		}
		if now-a.gaveUp > grace {
			return ErrCanceled
		}
	}
	return nil
}

// Canceled reports whether the caller has given up.
func (a *Activation) Canceled() bool {
	if a.done == nil {
		return false
	}
	select {
	case <-a.done:
		return true
	default:
		return false
	}
}

// end notes why the activation ends; the first reason stands.
func (a *Activation) end(why error) {
	if a.ended == nil {
		a.ended = why
	}
}

// Abort ends the activation from inside a host function. It does not return.
func (a *Activation) Abort(why error) {
	a.end(why)
	panic(unwind{})
}

// Charge bills fuel for a host function's work, before it is done.
func (a *Activation) Charge(fuel int64) {
	if a.balance -= fuel; a.balance < 0 {
		if a.balance = a.grant(a.balance); a.balance < 0 {
			a.Abort(ErrFuel)
		}
	}
}

// ChargeBytes bills the moving of n bytes across the boundary.
func (a *Activation) ChargeBytes(n uint64) { a.Charge(int64(min(n, 1<<40) / abi.FuelImportBytes)) }

// enter begins a host function. A status other than OK is the function's
// answer.
func (a *Activation) enter(phases abi.Phases, essential bool) abi.Status {
	if a.inst.poisoned.Load() {
		a.Abort(ErrClosed)
	}
	a.calls++
	if a.budget.HostCalls >= 0 && a.calls > a.budget.HostCalls {
		if a.calls > a.budget.HostCalls+hostCallsGrace {
			a.Abort(ErrABI)
		}
		return abi.Limit
	}
	a.Charge(abi.FuelImport)
	if a.Canceled() || a.due() {
		now := nanotime()
		a.bill(now)
		if err := a.look(now); err != nil {
			a.Abort(err)
		}
	}
	if phases&(1<<a.phase) == 0 {
		return abi.Phase
	}
	if !essential && a.gaveUp != 0 {
		return abi.Canceled
	}
	return abi.OK
}

// PayStack takes from the memory quota what the native stack has grown to. It
// is called before the guest waits, and ends the activation when there is not
// enough.
func (a *Activation) PayStack() {
	if !a.inst.billStack(a.hook) {
		a.inst.memory.refused = true
		a.Abort(ErrMemory)
	}
}

// Outside runs f, which is somebody else's work: its time is billed neither as
// self time nor as wait time. The inner operation runs so.
func (a *Activation) Outside(f func()) {
	looked := a.mark != 0
	a.Pause()
	defer func() {
		a.Unpause()
		if looked {
			a.mark = nanotime()
		}
	}()
	f()
}

// Pause stops the clock of self time, Unpause starts it again.
func (a *Activation) Pause() {
	if a.mark != 0 {
		a.bill(nanotime())
	}
}

// Unpause starts the clock of self time again.
func (a *Activation) Unpause() {
	a.mark = 0
	if a.budget.Exact {
		a.mark = nanotime()
	}
}

// Wait runs f, which blocks, with a context that ends when the wait budget
// does, and bills the time. It reports CANCELED when the caller gave up; when
// the budget is used up the activation ends.
func (a *Activation) Wait(f func(context.Context) error) error {
	ctx := a.ctx
	left := time.Duration(1 << 62)
	if a.budget.WaitTime >= 0 {
		left = a.budget.WaitTime - time.Duration(a.wait)
	}
	if d := a.budget.Deadline; d != 0 {
		left = min(left, time.Duration(d-nanotime()))
	}
	if left <= 0 {
		a.Abort(ErrDeadline)
	}
	if left < 1<<62 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, left)
		defer cancel()
	}
	a.PayStack()
	a.Pause()
	a.Open()
	start := nanotime()
	err := f(ctx)
	now := nanotime()
	a.CheckAlive()
	a.mark = now
	a.wait += now - start
	if a.Canceled() {
		if a.gaveUp == 0 {
			a.gaveUp = now
		}
		return context.Cause(a.ctx)
	}
	if ctx.Err() != nil {
		a.Abort(ErrDeadline)
	}
	return err
}
