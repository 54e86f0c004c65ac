package abi_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tinylib/msgp/msgp"

	"github.com/aril-wasm/aril/abi"
)

func TestFilterMatches(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		filter          abi.Filter
		kind, name, key string
		want            bool
	}{
		"everything when it is empty":           {abi.Filter{}, "resolve", "db", "", true},
		"a kind":                                {abi.Filter{Kinds: []string{"resolve"}}, "resolve", "db", "", true},
		"not another kind":                      {abi.Filter{Kinds: []string{"resolve"}}, "resolver", "db", "", false},
		"not a part of a kind":                  {abi.Filter{Kinds: []string{"resolve"}}, "resolv", "db", "", false},
		"a name by its beginning":               {abi.Filter{Names: []string{"order.*"}}, "execution", "order.place", "", true},
		"a name that is the beginning itself":   {abi.Filter{Names: []string{"order.*"}}, "execution", "order.", "", true},
		"not a name without the whole of it":    {abi.Filter{Names: []string{"order.*"}}, "execution", "order", "", false},
		"not a name that has it further on":     {abi.Filter{Names: []string{"place*"}}, "execution", "order.place", "", false},
		"not with its star in mid-name":         {abi.Filter{Names: []string{"o*r"}}, "execution", "order", "", false},
		"any of a list":                         {abi.Filter{Names: []string{"a", "b*", "c"}}, "execution", "c", "", true},
		"none of a list":                        {abi.Filter{Names: []string{"a", "b*", "c"}}, "execution", "d", "", false},
		"a star alone: all":                     {abi.Filter{Names: []string{"*"}}, "execution", "", "", true},
		"a star alone: an absent key too":       {abi.Filter{Keys: []string{"*"}}, "execution", "order.place", "", true},
		"the empty pattern: the absent key":     {abi.Filter{Keys: []string{""}}, "execution", "order.place", "", true},
		"the empty pattern: no key that exists": {abi.Filter{Keys: []string{""}}, "execution", "order.place", "k", false},
		"case by case":                          {abi.Filter{Names: []string{"Order"}}, "execution", "order", "", false},
		"when all three lists do":               {abi.Filter{Kinds: []string{"e*"}, Names: []string{"*"}, Keys: []string{"k1", "k2"}}, "execution", "x", "k2", true},
		"not when the kind does not":            {abi.Filter{Kinds: []string{"f"}, Names: []string{"*"}, Keys: []string{"k"}}, "e", "x", "k", false},
		"not when the name does not":            {abi.Filter{Kinds: []string{"e"}, Names: []string{"y"}, Keys: []string{"k"}}, "e", "x", "k", false},
		"not when the key does not":             {abi.Filter{Kinds: []string{"e"}, Names: []string{"x"}, Keys: []string{"l"}}, "e", "x", "k", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, c.filter.Match(c.kind, c.name, c.key))
		})
	}
}

func TestAManifestMatchesWhenOneOfItsFiltersDoes(t *testing.T) {
	t.Parallel()
	m := abi.Manifest{}
	require.True(t, m.Match("execution", "order.place", ""), "no filter: everything")
	m.Filters = []abi.Filter{{Kinds: []string{"resolve"}}, {Names: []string{"order.*"}}}
	require.True(t, m.Match("resolve", "db", ""))
	require.True(t, m.Match("execution", "order.place", ""))
	require.False(t, m.Match("execution", "payment", ""))
}

func TestMatchingDoesNotAllocate(t *testing.T) {
	m := abi.Manifest{Filters: []abi.Filter{{Kinds: []string{"resolve"}}, {Names: []string{"order.*"}}}}
	require.Zero(t, testing.AllocsPerRun(100, func() { m.Match("execution", "order.place", "") }))
}

func TestValidateSaysEverythingThatIsWrongAtOnce(t *testing.T) {
	t.Parallel()
	m := abi.Manifest{
		Name: "Audit", Version: "1 2", Hooks: []string{"wrap", "warp", "wrap"},
		Filters:      []abi.Filter{{Names: []string{"a*b"}}, {Keys: []string{strings.Repeat("k", 257), "\xff"}}},
		Capabilities: []string{"aril_state_v1", "Acme"},
		ConfigSchema: abi.Raw{0x93},
	}
	err := m.Validate()
	var all *abi.ManifestError
	require.True(t, errors.As(err, &all))
	require.Equal(t, []string{
		`name "Audit" is not [a-z0-9][a-z0-9._-]{0,63}`,
		`version "1 2" is not at most 64 printable ASCII characters`,
		`hook "warp" is none of init, resume, wrap, event, call, dispose`,
		`hook "wrap" is listed twice`,
		`filters[0].names: pattern "a*b" has a * before its end`,
		`filters[1].keys: a pattern of 257 bytes, more than 256`,
		`filters[1].keys: pattern "\xff" is not UTF-8`,
		`capability "Acme" is not [a-z][a-z0-9_]{0,127}`,
		`config_schema: malformed msgpack: count exceeds the remaining bytes at byte 0`,
	}, all.Problems)
	require.EqualError(t, err, "manifest: "+strings.Join(all.Problems, "; "))
}

