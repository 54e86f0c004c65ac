package runtime

import (
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/aril-wasm/aril/runtime/internal/sandbox"
)

// Unlimited asks for no limit, in every field of [Limits] and [ChainLimits].
const Unlimited = -1

// Limits bounds one extension. In every field zero means the default written
// beside it and [Unlimited] means none; any other negative number is an error
// at Load.
type Limits struct {
	// ModuleBytes is how large the .wasm file may be. Default 16 MiB; past it
	// Load fails with ErrRefused.
	ModuleBytes int64

	// MemoryBytes caps linear memory. Default 16 MiB; at most 2 GiB - 64 KiB,
	// which is what Unlimited means here. Load refuses a module whose
	// declared minimum is larger. A guest that asks for more is not stopped:
	// memory.grow returns -1, which most toolchains turn into a trap, seen as
	// an error that matches both ErrMemory and ErrTrap.
	MemoryBytes int64

	// TableElements caps all tables of the module together. Default 65,536;
	// past it Load fails with ErrRefused.
	TableElements int64

	// StackBytes caps native stack, as estimated by abi/ABI.md#stack. What a
	// stack grows to counts as memory. For an extension with a script the
	// default is 8 MiB, since an interpreter's frames are large. Default
	// 1 MiB; past it the activation ends with ErrStack.
	StackBytes int64

	// InitFuel and InitTime bound everything that runs at Load: the start
	// section, _initialize and aril_init together. Defaults 5e9 and 5 s; past
	// them Load fails.
	InitFuel int64
	InitTime time.Duration

	// Fuel is how many units one activation may burn, about one for each
	// instruction. Default 100e6; past it the activation ends with ErrFuel.
	// What runs inside next is billed to whoever runs there. Costs:
	// abi/ABI.md#fuel.
	Fuel int64

	// SelfTime is how long one activation may run in the guest or compute for
	// it in host functions. Default 100 ms; past it ErrDeadline. It is looked
	// at about every 0.1 ms; time that the scheduler gave to others, time in
	// next, and waiting are not counted.
	SelfTime time.Duration

	// WaitTime is how long one activation may be blocked in host functions
	// (sleep, state), next not counted. Default 30 s; past it ErrDeadline.
	WaitTime time.Duration

	// TotalTime is wall-clock time of one activation with everything in it,
	// next too. Default Unlimited; past it ErrDeadline. It does not interrupt
	// the operation itself: use the caller's context for that.
	TotalTime time.Duration

	// EventFuel and EventTime bound one aril_event. Defaults 10e6 and 10 ms.
	EventFuel int64
	EventTime time.Duration

	// HostCalls is how many host functions one activation may call. Default
	// 10,000; a call past it gets status LIMIT, ten more end it with ErrABI.
	HostCalls int64

	// NextCalls is how often one activation may call next, where the
	// operation has no MaxNext of its own. Default 16; past it as HostCalls.
	NextCalls int64

	// InputBytes and ResultBytes cap one encoded value on its way in or out.
	// Default 4 MiB each; past it the guest gets status TOO_LARGE.
	InputBytes  int64
	ResultBytes int64

	// TransferBytes caps everything that one activation moves across the
	// boundary, both ways. Default 64 MiB; past it status LIMIT.
	TransferBytes int64

	// LogBytes caps what one activation may log. Default 64 KiB; what is
	// beyond is dropped and counted in Report.LogDropped.
	LogBytes int64

	// ContextKeys, ContextBytes and ContextTotal cap what an extension keeps
	// in one level of context data: keys, bytes a value, and bytes of all
	// values. Defaults 256, 64 KiB and 1 MiB; past them status LIMIT, for one
	// value TOO_LARGE.
	ContextKeys  int64
	ContextBytes int64
	ContextTotal int64

	// Instances is how many operations may be inside the extension at once.
	// Default 1,024. Past it a root operation waits, with its context; a
	// nested one goes beyond it.
	Instances int64

	// IdleTime is how long an instance is kept that no operation needed.
	// Default 1 minute. Warm is how many are kept however long. Default 1.
	IdleTime time.Duration
	Warm     int64
}

