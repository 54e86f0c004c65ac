package capability

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/runtime/state"
)

// A fakeGuest has memory and no code. Its memory is full of '?', so that a
// byte too many shows.
type fakeGuest struct {
	memory   []byte
	ctx      context.Context
	charged  uint64
	fuel     uint64 // what may be charged
	waits    int
	outside  int
	deadline bool // Wait ends the activation
}

const fakeMemory = 128 << 10

func (g *fakeGuest) Context() context.Context { return g.ctx }
func (g *fakeGuest) Canceled() bool           { return g.ctx.Err() != nil }

func (g *fakeGuest) Read(ptr, n uint64) ([]byte, bool) {
	if size := uint64(len(g.memory)); ptr > size || n > size-ptr {
		return nil, false
	}
	return g.memory[ptr : ptr+n : ptr+n], true
}

func (g *fakeGuest) Write(ptr uint64, b []byte) bool {
	dst, ok := g.Read(ptr, uint64(len(b)))
	copy(dst, b)
	return ok
}

// errUnwound is what the fake panics with where the sandbox would unwind.
type errUnwound struct{ why error }

var errFakeFuel, errFakeTime = errors.New("fuel"), errors.New("time")

func (g *fakeGuest) Abort(why error) { panic(errUnwound{why}) }

func (g *fakeGuest) ChargeBytes(n uint64) {
	if g.charged += n; g.charged > g.fuel {
		g.Abort(errFakeFuel)
	}
}

func (g *fakeGuest) Wait(f func(context.Context) error) error {
	g.waits++
	if g.deadline {
		g.Abort(errFakeTime)
	}
	err := f(g.ctx)
	if g.Canceled() {
		return context.Cause(g.ctx)
	}
	return err
}

func (g *fakeGuest) Outside(f func()) { g.outside++; f() }

type fakeOwner struct {
	logger   *slog.Logger
	logBytes int64
	dropped  int
	stdio    Stdio
	state    state.State
	random   io.Reader
	panicked string
	logged   []string
}

func (o *fakeOwner) Logger() *slog.Logger  { return o.logger }
func (o *fakeOwner) LogBytes() *int64      { return &o.logBytes }
func (o *fakeOwner) LogDropped()           { o.dropped++ }
func (o *fakeOwner) Stdio() *Stdio         { return &o.stdio }
func (o *fakeOwner) State() state.State    { return o.state }
func (o *fakeOwner) Random() io.Reader     { return o.random }
func (o *fakeOwner) PanicMessage(s string) { o.panicked = s }
func (o *fakeOwner) Logged(text string)    { o.logged = append(o.logged, text) }

// A bench has one guest and everything that its calls can reach.
type bench struct {
	t     testing.TB
	guest *fakeGuest
	owner *fakeOwner
	log   *bytes.Buffer
}

func newBench(t testing.TB) *bench {
	t.Helper()
	s, err := state.Memory(state.Limits{ValueBytes: 1000, Keys: 100}).Open("tenant", "extension")
	require.NoError(t, err)
	log := &bytes.Buffer{}
	return &bench{
		t: t, log: log,
		guest: &fakeGuest{memory: bytes.Repeat([]byte{'?'}, fakeMemory), ctx: t.Context(), fuel: 1 << 62},
		owner: &fakeOwner{
			logger: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{
				Level: slog.LevelDebug,
				ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
					if len(groups) == 0 && a.Key == slog.TimeKey {
						return slog.Attr{}
					}
					return a
				},
			})).With("extension", "audit"),
			logBytes: 64 << 10, state: s, random: rand.Reader,
		},
	}
}

func (b *bench) call() call { return call{guest: b.guest, owner: b.owner} }

// lines gives what was logged, without the end of the last line.
func (b *bench) lines() string { return string(bytes.TrimSuffix(b.log.Bytes(), []byte("\n"))) }

// put writes what a guest wants to pass.
func (b *bench) put(ptr uint64, text string) {
	b.t.Helper()
	require.True(b.t, b.guest.Write(ptr, []byte(text)))
}

// at reads n bytes and the one before and the one after.
func (b *bench) at(ptr, n uint64) string {
	b.t.Helper()
	mem, ok := b.guest.Read(ptr-1, n+2)
	require.True(b.t, ok)
	return string(mem)
}

// status calls a function that answers with a status.
func (b *bench) status(module, name string, args ...uint64) (abi.Status, uint32) {
	b.t.Helper()
	f, found := hostFuncs[module][name]
	require.True(b.t, found, "%s.%s", module, name)
	return f(b.call(), args)
}

// answers requires an answer.
func (b *bench) answers(status abi.Status, n uint32, module, name string, args ...uint64) {
	b.t.Helper()
	gotStatus, gotN := b.status(module, name, args...)
	require.Equal(b.t, status.String(), gotStatus.String())
	require.Equal(b.t, n, gotN)
}

// errno requires what a function of WASI returns.
func (b *bench) errno(want errno, name string, args ...uint64) {
	b.t.Helper()
	f, found := wasiFuncs[name]
	require.True(b.t, found, name)
	require.Equal(b.t, want, f(b.call(), args), name)
}

// unwound requires that f ends the activation, and says why.
func unwound(t testing.TB, f func()) (why error) {
	t.Helper()
	defer func() {
		t.Helper()
		u, ok := recover().(errUnwound)
		require.True(t, ok, "it came back")
		why = u.why
	}()
	f()
	return nil
}
