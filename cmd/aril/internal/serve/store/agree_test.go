package store_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/query"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store/storetest"
)

// Values that differ in ways that databases like to overlook.
var (
	numbers = []string{"0", "-0", "0.0", "1", "1.0", "10e-1", "0.1", "0.10", "-1", "-1.5", "2", "10", "9007199254740992", "9007199254740993", "9007199254740993.0",
		"-9007199254740993", "18446744073709551616", "123456789012345678901234567890.1", "1e300", "-1e300", "1e-300", "0.30000000000000004", "0.3", "1E2", "100"}
	words = []string{"", "a", "A", "b", "ab", "aB", "abc", "Z", "ä", "Ä", "a%b", "a_b", "%", "_", "*", "?", "[", "]", "[a]", `\`, `\%`, "a b", " a", "x\ny", "\t", "😀", "a😀b", "ſ", "ﬀ", "é", "é", "1", "10", "true", "null", "\u007f", "\u0080", "'", `"`, `"a"`, ";--", "$1", "?1", "\ufffd"}
	names = []string{"a", "b", "A", "n", "c.d", `e"f`, `g\h`, "ü", "0", "$", "'", " "}
)

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// escaped writes a text of JSON, some of it in \u.
func escaped(r *rand.Rand, s string) string {
	if r.IntN(3) > 0 {
		return quote(s)
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range s {
		switch {
		case c > 0xffff:
			b.WriteRune(c)
		case r.IntN(2) == 0 || c < ' ' || c == '"' || c == '\\':
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func space(r *rand.Rand) string { return pick(r, []string{"", "", "", " ", "\n\t"}) }

func randomValue(r *rand.Rand, depth int) string {
	switch n := r.IntN(12); {
	case n < 4:
		return pick(r, numbers)
	case n < 8:
		return escaped(r, pick(r, words))
	case n == 8:
		return pick(r, []string{"true", "false"})
	case n == 9:
		return "null"
	case n == 10:
		return "[" + space(r) + pick(r, []string{"", "1", `{"a":1}`, `"]"`, "[[]]"}) + space(r) + "]"
	case depth == 0:
		return "{}"
	}
	return randomObject(r, depth-1)
}

func randomObject(r *rand.Rand, depth int) string {
	var members []string
	for range r.IntN(6) {
		// A name comes twice now and then.
		members = append(members, space(r)+escaped(r, pick(r, names))+space(r)+":"+space(r)+randomValue(r, depth)+space(r))
	}
	return "{" + strings.Join(members, ",") + space(r) + "}"
}

// epoch is what random times are around.
var epoch = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

func randomTime(r *rand.Rand) time.Time {
	return epoch.Add(time.Duration(r.IntN(4)) * pick(r, []time.Duration{time.Microsecond, time.Second, 24 * time.Hour}))
}

func randomInstance(r *rand.Rand, i int) store.Instance {
	in := store.Instance{
		Domain: "shop", Workflow: "order", FlowVersion: pick(r, []string{"1.0.0", "1.10.0", "1.2.0"}),
		State: pick(r, words), Status: pick(r, []store.Status{store.Active, store.Busy, store.Completed, store.Faulted, store.Passive}),
		Attributes: json.RawMessage(randomObject(r, 2)), CreatedAt: randomTime(r), CreatedBy: pick(r, words), ModifiedBy: pick(r, words),
	}
	if r.IntN(3) > 0 {
		in.Key = pick(r, words) + fmt.Sprint(i)
	}
	for range r.IntN(3) {
		in.Tags = append(in.Tags, pick(r, words))
	}
	return in
}

// randomCondition is a field with its operators.
func randomCondition(r *rand.Rand) string {
	var field, value string
	ops := []string{"eq", "ne", "gt", "ge", "lt", "le", "between", "like", "startswith", "endswith", "in", "nin", "isnull"}
	text := func() string { return quote(pick(r, words)) }
	literal := text
	switch r.IntN(4) {
	case 0:
		field = quote(pick(r, []string{"key", "state", "currentState", "status", "flowVersion", "createdBy", "modifiedBy", "id", "etag", "tags"}))
	case 1:
		field = quote(pick(r, []string{"createdAt", "modifiedAt", "completedAt"}))
		literal = func() string {
			return quote(randomTime(r).Format(pick(r, []string{time.RFC3339Nano, time.DateOnly, "2006-01-02T15:04:05.0000005+03:00"})))
		}
		ops = []string{"eq", "ne", "gt", "ge", "lt", "le", "between", "in", "nin", "isnull"}
	default:
		escape := strings.NewReplacer(`\`, `\\`, `.`, `\.`)
		path := "attributes"
		for range 1 + r.IntN(3) {
			path += "." + escape.Replace(pick(r, names))
		}
		field = quote(path)
		if r.IntN(2) == 0 {
			literal = func() string { return pick(r, numbers) }
		}
		if r.IntN(8) == 0 {
			literal = func() string { return pick(r, []string{"true", "false"}) }
			ops = []string{"eq", "ne", "in", "nin"}
		}
	}
	op := pick(r, ops)
	switch op {
	case "isnull":
		value = pick(r, []string{"true", "false"})
	case "like", "startswith", "endswith":
		value = text()
		if r.IntN(2) == 0 {
			value = quote(pick(r, []string{"%", "", "a%", "_", "a_", "%b", `\%`, `a\_b`, "%%", "_%_", `\`, "%a%b%", "[%", "*%"}))
		}
	case "between":
		value = "[" + literal() + "," + literal() + "]"
	case "in", "nin":
		value = "[" + literal() + "," + text() + "," + literal() + "]"
		if !strings.HasPrefix(field, `"attributes`) {
			value = "[" + literal() + "," + literal() + "]"
		}
	default:
		value = literal()
	}
	return fmt.Sprintf(`{%s:{%q:%s}}`, field, op, value)
}

func randomFilter(r *rand.Rand, depth int) string {
	if depth == 0 || r.IntN(3) == 0 {
		return randomCondition(r)
	}
	switch r.IntN(3) {
	case 0:
		return `{"not":` + randomFilter(r, depth-1) + `}`
	case 1:
		return `{"or":[` + randomFilter(r, depth-1) + "," + randomFilter(r, depth-1) + `]}`
	}
	return `{"and":[` + randomFilter(r, depth-1) + "," + randomFilter(r, depth-1) + `]}`
}

func randomSort(r *rand.Rand) string {
	var fields []string
	for range r.IntN(3) {
		fields = append(fields, pick(r, []string{"", "-"})+pick(r, []string{"key", "state", "status", "createdAt", "modifiedAt", "completedAt", "createdBy", "id", "etag", "attributes.a", "attributes.b", "attributes.a.a", "attributes.ü"}))
	}
	return strings.Join(fields, ",")
}

// TestDatabasesAgreeWithPlainGo runs random queries on random instances.
func TestDatabasesAgreeWithPlainGo(t *testing.T) {
	t.Parallel()
	rounds, queries := 2, 120
	if os.Getenv("ARIL_SERVE_LONG") != "" {
		rounds, queries = 60, 1000
	}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		t.Parallel()
		some := 0
		for round := range rounds {
			seed := rand.Uint64()
			r := rand.New(rand.NewPCG(seed, uint64(round)))
			workflow := fmt.Sprint("order", round)
			var all []store.Instance
			for i := range 80 {
				in := randomInstance(r, i)
				in.Workflow = workflow
				in, existed, err := s.Start(t.Context(), in, store.Transition{})
				require.NoError(t, err, "%+v", in)
				if !existed { // two random keys may be the same
					all = append(all, in)
				}
			}
			for range queries {
				v := url.Values{"filter": {randomFilter(r, 3)}, "sort": {randomSort(r)}, "page": {fmt.Sprint(1 + r.IntN(3))}, "pageSize": {fmt.Sprint(1 + r.IntN(40))}}
				q, err := query.Parse(v)
				require.NoError(t, err, "%v", v)
				want, wantMore := list(all, q)
				items, more, err := s.List(t.Context(), "shop", workflow, q)
				require.NoError(t, err, "%v", v)
				var got []string
				for _, in := range items {
					got = append(got, in.ID)
				}
				if !equal(want, got) || wantMore != more {
					t.Fatalf("seed %d round %d: %v\nwant %s\n got %s", seed, round, v, describe(all, want), describe(all, got))
				}
				if len(want) > 0 {
					some++
				}
			}
		}
		require.Greater(t, some, rounds*queries/5, "the random filters find too little to be of use")
	})
}

func equal(a, b []string) bool { return strings.Join(a, " ") == strings.Join(b, " ") }

func describe(all []store.Instance, ids []string) string {
	var b strings.Builder
	for _, id := range ids {
		for _, in := range all {
			if in.ID == id {
				fmt.Fprintf(&b, "\n  %s key=%q state=%q %s", id, in.Key, in.State, in.Attributes)
			}
		}
	}
	return b.String()
}
