package guesttest

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	"github.com/aril-wasm/aril/guest-sdk/go/guesttest/internal/sample"
)

// everywhere is the sample extension on every target.
func everywhere() []Target {
	makeNew := func() any { return new(sample.Extension) }
	return append(Both("./testdata/sample", makeNew), wazeroTarget("./testdata/sample"), residentTarget(makeNew))
}

// targets is everywhere that offers mode.
func targets(mode Isolation) []Target {
	return slices.DeleteFunc(everywhere(), func(t Target) bool { return mode == Single && (t.name == "wasm" || t.name == "resident") })
}

// sampleConfig has what every host of the sample must grant.
func sampleConfig(change func(*Config)) Config {
	cfg := Config{Functions: map[string]func(any) (any, error){"acme_stock_v1.reserve": reserve}}
	if change != nil {
		change(&cfg)
	}
	return cfg
}

var errNoneLeft = &retryable{"none left"}

// reserve yields as many bytes as it is asked for.
func reserve(argument any) (any, error) {
	n := argument.(map[string]any)["count"].(int64)
	if n < 0 {
		return nil, errNoneLeft
	}
	return make([]byte, n), nil
}

// retryable is an error of the host program's.
type retryable struct{ text string }

func (e *retryable) Error() string   { return e.text }
func (e *retryable) Code() string    { return "try_again" }
func (e *retryable) Retryable() bool { return true }

func yields(v any, err error) func(any) (any, error) {
	return func(any) (any, error) { return v, err }
}

func TestValuesOfEveryKindGoThroughTheExtensionAndBack(t *testing.T) {
	t.Parallel()
	c := make(chan int)
	values := []any{
		nil, true, int64(0), int64(-1), int64(-129), int64(math.MinInt64), int64(math.MaxInt64), uint64(math.MaxUint64),
		1.5, math.Inf(1), "", "text", []byte{}, []byte{1, 2}, time.Unix(1, 2).UTC(), time.Unix(-1, 0).UTC(), time.Unix(1<<40, 999_999_999).UTC(),
		[]any{}, []any{int64(1), nil}, map[string]any{}, map[string]any{"a": map[string]any{"b": []any{"c"}}}, c, map[string]any{"c": c},
	}
	Run(t, everywhere(), sampleConfig(nil), func(t *testing.T, h *Harness) {
		for _, name := range []string{"echo", "any"} {
			for _, v := range values {
				got, err := h.Wrap(Operation{Name: name}, v, nil)
				require.NoError(t, err)
				require.Equal(t, v, got)
			}
		}
	})
}

func TestOnePartOfTheInputIsChanged(t *testing.T) {
	t.Parallel()
	type line struct {
		SKU   string `msg:"sku"`
		Count int    `json:"count"`
	}
	type order struct {
		Lines  []line `msg:"lines"`
		Note   string `msg:"note"`
		secret string
	}
	Run(t, everywhere(), sampleConfig(nil), func(t *testing.T, h *Harness) {
		got, err := h.Wrap(Operation{Name: "set"}, order{[]line{{"A", 1}, {"B", 2}}, "n", "s"}, func(in any) (any, error) { return in, nil })
		require.NoError(t, err)
		require.Equal(t, map[string]any{
			"lines": []any{map[string]any{"sku": "A", "count": int64(7)}, map[string]any{"sku": "B", "count": int64(2)}},
			"extra": map[string]any{"seen": true},
		}, got)
	})
}

func TestErrorsOfTheHostKeepTheirIdentity(t *testing.T) {
	t.Parallel()
	failure := &retryable{"busy"}
	Run(t, everywhere(), sampleConfig(nil), func(t *testing.T, h *Harness) {
		calls := 0
		_, err := h.Wrap(Operation{Name: "retry"}, nil, func(any) (any, error) { calls++; return nil, failure })
		require.Same(t, failure, err)
		require.Equal(t, 3, calls)
		require.Len(t, h.Log(), 3)
		require.Equal(t, Entry{4, "again", map[string]any{"attempt": int64(1), "error": "busy"}}, h.Log()[1])

		for name, want := range map[string]*Error{
			"wrapped error":        {ErrorCode: "try_again", Message: "on the way", Retryable: true, Cause: failure},
			"own error with cause": {ErrorCode: "own", Message: "mine", Cause: failure},
			"changed error":        {ErrorCode: "other", Message: "busy", Retryable: true, Cause: failure},
		} {
			_, err := h.Wrap(Operation{Name: name}, nil, yields(nil, failure))
			require.Equal(t, want, err, name)
			require.ErrorIs(t, err, failure)
		}
	})
}

