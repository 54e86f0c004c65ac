package sandbox

import "sync/atomic"

// A levels is what the levels of one instance share: activations that are
// nested in each other on one linear memory, of which the innermost runs and
// the others are inside host functions.
//
// The state is k while level k runs in the guest, -k while it is the innermost
// and outside, in a host function that may re-enter. Whoever wants to run
// guest code moves it, so two never do at once.
type levels struct{ state atomic.Int32 }

// Stack prepares an instance for being re-entered: see Nested. It is level 1.
func (i *Instance) Stack() { i.level, i.levels = 1, &levels{} }

// Nested makes the next level: an instance with the same memory and functions
// and an activation of its own. It has its own api.Functions too: to enter one
// that is being called overwrites the stack of the call. It must not be
// closed; the instance that it comes from is, when no level is in use.
func (i *Instance) Nested() *Instance {
	n := &Instance{
		code: i.code, module: i.module, memory: i.memory, fuelGlobal: i.fuelGlobal, stackGlobal: i.stackGlobal,
		globals: i.globals, mailbox: i.mailbox, poisoned: i.poisoned, level: i.level + 1, levels: i.levels,
	}
	n.Act.inst = n
	n.findHooks()
	return n
}

// Claim makes this level the one that runs. It fails when the level around it
// is not outside: something else runs on the memory now.
func (i *Instance) Claim() bool { return i.levels.state.CompareAndSwap(1-i.level, i.level) }

// Unclaim gives the turn back to the level around.
func (i *Instance) Unclaim() { i.levels.state.CompareAndSwap(i.level, 1-i.level) }

// Open says that the guest waits in a host function that may re-enter its
// instance. CheckAlive ends that.
func (a *Activation) Open() {
	if l := a.inst.levels; l != nil {
		l.state.CompareAndSwap(a.inst.level, -a.inst.level)
	}
}

// CheckAlive ends the activation when its instance was poisoned while the
// guest was not running, or when something that began there still runs.
func (a *Activation) CheckAlive() {
	i := a.inst
	if i.poisoned.Load() {
		a.Abort(ErrClosed)
	}
	if i.levels != nil && !i.levels.state.CompareAndSwap(-i.level, i.level) {
		i.poisoned.Store(true)
		a.Abort(ErrBusy)
	}
}

// keepMeters saves what belongs to the activation around, and gives the
// function that puts it back.
func (i *Instance) keepMeters() func() {
	fuel, stack, refused, pressed := i.fuelGlobal.Get(), i.stackGlobal.Get(), i.memory.refused, i.memory.pressed
	return func() {
		i.fuelGlobal.Set(fuel)
		i.stackGlobal.Set(stack)
		i.memory.refused, i.memory.pressed = refused, pressed
	}
}
