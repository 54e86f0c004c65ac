package js_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
)

// unreadable fails when it is encoded.
type unreadable struct{ _ int }

func (unreadable) MarshalMsg([]byte) ([]byte, error) { return nil, errors.New("it was read") }

func TestWhatIsPassedOnIsNotRead(t *testing.T) {
	t.Parallel()
	for _, script := range []string{
		`wrap() {}`,
		`async wrap() {}`,
		`wrap(op, next) { next() }`,
		`wrap(op, next) { return next() }`,
		`async wrap(op, next) { return next() }`,
		`async wrap(op, next) { await null; return next() }`,
		`wrap(op, next) { return Promise.resolve().then(() => next()) }`,
		`wrap(op, next) { const first = next(); next(); return first }`,
	} {
		g := load(t, wrapping(script), aril.ExtensionConfig{})
		v := &unreadable{}
		got, err := through(t, g, v, echo)
		require.NoError(t, err, script)
		require.Same(t, v, got, script)
		_, err = through(t, g, v, fails(errBusy))
		require.Same(t, errBusy, err, script)
	}
}

var errBusy = &aril.Error{ErrorCode: "busy", Message: "later", Data: map[string]any{"n": 1}, Retryable: true}

type order struct {
	ID     string
	Total  float64
	hidden int
}

func TestWhatWasReadAndNotChangedIsPassedOn(t *testing.T) {
	t.Parallel()
	g := load(t, wrapping(`async wrap(op, next) { const v = await next(); if (v.ID !== "a") throw new Error(v.ID); return v }`), aril.ExtensionConfig{Powers: aril.ReadResult})
	o := &order{ID: "a", Total: 1, hidden: 7}
	got, err := through(t, g, o, echo)
	require.NoError(t, err, "without a power to change anything")
	require.Same(t, o, got)
}

func TestWhatWasReadAndChangedIsSent(t *testing.T) {
	t.Parallel()
	g := load(t, wrapping(`async wrap(op, next) { const v = await next(); v.Total += 0.5; return v }`), aril.ExtensionConfig{})
	f := aril.Wrap(aril.NewPipeline(g), aril.Operation{Kind: "k", Name: "n"}, func(_ context.Context, o order) (order, error) { return o, nil })
	got, err := f(t.Context(), order{ID: "a", Total: 1, hidden: 7})
	require.NoError(t, err)
	require.Equal(t, order{ID: "a", Total: 1.5, hidden: 7}, got)
}

func TestAnInputThatWasNotChangedIsNotReplaced(t *testing.T) {
	t.Parallel()
	g := load(t, wrapping(`wrap(op, next) { return next(op.input) }`), aril.ExtensionConfig{Powers: aril.ReadInput})
	o := &order{ID: "a"}
	got, err := through(t, g, o, echo)
	require.NoError(t, err)
	require.Same(t, o, got)
	g = load(t, wrapping(`wrap(op, next) { op.input.ID = "b"; return next(op.input) }`), aril.ExtensionConfig{})
	got, err = through(t, g, map[string]any{"ID": "a"}, echo)
	require.NoError(t, err)
	require.Equal(t, map[string]any{"ID": "b"}, got)
}

func TestEarlierResultsCanBeReadLater(t *testing.T) {
	t.Parallel()
	g := load(t, wrapping(`async wrap(op, next) { return (await Promise.all([next(1), next(2), next(3)])).join() }`), aril.ExtensionConfig{})
	v, err := through(t, g, 0, echo)
	require.NoError(t, err)
	require.Equal(t, "1,2,3", v)
}

func TestErrorsCrossBothWays(t *testing.T) {
	t.Parallel()
	for script, check := range map[string]func(error){
		`async wrap(op, next) { try { return await next() } catch (e) { throw e } }`: func(err error) { require.Same(t, errBusy, err) },
		`async wrap(op, next) { try { return await next() } catch (e) { throw new ArilError({ code: "worse", message: e.message + "!", cause: e, data: e.data }) } }`: func(err error) {
			require.ErrorIs(t, err, errBusy)
			var e *aril.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, "worse", e.ErrorCode)
			require.Equal(t, "later!", e.Message)
			require.Equal(t, map[string]any{"n": int64(1)}, e.Data)
		},
		`async wrap(op, next) { const r = next(); if (!r.failed || !r.error.retryable || r.error.data.n !== 1) throw 1;
			throw new RangeError("too far") }`: func(err error) {
			var e *aril.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, "error", e.ErrorCode)
			require.Equal(t, "RangeError: too far", e.Message)
			require.Contains(t, log.of("script"), "script.js:2")
		},
		`wrap() { throw Object.assign(new Error("no"), { code: "E_NO", retryable: true }) }`: func(err error) {
			var e *aril.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, "E_NO", e.ErrorCode)
			require.True(t, e.Retryable)
		},
		`wrap() { throw new ArilError({ code: "c", data: { f() {} } }) }`: func(err error) {
			var e *aril.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, "c", e.ErrorCode)
			require.Nil(t, e.Data)
		},
	} {
		_, err := through(t, load(t, wrapping(script), aril.ExtensionConfig{}), nil, fails(errBusy))
		check(err)
	}
}

func TestAPromiseThatNothingSettlesIsAnErrorThatNamesTheExtension(t *testing.T) {
	t.Parallel()
	for _, script := range []string{
		`wrap() { return new Promise(() => {}) }`,
		`async wrap(op, next) { await { then() {} } }`,
	} {
		_, err := through(t, load(t, wrapping(script), aril.ExtensionConfig{Name: "stuck"}), nil, echo)
		require.ErrorContains(t, err, `extension "stuck": the promise of wrap waits for something that nothing will do`)
	}
}

