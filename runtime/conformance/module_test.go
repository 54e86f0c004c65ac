package conformance

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
)

func guest(t *testing.T, name string) *ModuleSubject {
	t.Helper()
	wasm, err := os.ReadFile(filepath.Join("..", "..", "testdata", name+".wasm"))
	require.NoError(t, err)
	m, err := Module(t.Context(), wasm, ModuleConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close(context.Background())) })
	return m
}

func TestAModuleRunsCaseByCase(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, guest, members, want string }{
		{"it passes", "guests/pass", `"steps": [{"input": 1, "next": [{"value": {"n": 1}}], "expect": {"same": true, "next": [1]}}]`, ""},
		{"it traps", "guests/trap_before", `"steps": [{"repeat": 2, "expect": {"breaks": "ErrTrap", "next": []}}]`, ""},
		{"it traps after next", "guests/trap_after", `"steps": [{"expect": {"breaks": "ErrTrap", "next": [null]}}]`, ""},
		{"its fuel is limited", "guests/spin", `"sandbox": true, "limits": {"fuel": 1000000}, "steps": [{"expect": {"breaks": "ErrFuel"}}]`, ""},
		{"its time is limited", "guests/spin", `"limits": {"fuel": -1, "self_ms": 5}, "steps": [{"expect": {"breaks": ["ErrDeadline", "ErrFuel"]}}]`, ""},
		{"it may not repeat", "guests/twice", `"powers": ["ReadInput"], "steps": [{"expect": {"next": [null]}}]`, ""},
		{"it may", "guests/twice", `"steps": [{"expect": {"next": [null, null]}}]`, ""},
		{"a copy is not the same", "guests/echo", `"steps": [{"input": 7, "next": [{"value": 7}], "expect": {"same": true}}]`, "expected the very value of the last next, 7, got another one: the value 7"},
		{"a fresh memory forgets", "guests/counter", `"steps": [{"expect": {"value": {"$any": true}}}, {"expect": {"distinct": 1}}]`, "expected a list of 1"},
		{"its imports are not granted", "guests/asleep", `"grants": ["aril_log_v1"]`, "which is not granted"},
		{"a grant that is none", "guests/pass", `"grants": ["acme_stock_v1"]`, `grants: "acme_stock_v1" is none of`},
		{"another trap's name", "hostile/div_zero", `"steps": [{"expect": {"breaks": "ErrTrap", "message": "integer divide by zero"}}]`, ""},
		{"a Single extension begins anew", "guests/trap_before", `"isolation": "single", "steps": [{"repeat": 3, "expect": {"breaks": "ErrTrap"}}], "expect": {"log": []}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := runCase(t, guest(t, c.guest), c.members)
			if c.want == "" {
				require.Empty(t, r.Differences)
				return
			}
			require.NotEmpty(t, r.Differences)
			require.Contains(t, r.Differences[0].String(), c.want)
		})
	}
}

func TestAModuleThatIsNotTakenIsToldOnce(t *testing.T) {
	t.Parallel()
	suite, err := Shipped()
	require.NoError(t, err)
	report, err := Run(t.Context(), guest(t, "hostile/feature_shared_memory"), suite, Options{})
	require.ErrorIs(t, err, aril.ErrRefused)
	require.ErrorContains(t, err, "shared memory")
	require.Empty(t, report.Results)
}

func TestFiguresAreThoseOfTheFirstOperation(t *testing.T) {
	t.Parallel()
	m := guest(t, "guests/reread")
	r := runCase(t, m, `"measured": true, "steps": [{"input": {"$fill": [100, 1]}}]`)
	require.Equal(t, Passed, r.Status)
	require.Positive(t, r.Figures.Fuel)
	require.GreaterOrEqual(t, r.Figures.Bytes, int64(100))
	require.Positive(t, r.Figures.Median)
	again := runCase(t, m, `"measured": true, "steps": [{"input": {"$fill": [100, 1]}}]`)
	require.Equal(t, r.Figures.Fuel, again.Figures.Fuel)
	require.Equal(t, r.Figures.Bytes, again.Figures.Bytes)
}

func TestCasesDoNotSeeEachOther(t *testing.T) {
	t.Parallel()
	m := guest(t, "guests/keeper")
	for range 2 {
		first := runCase(t, m, `"steps": [{}], "expect": {"log": []}`)
		require.Equal(t, Passed, first.Status, first.Differences)
	}
}

func TestAnEmbeddersFunctionsAnswerInTurn(t *testing.T) {
	t.Parallel()
	m := guest(t, "guests/capability")
	r := runCase(t, m, `"functions": {"acme_stock_v1.reserve": [{"value": {"left": 1}}, {"error": {"code": "sold_out", "message": "none left"}}]}, "steps": [
		{"input": {"sku": "A-1"}, "expect": {"value": {"left": 1}}},
		{"input": {"sku": "A-1"}, "repeat": 2, "expect": {"error": {"code": "sold_out", "message": "none left"}}}
	]`)
	require.Empty(t, r.Differences)
}

func TestAFetchIsAnsweredAsTheCaseSaysWithoutANetwork(t *testing.T) {
	t.Parallel()
	r := runCase(t, guest(t, "guests/fetch"), `"functions": {"aril_http_v1.fetch": [{"value": {"status": 200, "headers": {}, "body": {"$bytes": "YQ=="}}}]},
		"steps": [{"input": {"url": "https://api.example.com/"}, "expect": {"value": {"status": 200, "headers": {}, "body": {"$bytes": "YQ=="}}}}]`)
	require.Empty(t, r.Differences)
}