func TestErrorsOfTheExtensionReachTheHost(t *testing.T) {
	t.Parallel()
	Run(t, everywhere(), sampleConfig(nil), func(t *testing.T, h *Harness) {
		_, err := h.Wrap(Operation{Name: "plain error"}, nil, nil)
		require.Equal(t, &Error{ErrorCode: "error", Message: "plain \ufffd text"}, err)
		_, err = h.Wrap(Operation{Name: "missing"}, map[string]any{}, nil)
		require.Equal(t, &Error{ErrorCode: "not_found", Message: "aril: not_found"}, err)
		_, err = h.Call("fail", nil)
		require.Equal(t, &Error{ErrorCode: "asked", Message: "as asked", Retryable: true, Data: map[string]any{"n": int64(1)}}, err)
		_, err = h.Event(Event{Type: guest.EventTick})
		require.Equal(t, &Error{ErrorCode: "tick", Message: "no"}, err)
	})
}

func TestMethodsAndEventsAreAnswered(t *testing.T) {
	t.Parallel()
	Run(t, everywhere(), sampleConfig(func(c *Config) {
		c.Config, c.Script = map[string]any{"greeting": "good day"}, []byte("!")
	}), func(t *testing.T, h *Harness) {
		got, err := h.Call("greet", map[string]any{"name": "Ann"})
		require.NoError(t, err)
		require.Equal(t, "good day Ann!", got)
		_, err = h.Call("unknown", nil)
		require.ErrorIs(t, err, ErrNoMethod)
		got, err = h.Event(Event{Type: guest.EventChange, Name: "x", Data: map[string]any{"y": 1}})
		require.NoError(t, err)
		require.Equal(t, map[string]any{"x": "changed", "y": int64(1)}, got)
		got, err = h.Event(Event{Type: "of later versions"})
		require.NoError(t, err)
		require.Nil(t, got)
	})
}

func TestAConfigurationIsRefusedWithTheExtensionsError(t *testing.T) {
	t.Parallel()
	for _, target := range everywhere() {
		_, err := Open(t, target, sampleConfig(func(c *Config) { c.Config = map[string]any{"greeting": ""} }))
		require.Equal(t, &Error{ErrorCode: "config", Message: "the greeting is empty"}, err)
		_, err = Open(t, target, sampleConfig(func(c *Config) { c.Config = map[string]any{"greeting": 7} }))
		require.EqualError(t, err, "init: greeting: found an integer, not a string")
	}
}

func TestEachOperationBeginsFromWhatInitLeftAndIsToldSo(t *testing.T) {
	t.Parallel()
	Run(t, everywhere(), sampleConfig(nil), func(t *testing.T, h *Harness) {
		for range 2 {
			got, err := h.Wrap(Operation{Name: "counts"}, nil, nil)
			require.NoError(t, err)
			require.Equal(t, []any{int64(1), int64(1)}, got)
		}
	})
	Run(t, targets(Single), sampleConfig(func(c *Config) { c.Isolation = Single }), func(t *testing.T, h *Harness) {
		for i := range 2 {
			got, err := h.Wrap(Operation{Name: "counts"}, nil, nil)
			require.NoError(t, err)
			require.Equal(t, []any{int64(i + 1), int64(1)}, got)
		}
	})
}

func TestTheClockGoesOnAndSleepTakesTime(t *testing.T) {
	t.Parallel()
	Run(t, everywhere(), sampleConfig(nil), func(t *testing.T, h *Harness) {
		got, err := h.Wrap(Operation{Name: "clock"}, nil, nil)
		require.NoError(t, err)
		require.Equal(t, []any{true, true, true, true}, got)
		moment := time.Date(2024, 2, 29, 12, 0, 0, 999_999_999, time.UTC)
		got, err = h.Wrap(Operation{Name: "time"}, moment, nil)
		require.NoError(t, err)
		require.Equal(t, moment.Add(1), got)
	})
}

func TestRandomNumbersDifferBetweenActivations(t *testing.T) {
	t.Parallel()
	for _, mode := range []Isolation{Fresh, Pooled, Single} {
		Run(t, targets(mode), sampleConfig(func(c *Config) { c.Isolation = mode }), func(t *testing.T, h *Harness) {
			seen := map[any]bool{}
			for range 3 {
				got, err := h.Wrap(Operation{Name: "random"}, nil, nil)
				require.NoError(t, err)
				for _, x := range got.([]any) {
					if b, ok := x.([]byte); ok {
						x = string(b)
					}
					require.False(t, seen[x], "%v came twice", x)
					seen[x] = true
				}
			}
		})
	}
}

func TestTheStateOutlivesActivations(t *testing.T) {
	t.Parallel()
	state := map[string][]byte{"kept": []byte("x")}
	for i := range 3000 {
		state["many/"+string(rune('a'+i%26))+string(rune(0x4e00+i))] = nil
	}
	Run(t, everywhere(), sampleConfig(func(c *Config) { c.State = state }), func(t *testing.T, h *Harness) {
		got, err := h.Wrap(Operation{Name: "state"}, nil, nil)
		require.NoError(t, err)
		require.Equal(t, map[string]any{
			"absent": "not_found", "n": int64(-1), "length": int64(2), "big": int64(100_000), "keys": []any{"log", "log2"},
			"conflict": "conflict", "not there": "not_found", "not a number": "invalid", "errors": "",
		}, got)
		require.Equal(t, []byte("ab"), h.State()["log"])
		require.Equal(t, []byte("x"), h.State()["kept"])
		got, err = h.Wrap(Operation{Name: "many keys"}, nil, nil)
		require.NoError(t, err)
		require.Equal(t, int64(3004), got)
		require.NoError(t, h.Unload())
		require.Equal(t, []byte{1}, h.State()["disposed"])
		require.Equal(t, Entry{8, "dispose: to be logged", map[string]any{}}, h.Log()[len(h.Log())-1])
	})
}