func TestTimersRunWhileAHookWaits(t *testing.T) {
	t.Parallel()
	g := load(t, wrapping(`async wrap() {
		const seen = [];
		setTimeout(() => seen.push("c"), 3);
		const stop = setInterval(() => { seen.push("i"); if (seen.length > 2) clearInterval(stop) }, 1);
		setTimeout((x) => seen.push(x), 0, "a");
		clearTimeout(setTimeout(() => seen.push("never"), 1));
		queueMicrotask(() => seen.push("first"));
		await Promise.all([sleep(20), sleep(20)]);
		return seen.join();
	}`), aril.ExtensionConfig{})
	v, err := through(t, g, nil, echo)
	require.NoError(t, err)
	require.Equal(t, "first,a,i,c", v)
}

func TestWithoutThePowerToReadAwaitingGivesNothing(t *testing.T) {
	t.Parallel()
	g := load(t, wrapping(`async wrap(op, next) { const v = await next(); log.info("saw " + v); return v }`), aril.ExtensionConfig{Name: "blind", Powers: aril.ObserveOnly})
	v, err := through(t, g, 5, echo)
	require.NoError(t, err)
	require.Equal(t, 5, v)
	require.Contains(t, log.of("blind"), "saw undefined")
}

func TestAPanicBreaksTheExtension(t *testing.T) {
	t.Parallel()
	for script, message := range map[string]string{
		`wrap() { aril.panic("the roof is on fire") }`:                      "the roof is on fire",
		`wrap() { const f = () => 1 + f(); return f() }`:                    "stack",
		`wrap() { const a = []; for (;;) a.push(new Uint8Array(1 << 20)) }`: "memory",
	} {
		_, err := through(t, load(t, wrapping(script), aril.ExtensionConfig{}), nil, echo)
		var broken *aril.CallError
		require.ErrorAs(t, err, &broken, script)
		require.ErrorContains(t, err, message, script)
	}
}

func TestANextThatIsCalledTooLateIsStale(t *testing.T) {
	t.Parallel()
	g := load(t, wrapping(`wrap(op, next) { if (this.kept) { try { this.kept() } catch (e) { return e.code } } this.kept = next; return next() }`), aril.ExtensionConfig{Isolation: aril.Single})
	_, err := through(t, g, 1, echo)
	require.NoError(t, err)
	v, err := through(t, g, 1, echo)
	require.NoError(t, err)
	require.Equal(t, "stale", v)
}

func TestAnOperationBelowItsOwnNextHasJobsOfItsOwn(t *testing.T) {
	t.Parallel()
	g := load(t, wrapping(`async wrap(op, next) {
		this.log = this.log || [];
		if (op.depth === 0) Promise.resolve().then(() => this.log.push("outer's job"));
		this.log.push("in " + op.depth);
		const v = await next();
		await null;
		this.log.push("out " + op.depth);
		return op.depth ? v : this.log;
	}`), aril.ExtensionConfig{Isolation: aril.Single})
	p := aril.NewPipeline(g)
	inner := aril.Wrap(p, aril.Operation{Kind: "k", Name: "inner"}, echo)
	outer := aril.Wrap(p, aril.Operation{Kind: "k", Name: "outer"}, func(ctx context.Context, in any) (any, error) { return inner(ctx, in) })
	v, err := outer(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, []any{"in 0", "in 1", "out 1", "outer's job", "out 0"}, v)
}

func TestARejectionThatNobodyHandlesIsLogged(t *testing.T) {
	t.Parallel()
	g := load(t, wrapping(`wrap(op, next) { Promise.reject(new Error("lost")); Promise.reject(1).catch(() => {}); return next() }`), aril.ExtensionConfig{Name: "careless"})
	v, err := through(t, g, 1, echo)
	require.NoError(t, err)
	require.Equal(t, 1, v)
	require.Equal(t, 1, strings.Count(log.of("careless"), "\n"))
	require.Contains(t, log.of("careless"), "unhandled rejection: lost")
	g = load(t, wrapping(`async wrap() { throw new ArilError({ code: "seen" }) }`), aril.ExtensionConfig{Name: "careful"})
	_, err = through(t, g, 1, echo)
	require.Error(t, err)
	require.Empty(t, log.of("careful"))
}

func TestWhatIsNoTypedArrayIsNotFilled(t *testing.T) {
	t.Parallel()
	g := load(t, wrapping(`wrap() { return [[1], {}, new Map(), "x", null, new ArrayBuffer(1)].map((v) => { try { crypto.getRandomValues(v) } catch (e) { return e.name } }).join() }`), aril.ExtensionConfig{})
	v, err := through(t, g, nil, echo)
	require.NoError(t, err)
	require.Equal(t, "TypeError,TypeError,TypeError,TypeError,TypeError,TypeError", v)
}

func TestAThenableIsWaitedForAndAGetterThatThrowsIsAnError(t *testing.T) {
	t.Parallel()
	v, err := through(t, load(t, wrapping(`wrap: () => ({ then(done) { done(7) } })`), aril.ExtensionConfig{}), nil, echo)
	require.NoError(t, err)
	require.EqualValues(t, 7, v)
	_, err = through(t, load(t, wrapping(`wrap: () => ({ get then() { throw new ArilError({ code: "mine" }) } })`), aril.ExtensionConfig{}), nil, echo)
	var e *aril.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, "mine", e.ErrorCode)
}

func TestAScriptRecursesSomeHundredCallsDeep(t *testing.T) {
	t.Parallel()
	g := load(t, wrapping(`wrap(op) { const f = (n) => n ? 1 + f(n - 1) : 0; return f(op.input) }`), aril.ExtensionConfig{})
	v, err := through(t, g, 300, echo)
	require.NoError(t, err)
	require.EqualValues(t, 300, v)
}
