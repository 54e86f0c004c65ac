package guest

import (
	"slices"
	"strconv"

	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/guest-sdk/go/guest/msgpack"
	"github.com/aril-wasm/aril/guest-sdk/go/internal/host"
)

// Log writes to the host's log. Arguments after the message are pairs of a
// string key and a value that [Of] takes, an error, or something with the
// method String:
//
//	guest.Log.Info("retrying", "attempt", i, "error", err)
//
// What the host does not want, or what is past its limit, is dropped.
var Log logger

type logger struct{}

func (logger) Debug(message string, pairs ...any) { write(names.LogDebug, message, pairs) }
func (logger) Info(message string, pairs ...any)  { write(names.LogInfo, message, pairs) }
func (logger) Warn(message string, pairs ...any)  { write(names.LogWarn, message, pairs) }
func (logger) Error(message string, pairs ...any) { write(names.LogError, message, pairs) }

func write(level int32, message string, pairs []any) {
	if len(pairs) == 0 {
		host.Log(level, message, nil)
		return
	}
	n := 0
	for rest := pairs; len(rest) > 0 && n < maxPairs; n++ {
		_, _, rest = pair(rest)
	}
	in := self()
	b := msgpack.AppendMap(in.borrow(), n)
	keys := make([]string, 0, 8)
	for rest := pairs; len(keys) < n; {
		var key string
		var value any
		key, value, rest = pair(rest)
		key = unused(key, keys)
		keys = append(keys, key)
		b = appendAttribute(msgpack.AppendStr(b, legal(key, maxCode)), value)
	}
	if status, _ := host.Unpack(host.Log(level, message, b)); status == names.StatusInvalid || status == names.StatusTooLarge {
		host.Log(level, message, nil)
	}
	in.restore(b)
}

// pair takes the first pair off. An argument without a key gets the one that
// log/slog gives it.
func pair(pairs []any) (key string, value any, rest []any) {
	key, ok := pairs[0].(string)
	if !ok || len(pairs) == 1 {
		return "!BADKEY", pairs[0], pairs[1:]
	}
	return key, pairs[1], pairs[2:]
}

// unused adds its position to a key that is among those before it: a message
// has no key twice.
func unused(key string, before []string) string {
	numbered := key
	for i := len(before) + 1; slices.Contains(before, numbered); i++ {
		numbered = key + " " + strconv.Itoa(i)
	}
	return numbered
}

// Bounds of one value, in bytes, and of the pairs of one line. The host shows
// no more of a line than that.
const (
	maxAttribute = 4 << 10
	maxPairs     = 64
)

func appendAttribute(b []byte, x any) []byte {
	switch x := x.(type) {
	case msgpack.Appender:
	case error:
		return msgpack.AppendStr(b, legal(x.Error(), maxAttribute))
	case interface{ String() string }:
		return msgpack.AppendStr(b, legal(x.String(), maxAttribute))
	case string:
		return msgpack.AppendStr(b, legal(x, maxAttribute))
	}
	at := len(b)
	b, err := msgpack.AppendAny(b, x)
	switch n := len(b) - at; {
	case err != nil:
		return msgpack.AppendStr(b[:at], "!"+err.Error())
	case n > maxAttribute:
		return msgpack.AppendStr(b[:at], "!"+strconv.Itoa(n)+" bytes")
	}
	return b
}
