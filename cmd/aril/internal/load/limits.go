package load

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	aril "github.com/aril-wasm/aril/runtime"
)

// Limits reads "name=value" pairs: the names are those of [aril.Limits] with
// small letters, "self_time". Values are numbers, sizes (16MiB), times (100ms)
// or "unlimited".
func Limits(pairs []string) (aril.Limits, error) {
	var l aril.Limits
	v := reflect.ValueOf(&l).Elem()
	for _, pair := range pairs {
		name, text, ok := strings.Cut(pair, "=")
		i := slices.Index(LimitNames(), name)
		if !ok || i < 0 {
			return l, fmt.Errorf("limit %q is not NAME=VALUE with a name of %s", pair, strings.Join(LimitNames(), ", "))
		}
		n, err := limit(text, v.Field(i).Type() == reflect.TypeFor[time.Duration]())
		if err != nil {
			return l, fmt.Errorf("limit %s: %w", name, err)
		}
		v.Field(i).SetInt(n)
	}
	return l, nil
}

// LimitNames lists the limits by the names that Limits reads.
func LimitNames() []string {
	t := reflect.TypeFor[aril.Limits]()
	var names []string
	for i := range t.NumField() {
		names = append(names, snake(t.Field(i).Name))
	}
	return names
}

func snake(camel string) string {
	var b strings.Builder
	for i, r := range camel {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

func limit(text string, duration bool) (int64, error) {
	if text == "unlimited" {
		return aril.Unlimited, nil
	}
	if duration {
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			return 0, fmt.Errorf("%q is no time such as 100ms, nor \"unlimited\"", text)
		}
		return int64(d), nil
	}
	digits, unit := text, int64(1)
	for suffix, u := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "k": 1e3, "M": 1e6, "G": 1e9} {
		if rest, ok := strings.CutSuffix(text, suffix); ok {
			digits, unit = rest, u
			break
		}
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(strings.TrimSpace(digits), "_", ""), 10, 64)
	if err != nil || n <= 0 || n > 1<<62/unit {
		return 0, fmt.Errorf("%q is no positive number such as 1000000, 100M or 16MiB, nor \"unlimited\"", text)
	}
	return n * unit, nil
}

// Powers reads names of powers as [aril.Powers] writes them; none is all, and
// "none" is no power.
func Powers(names []string) (aril.Powers, error) {
	known := map[string]aril.Powers{}
	var list []string
	for p := aril.Powers(1); p&aril.AllPowers != 0; p <<= 1 {
		known[p.String()] = p
		list = append(list, p.String())
	}
	var powers aril.Powers
	for _, n := range names {
		p, ok := known[n]
		switch {
		case ok:
			powers |= p
		case n == "none" && len(names) == 1:
			return aril.ObserveOnly, nil
		default:
			return 0, fmt.Errorf("power %q is none of %s, and not \"none\"", n, strings.Join(list, ", "))
		}
	}
	return powers, nil
}

// Isolation reads the name of a mode.
func Isolation(name string) (aril.Isolation, error) {
	switch name {
	case "", "fresh":
		return aril.Fresh, nil
	case "pooled":
		return aril.Pooled, nil
	case "single":
		return aril.Single, nil
	}
	return 0, fmt.Errorf("isolation %q is none of fresh, pooled, single", name)
}
