package abi

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/tinylib/msgp/msgp"

	"github.com/aril-wasm/aril/abi/names"
)

// Limits of messages, in bytes unless said otherwise. abi/ABI.md#messages.
const (
	MaxErrorBytes   = 256 << 10 // a whole Error message
	MaxErrorMessage = 64 << 10  // its text, and that of each cause
	MaxErrorCode    = 256       // its code, and that of each cause
	MaxErrorDepth   = 16        // Errors in a chain of causes, the outermost counted
	MaxHeader       = 1 << 20   // an Operation, Init, Call or Event
	MaxManifest     = 1 << 20   // the section "aril"
)

// A MessageError says what is wrong with a message. It wraps ErrMalformed or
// ErrOverLimit; a *ScanError is in its chain when the bytes are no msgpack.
type MessageError struct {
	Message string // "Operation", "Error", …
	Key     string // with dots for nested ones, "cause.code"; "" for the whole
	Err     error
}

// Error names the message and the key, and gives the reason.
func (e *MessageError) Error() string {
	if e.Key == "" {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message + ": " + e.Key + ": " + e.Err.Error()
}

// Unwrap gives the reason.
func (e *MessageError) Unwrap() error { return e.Err }

// DecodeOperation reads an Operation message: scanned first, at most
// MaxHeader bytes, required keys there, unknown ones ignored. The result
// shares no memory with b. Errors are *MessageError.
func DecodeOperation(b []byte) (*Operation, error) {
	v := new(Operation)
	if err := decode("Operation", b, ScanLimits{Bytes: MaxHeader}, operationKeys, v); err != nil {
		return nil, err
	}
	if err := checkEntropy("Operation", v.Entropy); err != nil {
		return nil, err
	}
	return v, nil
}

// DecodeError reads an Error message within the limits MaxError…, as
// DecodeOperation does. Kind and Handle are as the bytes have them: whether a
// guest may claim them is for the caller to decide.
func DecodeError(b []byte) (*Error, error) {
	v := new(Error)
	if err := decode("Error", b, ScanLimits{Bytes: MaxErrorBytes}, errorKeys, v); err != nil {
		return nil, err
	}
	key := ""
	for e := v; e != nil; e = e.Cause {
		switch {
		case len(e.Code) > MaxErrorCode:
			return nil, overLimit("Error", key+"code", len(e.Code), MaxErrorCode)
		case len(e.Message) > MaxErrorMessage:
			return nil, overLimit("Error", key+"message", len(e.Message), MaxErrorMessage)
		case len(e.Handle) != 0 && len(e.Handle) != names.HandleSize:
			return nil, malformed("Error", key+"handle", "%d bytes, not %d", len(e.Handle), names.HandleSize)
		}
		key += "cause."
	}
	return v, nil
}

// DecodeInit reads an Init message, as DecodeOperation does.
func DecodeInit(b []byte) (*Init, error) {
	v := new(Init)
	if err := decode("Init", b, ScanLimits{Bytes: MaxHeader}, initKeys, v); err != nil {
		return nil, err
	}
	return v, nil
}

// DecodeCall reads a Call message, as DecodeOperation does.
func DecodeCall(b []byte) (*Call, error) {
	v := new(Call)
	if err := decode("Call", b, ScanLimits{Bytes: MaxHeader}, callKeys, v); err != nil {
		return nil, err
	}
	if err := checkEntropy("Call", v.Entropy); err != nil {
		return nil, err
	}
	return v, nil
}

// DecodeEvent reads an Event message, as DecodeOperation does.
func DecodeEvent(b []byte) (*Event, error) {
	v := new(Event)
	if err := decode("Event", b, ScanLimits{Bytes: MaxHeader}, eventKeys, v); err != nil {
		return nil, err
	}
	if err := checkEntropy("Event", v.Entropy); err != nil {
		return nil, err
	}
	return v, nil
}

// DecodeManifest reads the content of a section "aril", at most MaxManifest
// bytes, and validates it. Errors are *MessageError, or what
// Manifest.Validate gives.
func DecodeManifest(b []byte) (*Manifest, error) {
	v := new(Manifest)
	if err := decode("Manifest", b, ScanLimits{Bytes: MaxManifest, Elements: maxManifestElements}, manifestKeys, v); err != nil {
		return nil, err
	}
	if err := v.Validate(); err != nil {
		return nil, err
	}
	return v, nil
}

func checkEntropy(message string, entropy []byte) error {
	if len(entropy) != names.EntropySize {
		return malformed(message, names.KeyEntropy, "%d bytes, not %d", len(entropy), names.EntropySize)
	}
	return nil
}

// A key is one that a message may have.
type key struct {
	name     string
	required bool
	kind     keyKind
	nested   []key // of a map, or of the maps in an array
}

// keyKind is what msgp does not check, or not strictly.
type keyKind byte

const (
	keyOther   keyKind = iota // str, bin, int, bool: msgp checks the type, checkMap the UTF-8
	keyAny                    // any value
	keyAnyMap                 // any map, or nil
	keyMap                    // a map of the nested keys, or nil
	keyMaps                   // an array of maps of the nested keys
	keyStrings                // an array of str
)

var (
	operationKeys = []key{
		{name: names.KeyKind, required: true}, {name: names.KeyName, required: true}, {name: names.KeyKey},
		{name: names.KeyID, required: true}, {name: names.KeyRoot, required: true}, {name: names.KeyDepth, required: true},
		{name: names.KeyMaxNext, required: true}, {name: names.KeyPowers, required: true},
		{name: names.KeyEntropy, required: true}, {name: names.KeyMeta, kind: keyAnyMap},
	}
	initKeys = []key{
		{name: names.KeyName, required: true}, {name: names.KeyVersion, required: true}, {name: names.KeyPowers, required: true},
	}
	callKeys = []key{
		{name: names.KeyMethod, required: true}, {name: names.KeyID, required: true}, {name: names.KeyEntropy, required: true},
	}
	eventKeys = []key{
		{name: names.KeyEvent, required: true}, {name: names.KeyID, required: true}, {name: names.KeyScope},
		{name: names.KeyName}, {name: names.KeyEntropy, required: true},
	}
	filterKeys   = []key{{name: "kinds", kind: keyStrings}, {name: "names", kind: keyStrings}, {name: "keys", kind: keyStrings}}
	manifestKeys = []key{
		{name: names.KeyName, required: true}, {name: names.KeyVersion}, {name: "hooks", kind: keyStrings},
		{name: "filters", kind: keyMaps, nested: filterKeys},
		{name: "capabilities", kind: keyStrings}, {name: "config_schema", kind: keyAnyMap},
	}
	errorKeys = errorKeysTo(MaxErrorDepth)
)

// errorKeysTo gives the keys of a chain of depth Errors.
func errorKeysTo(depth int) []key {
	keys := []key{
		{name: names.KeyCode, required: true}, {name: names.KeyMessage, required: true}, {name: names.KeyKind},
		{name: names.KeyData, kind: keyAny}, {name: names.KeyRetryable}, {name: names.KeyHandle},
	}
	cause := key{name: names.KeyCause, kind: keyMap}
	if depth > 1 {
		cause.nested = errorKeysTo(depth - 1)
	}
	return append(keys, cause)
}

// One byte can become a Filter of 72, so that without this limit a manifest
// of 1 MiB could allocate 72. Other messages keep what nests as bytes.
const maxManifestElements = 1 << 17

// decode scans b, checks its keys and reads it into v.
func decode(message string, b []byte, l ScanLimits, keys []key, v msgp.Unmarshaler) error {
	if err := Scan(b, l); err != nil {
		return &MessageError{Message: message, Err: err}
	}
	if _, err := checkMap(message, "", b, keys); err != nil {
		return err
	}
	if _, err := v.UnmarshalMsg(b); err != nil {
		return malformed(message, "", "%v", err)
	}
	return nil
}

// checkMap checks what msgp lets pass: that a map's keys are str and none of
// ours occurs twice, that the required ones are there, that strings are
// UTF-8. b is well-formed. It gives what comes after the map.
func checkMap(message, path string, b []byte, keys []key) ([]byte, error) {
	if msgp.NextType(b) != msgp.MapType {
		return nil, malformed(message, trimDot(path), "not a map")
	}
	n, b, err := msgp.ReadMapHeaderBytes(b)
	if err != nil {
		return nil, malformed(message, trimDot(path), "%v", err)
	}
	var seen uint64
	for range n {
		if msgp.NextType(b) != msgp.StrType {
			return nil, malformed(message, trimDot(path), "a key that is no str")
		}
		var name []byte
		if name, b, err = msgp.ReadStringZC(b); err != nil {
			return nil, malformed(message, trimDot(path), "%v", err)
		}
		i := findKey(keys, name)
		if i < 0 {
			if b, err = msgp.Skip(b); err != nil {
				return nil, malformed(message, trimDot(path), "%v", err)
			}
			continue
		}
		if seen&(1<<i) != 0 {
			return nil, malformed(message, path+keys[i].name, "twice")
		}
		seen |= 1 << i
		if b, err = checkValue(message, path+keys[i].name, b, keys[i]); err != nil {
			return nil, err
		}
	}
	for i, k := range keys {
		if k.required && seen&(1<<i) == 0 {
			return nil, malformed(message, path+k.name, "missing")
		}
	}
	return b, nil
}

func checkValue(message, path string, b []byte, k key) ([]byte, error) {
	typ := msgp.NextType(b)
	switch k.kind {
	case keyMap:
		if typ == msgp.NilType {
			break
		}
		if k.nested == nil {
			return nil, &MessageError{message, path, fmt.Errorf("%w: more than %d causes deep", ErrOverLimit, MaxErrorDepth)}
		}
		return checkMap(message, path+".", b, k.nested)
	case keyAnyMap:
		if typ != msgp.MapType && typ != msgp.NilType {
			return nil, malformed(message, path, "not a map")
		}
	case keyMaps, keyStrings:
		n, rest, err := msgp.ReadArrayHeaderBytes(b)
		if err != nil {
			return nil, malformed(message, path, "not an array")
		}
		b = rest
		for i := range n {
			at := fmt.Sprintf("%s[%d]", path, i)
			if k.kind == keyMaps {
				b, err = checkMap(message, at+".", b, k.nested)
			} else {
				b, err = checkValue(message, at, b, key{})
			}
			if err != nil {
				return nil, err
			}
		}
		return b, nil
	case keyOther:
		if typ == msgp.NilType {
			return nil, malformed(message, path, "nil")
		}
		if typ == msgp.StrType {
			s, rest, err := msgp.ReadStringZC(b)
			if err != nil {
				return nil, malformed(message, path, "%v", err)
			}
			if !utf8.Valid(s) {
				return nil, malformed(message, path, "not UTF-8")
			}
			return rest, nil
		}
	}
	rest, err := msgp.Skip(b)
	if err != nil {
		return nil, malformed(message, path, "%v", err)
	}
	return rest, nil
}

func findKey(keys []key, name []byte) int {
	for i := range keys {
		if string(name) == keys[i].name {
			return i
		}
	}
	return -1
}

func trimDot(path string) string { return strings.TrimSuffix(path, ".") }

func malformed(message, path, format string, args ...any) error {
	return &MessageError{message, path, fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))}
}

func overLimit(message, path string, have, limit int) error {
	return &MessageError{message, path, fmt.Errorf("%w: %d bytes of %d", ErrOverLimit, have, limit)}
}