func TestTheContextIsSharedAlongTheChain(t *testing.T) {
	t.Parallel()
	for _, mode := range []Isolation{Fresh, Pooled, Single} {
		Run(t, targets(mode), sampleConfig(func(c *Config) { c.Isolation = mode }), func(t *testing.T, h *Harness) {
			got, err := h.Wrap(Operation{Name: "context"}, nil, func(any) (any, error) {
				return h.Wrap(Operation{Name: "context below"}, nil, yields("done", nil))
			})
			require.NoError(t, err)
			require.Equal(t, []any{"not_found", true, []any{"from above", int64(1)}, "not_found"}, got)
		})
	}
}

func TestAFunctionOfTheHostProgramIsCalled(t *testing.T) {
	t.Parallel()
	Run(t, everywhere(), sampleConfig(nil), func(t *testing.T, h *Harness) {
		for _, n := range []int{0, 10, 100_000} {
			got, err := h.Wrap(Operation{Name: "reserve"}, map[string]any{"count": n}, nil)
			require.NoError(t, err)
			require.Equal(t, make([]byte, n), got)
		}
		_, err := h.Wrap(Operation{Name: "reserve"}, map[string]any{"count": -1}, nil)
		require.ErrorIs(t, err, errNoneLeft)
	})
}

func TestAFunctionThatIsNotOfferedIsOutOfReach(t *testing.T) {
	t.Parallel()
	_, err := New(t, everywhere()[0], Config{}).Wrap(Operation{Name: "reserve"}, nil, nil)
	require.EqualError(t, err, "aril: denied")
	_, err = Open(t, Wasm("./testdata/sample"), Config{})
	require.ErrorContains(t, err, "acme_stock_v1.reserve, which is not granted")
}

func TestLogLinesCarryTheirPairs(t *testing.T) {
	t.Parallel()
	Run(t, everywhere(), sampleConfig(func(c *Config) { c.Name = "logger" }), func(t *testing.T, h *Harness) {
		_, err := h.Wrap(Operation{Name: "log"}, "in", yields(nil, nil))
		require.NoError(t, err)
		require.Equal(t, []Entry{
			{-4, "init", map[string]any{"name": "logger"}},
			{8, "all kinds", map[string]any{
				"text": "x", "n": int64(1), "error": "aril: limit", "value": "in",
				"unfit": "!msgpack: a value's type has no AppendMsgpack method", "instant": time.Unix(1, 0).UTC(), "!BADKEY": int64(3), "!BADKEY 8": int64(4), "!BADKEY 9": "odd",
			}},
			{0, "bare", map[string]any{}},
			{0, "large", map[string]any{"bytes": "!100005 bytes", "text": "\ufffd"}},
			{0, "too many", map[string]any{}},
		}, h.Log())
	})
}

func TestAPanicIsLoggedAndAnotherInstanceTakesOver(t *testing.T) {
	t.Parallel()
	Run(t, targets(Single), sampleConfig(func(c *Config) { c.Isolation = Single }), func(t *testing.T, h *Harness) {
		_, err := h.Wrap(Operation{Name: "panic"}, nil, nil)
		var broken *Broken
		require.ErrorAs(t, err, &broken)
		require.Equal(t, Entry{8, "panic: runtime error: index out of range [0] with length 0", map[string]any{}}, h.Log()[len(h.Log())-1])
		got, err := h.Wrap(Operation{Name: "counts"}, nil, nil)
		require.NoError(t, err)
		require.Equal(t, []any{int64(1), int64(1)}, got)
	})
}

func TestAPanicOfTheOperationItselfIsTheTestsOwn(t *testing.T) {
	t.Parallel()
	h := New(t, everywhere()[0], Config{})
	own := errors.New("own")
	require.PanicsWithValue(t, own, func() {
		_, _ = h.Wrap(Operation{}, nil, func(any) (any, error) { panic(own) })
	})
}

func TestPassingThroughAllocatesNothingInTheGuest(t *testing.T) {
	t.Parallel()
	const runs = 1000
	h := New(t, wazeroTarget("./testdata/sample"), Config{Isolation: Single})
	mallocs := func() int64 {
		n, err := h.Call("mallocs", nil)
		require.NoError(t, err)
		return n.(int64)
	}
	before := mallocs()
	for range runs {
		_, err := h.Wrap(Operation{Name: "order.place"}, "x", yields("y", nil))
		require.NoError(t, err)
	}
	require.Less(t, mallocs()-before, int64(runs/10))
}