func TestValidateHoldsItsLimitsToTheLast(t *testing.T) {
	t.Parallel()
	many := func(n int) []string {
		list := make([]string, n)
		for i := range list {
			list[i] = "m"
		}
		return list
	}
	schema := func(n int) abi.Raw {
		b := msgp.AppendMapHeader(nil, 1)
		b = msgp.AppendString(b, "")
		return abi.Raw(msgp.AppendBytes(b, make([]byte, n-2-5)))
	}
	for name, c := range map[string]struct {
		change func(*abi.Manifest)
		want   string // "" when it is valid
	}{
		"a name of one character":               {func(m *abi.Manifest) { m.Name = "0" }, ""},
		"a name with everything it may have":    {func(m *abi.Manifest) { m.Name = "a0._-" }, ""},
		"a name of 64 characters":               {func(m *abi.Manifest) { m.Name = strings.Repeat("a", 64) }, ""},
		"a name of 65 characters":               {func(m *abi.Manifest) { m.Name = strings.Repeat("a", 65) }, "name"},
		"no name":                               {func(m *abi.Manifest) { m.Name = "" }, "name"},
		"a name that begins with a dot":         {func(m *abi.Manifest) { m.Name = ".a" }, "name"},
		"a name with a line end":                {func(m *abi.Manifest) { m.Name = "a\n" }, "name"},
		"a name with a slash":                   {func(m *abi.Manifest) { m.Name = "a/b" }, "name"},
		"a version of 64 characters":            {func(m *abi.Manifest) { m.Version = strings.Repeat("1", 64) }, ""},
		"a version of 65 characters":            {func(m *abi.Manifest) { m.Version = strings.Repeat("1", 65) }, "version"},
		"a version that is not ASCII":           {func(m *abi.Manifest) { m.Version = "1.0ä" }, "version"},
		"every hook":                            {func(m *abi.Manifest) { m.Hooks = []string{"init", "resume", "wrap", "event", "call", "dispose"} }, ""},
		"an export where a hook should be":      {func(m *abi.Manifest) { m.Hooks = []string{"memory"} }, "hook"},
		"256 filters":                           {func(m *abi.Manifest) { m.Filters = make([]abi.Filter, 256) }, ""},
		"257 filters":                           {func(m *abi.Manifest) { m.Filters = make([]abi.Filter, 257) }, "257 filters"},
		"64 patterns in a list":                 {func(m *abi.Manifest) { m.Filters = []abi.Filter{{Kinds: many(64)}} }, ""},
		"65 patterns in a list":                 {func(m *abi.Manifest) { m.Filters = []abi.Filter{{Kinds: many(65)}} }, "filters[0].kinds: 65 patterns"},
		"a pattern of 256 bytes":                {func(m *abi.Manifest) { m.Filters = []abi.Filter{{Keys: []string{strings.Repeat("k", 256)}}} }, ""},
		"a pattern with two stars":              {func(m *abi.Manifest) { m.Filters = []abi.Filter{{Keys: []string{"a**"}}} }, "* before its end"},
		"256 capabilities":                      {func(m *abi.Manifest) { m.Capabilities = many(256) }, ""},
		"257 capabilities":                      {func(m *abi.Manifest) { m.Capabilities = many(257) }, "257 capabilities"},
		"a capability of 128 characters":        {func(m *abi.Manifest) { m.Capabilities = []string{strings.Repeat("c", 128)} }, ""},
		"a capability of 129 characters":        {func(m *abi.Manifest) { m.Capabilities = []string{strings.Repeat("c", 129)} }, "capability"},
		"a capability that begins with a digit": {func(m *abi.Manifest) { m.Capabilities = []string{"1c"} }, "capability"},
		"an empty capability":                   {func(m *abi.Manifest) { m.Capabilities = []string{""} }, "capability"},
		"a schema of 256 KiB":                   {func(m *abi.Manifest) { m.ConfigSchema = schema(abi.MaxConfigSchema) }, ""},
		"a schema of more":                      {func(m *abi.Manifest) { m.ConfigSchema = schema(abi.MaxConfigSchema + 1) }, "config_schema"},
		"a schema that is no map":               {func(m *abi.Manifest) { m.ConfigSchema = abi.Raw{0x90} }, "config_schema is not a map"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := abi.Manifest{Name: "audit"}
			c.change(&m)
			err := m.Validate()
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			var all *abi.ManifestError
			require.ErrorAs(t, err, &all)
			require.Len(t, all.Problems, 1)
			require.Contains(t, all.Problems[0], c.want)
		})
	}
}

func TestAHostileManifestDoesNotFillTheLog(t *testing.T) {
	t.Parallel()
	m := abi.Manifest{Name: strings.Repeat("N", 1<<20)}
	for range 1000 {
		m.Capabilities = append(m.Capabilities, strings.Repeat("\n", 1000))
	}
	err := m.Validate()
	require.Error(t, err)
	require.Less(t, len(err.Error()), 16<<10)
	require.NotContains(t, err.Error(), "\n")
	require.Contains(t, err.Error(), "; and more")
}