// ChainLimits bounds one root operation together with everything that runs
// below it. Zero is the default, [Unlimited] none.
type ChainLimits struct {
	// Nesting is how deep operations may nest. Default 64; past it ErrNesting.
	Nesting int64

	// Activations is how many hooks may run in all. Default 4,096; past it
	// ErrNesting.
	Activations int64

	// Repeats is how often guests may call next again after a first time, in
	// all. Default 64; past it the guest gets status LIMIT. It is what keeps
	// extensions from multiplying each other: 16 calls on each of four layers
	// would run the operation 65,536 times.
	Repeats int64

	// Fuel is what all activations may burn together. Default 1e9; past it
	// ErrFuel.
	Fuel int64

	// Time is wall-clock time after which no activation of the chain goes on.
	// Default Unlimited; past it ErrDeadline.
	Time time.Duration
}

const maxMemoryBytes = 2<<30 - 64<<10

func (l Limits) withDefaults() (Limits, error) {
	def := Limits{
		ModuleBytes: 16 << 20, MemoryBytes: 16 << 20, TableElements: 65_536, StackBytes: 1 << 20,
		InitFuel: 5e9, InitTime: 5 * time.Second,
		Fuel: 100e6, SelfTime: 100 * time.Millisecond, WaitTime: 30 * time.Second, TotalTime: Unlimited,
		EventFuel: 10e6, EventTime: 10 * time.Millisecond,
		HostCalls: 10_000, NextCalls: 16,
		InputBytes: 4 << 20, ResultBytes: 4 << 20, TransferBytes: 64 << 20,
		LogBytes: 64 << 10, ContextKeys: 256, ContextBytes: 64 << 10, ContextTotal: 1 << 20, Instances: 1024, IdleTime: time.Minute, Warm: 1,
	}
	err := fill(&l, def)
	if l.MemoryBytes == Unlimited {
		l.MemoryBytes = maxMemoryBytes
	}
	if l.MemoryBytes > maxMemoryBytes {
		err = errors.Join(err, fmt.Errorf("limit MemoryBytes is %d; the most is %d", l.MemoryBytes, maxMemoryBytes))
	}
	return l, err
}

func (l ChainLimits) withDefaults() (ChainLimits, error) {
	err := fill(&l, ChainLimits{Nesting: 64, Activations: 4096, Repeats: 64, Fuel: 1e9, Time: Unlimited})
	return l, err
}

// budget is what one activation of a hook may use.
func (l *Limits) budget(hook string) sandbox.Budget {
	b := sandbox.Budget{Fuel: l.Fuel, SelfTime: l.SelfTime, WaitTime: l.WaitTime, Stack: l.StackBytes, HostCalls: l.HostCalls}
	switch hook {
	case "init":
		b.Fuel, b.SelfTime, b.WaitTime = l.InitFuel, l.InitTime, l.InitTime
	case "resume", "event", "dispose":
		b.Fuel, b.SelfTime = l.EventFuel, l.EventTime
	}
	return b
}

// fill puts defaults where l has zeros, and reports every negative number
// that is not Unlimited. All fields are int64 underneath.
func fill[T any](l *T, def T) error {
	var errs []error
	lv, dv := reflect.ValueOf(l).Elem(), reflect.ValueOf(def)
	for i := range lv.NumField() {
		switch n := lv.Field(i).Int(); {
		case n == 0:
			lv.Field(i).Set(dv.Field(i))
		case n < Unlimited:
			errs = append(errs, fmt.Errorf("limit %s is %d; 0 is the default, Unlimited (-1) is none", lv.Type().Field(i).Name, n))
		}
	}
	return errors.Join(errs...)
}

// over reports whether n is past a limit.
func over(n, limit int64) bool { return limit >= 0 && n > limit }
