package enrich

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tinylib/msgp/msgp"
)

func text2(k, v string) []byte { return msgp.AppendString(msgp.AppendString(nil, k), v) }

func TestMessagesBecomeJSONInTheirOrder(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	for _, c := range []struct {
		name, want string
		message    []byte
	}{
		{"a map", `{"z":"1","a":"2"}`, append(append(msgp.AppendMapHeader(nil, 2), text2("z", "1")...), text2("a", "2")...)},
		{"integer keys", `{"-1":true,"2":null}`, msgp.AppendNil(msgp.AppendUint(msgp.AppendBool(msgp.AppendInt(msgp.AppendMapHeader(nil, 2), -1), true), 2))},
		{"numbers", `[18446744073709551615,-9223372036854775808,0.5,1.5]`, msgp.AppendFloat32(msgp.AppendFloat64(msgp.AppendInt64(msgp.AppendUint64(msgp.AppendArrayHeader(nil, 4), math.MaxUint64), math.MinInt64), 0.5), 1.5)},
		{"text", `"\"\\\n\u0001ü\u2028�"`, msgp.AppendString(nil, "\"\\\n\x01ü\u2028\xff")},
		{"bytes", `"AAEC"`, msgp.AppendBytes(nil, []byte{0, 1, 2})},
		{"a time", `"2026-01-02T03:04:05.000000006Z"`, msgp.AppendTimeExt(nil, at)},
		{"empty ones", `[[],{}]`, msgp.AppendMapHeader(msgp.AppendArrayHeader(msgp.AppendArrayHeader(nil, 2), 0), 0)},
	} {
		got, rest, err := appendJSON(nil, c.message, 0)
		require.NoError(t, err, c.name)
		require.Empty(t, rest, c.name)
		require.Equal(t, c.want, string(got), c.name)
		require.True(t, json.Valid(got), c.name)
	}
}

func TestWhatJSONDoesNotHaveIsAnError(t *testing.T) {
	t.Parallel()
	for says, message := range map[string][]byte{
		"a number that JSON":    msgp.AppendFloat64(nil, math.NaN()),
		"opaque":                {0xd4, 0x01, 0x00},
		"neither text nor":      msgp.AppendBool(msgp.AppendBool(msgp.AppendMapHeader(nil, 1), true), true),
		"there twice":           append(append(msgp.AppendMapHeader(nil, 2), text2("a", "1")...), text2("a", "2")...),
		"nested deeper than 64": []byte(strings.Repeat("\x91", 70) + "\xc0"),
		"too few bytes":         {0x93, 0x01},
	} {
		_, _, err := appendJSON(nil, message, 0)
		require.ErrorContains(t, err, says)
	}
}

func FuzzAppendJSON(f *testing.F) {
	f.Add(append(append(msgp.AppendMapHeader(nil, 2), text2("z", "1")...), text2("a", "2")...))
	f.Add(msgp.AppendTimeExt(nil, time.Unix(1, 2)))
	f.Add([]byte{0xdf, 0xff, 0xff, 0xff, 0xff, 0xc0})
	f.Fuzz(func(t *testing.T, message []byte) {
		got, _, err := appendJSON(nil, message, 0)
		if err == nil && !json.Valid(got) {
			t.Fatalf("%x became %q", message, got)
		}
		var a answer
		if _, err := a.UnmarshalMsg(message); err == nil && a.Data != nil && !json.Valid(a.Data) {
			t.Fatalf("%x answered %q", message, a.Data)
		}
	})
}

// What is wrong with a document is an error, whatever it is.
func FuzzParse(f *testing.F) {
	f.Add(ext{key: "x", more: `"fallback":{"a":1},"cache":{"ttlSeconds":1,"vary":[]}`}.doc().JSON)
	f.Add(taskDoc("core", "t", "6", `{"url":"https://a.example/{{instance.id}}?q={{query.x}}","body":{"a":"{{body}}"}}`).JSON)
	f.Add(workflowDoc("core", "w", "core/x 1").JSON)
	f.Add([]byte(`{"flow":"sys-tasks","attributes":{"errorBoundary":{"onError":[{"action":1,"retryPolicy":{"initialDelay":"PT1S"}}]}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, issues := parse(Document{Name: "f", JSON: raw}, 1<<20)
		if p == nil && len(issues) == 0 {
			t.Fatal("neither a definition nor an issue")
		}
		for _, i := range issues {
			if i.Line < 1 {
				t.Fatalf("%v", i)
			}
		}
	})
}
