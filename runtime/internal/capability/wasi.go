package capability

import (
	"encoding/binary"
	"fmt"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/runtime/internal/sandbox"
)

// An errno is what functions of WASI return.
// https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md#errno
type errno uint32

const (
	success  errno = 0
	badf     errno = 8
	canceled errno = 11
	fault    errno = 21
	inval    errno = 28
	ioError  errno = 29
	nosys    errno = 52
	notsup   errno = 58
	spipe    errno = 70

	notcapable errno = 76
)

// A wasiFunc is a function of WASI. Its arguments are as in abi/wasi.txt,
// those of type i32 without upper half.
type wasiFunc func(c call, args []uint64) errno

// wasiFuncs is what is served; the rest of abi.WASI answers nosys.
// TestEveryFunctionOfTheABIIsThere compares them.
var wasiFuncs = map[string]wasiFunc{
	"args_get":            doNothing,
	"args_sizes_get":      sizesGet,
	"clock_res_get":       clockResGet,
	"clock_time_get":      clockTimeGet,
	"environ_get":         doNothing,
	"environ_sizes_get":   sizesGet,
	"fd_close":            onStdio(success),
	"fd_fdstat_get":       fdStatGet,
	"fd_fdstat_set_flags": onStdio(success),
	"fd_filestat_get":     fdFilestatGet,
	"fd_prestat_dir_name": noDirectory,
	"fd_prestat_get":      noDirectory,
	"fd_read":             fdRead,
	"fd_seek":             onStdio(spipe),
	"fd_tell":             onStdio(spipe),
	"fd_write":            fdWrite,
	"poll_oneoff":         pollOneoff,
	"random_get":          randomGet,
	"sched_yield":         doNothing,
}

// procExit is the one function of WASI without a result.
const procExit = "proc_exit"

func wasiHostFunc(spec abi.Import) sandbox.HostFunc {
	f, served := wasiFuncs[spec.Name]
	switch {
	case spec.Name == procExit:
		return sandbox.HostFunc{Call: bind(spec, exit), Refuse: refuseSilently}
	case !served:
		f = func(call, []uint64) errno { return nosys }
	}
	return sandbox.HostFunc{Call: bind(spec, f.answer), Refuse: refuseErrno}
}

func (f wasiFunc) answer(c call, stack []uint64) { stack[0] = uint64(f(c, stack)) }

// refuseErrno gives an errno for what the sandbox refuses.
func refuseErrno(stack []uint64, s abi.Status) {
	e := inval
	switch s {
	case abi.Canceled:
		e = canceled
	case abi.Limit:
		e = ioError
	case abi.Denied:
		e = notcapable
	}
	stack[0] = uint64(e)
}

// exit is proc_exit(rval). It does not come back, and closes nothing.
func exit(c call, args []uint64) {
	words := fmt.Sprintf("proc_exit(%d)", args[0])
	if last := c.owner.Stdio().last.text; last != "" {
		words = last + ": " + words
	}
	c.owner.PanicMessage(words)
	c.Abort(sandbox.ErrTrap)
}

func doNothing(call, []uint64) errno { return success }

// sizesGet is args_sizes_get(argc, argv_len) and its like for the
// environment: there are none.
func sizesGet(c call, args []uint64) errno {
	if !c.inside(args[0], 4) || !c.inside(args[1], 4) {
		return fault
	}
	c.put(args[0], make([]byte, 4))
	c.put(args[1], make([]byte, 4))
	return success
}

// The clocks of WASI; the others of the specification are not offered.
const (
	clockRealtime  = 0
	clockMonotonic = 1
)

// clockResGet is clock_res_get(id, resolution).
func clockResGet(c call, args []uint64) errno {
	if args[0] != clockRealtime && args[0] != clockMonotonic {
		return inval
	}
	return c.result64(args[1], uint64(clockStep))
}

// clockTimeGet is clock_time_get(id, precision, timestamp).
func clockTimeGet(c call, args []uint64) errno {
	now := wallNow
	switch args[0] {
	case clockRealtime:
	case clockMonotonic:
		now = monotonicNow
	default:
		return inval
	}
	return c.result64(args[2], now())
}

// randomGet is random_get(buf, buf_len).
func randomGet(c call, args []uint64) errno {
	buf, n := args[0], args[1]
	switch {
	case n > wasiRandomMax:
		return inval
	case !c.inside(buf, n):
		return fault
	case c.random(buf, n) != nil:
		return ioError
	}
	return success
}

// result32 writes a u32 at ptr.
func (c call) result32(ptr uint64, v uint32) errno {
	if !c.inside(ptr, 4) {
		return fault
	}
	c.put(ptr, binary.LittleEndian.AppendUint32(nil, v))
	return success
}

// result64 writes a u64 at ptr.
func (c call) result64(ptr, v uint64) errno {
	if !c.inside(ptr, 8) {
		return fault
	}
	c.put(ptr, binary.LittleEndian.AppendUint64(nil, v))
	return success
}
