package abi

import (
	"strings"
	"unicode/utf8"

	"github.com/aril-wasm/aril/abi/names"
)

// Room that an Error takes beside its strings and data: its own header and
// keys, with the largest heads, and its handle.
const errorOverhead = 128

// AppendError appends e as a message that DecodeError accepts, whatever e
// holds. What is over a limit is cut: a text ends early, a cause past
// MaxErrorDepth and data that does not fit are left out. Strings that are no
// UTF-8 are repaired; data that is not one message, and a handle of another
// size, are left out. The first Errors of a chain have precedence. e is not
// changed; it may even be its own cause.
func AppendError(dst []byte, e *Error) []byte {
	var (
		chain [MaxErrorDepth]Error
		room  = MaxErrorBytes
		n     int
	)
	for ; e != nil && n < len(chain) && room > errorOverhead+MaxErrorCode; e = e.Cause {
		room -= errorOverhead
		c := &chain[n]
		c.Code = cutString(e.Code, MaxErrorCode)
		room -= len(c.Code)
		c.Kind = cutString(e.Kind, min(MaxErrorCode, room))
		room -= len(c.Kind)
		c.Message = cutString(e.Message, min(MaxErrorMessage, room))
		room -= len(c.Message)
		if isData(e.Data, room) {
			c.Data = e.Data
			room -= len(c.Data)
		}
		if len(e.Handle) == names.HandleSize {
			c.Handle = e.Handle
		}
		c.Retryable = e.Retryable
		if n > 0 {
			chain[n-1].Cause = c
		}
		n++
	}
	// No MarshalMsg here can fail: the one field with an encoder of its own
	// is Data, and that is scanned.
	dst, _ = chain[0].MarshalMsg(dst)
	return dst
}

// cutString gives s as UTF-8, at most limit bytes of it.
func cutString(s string, limit int) string {
	if len(s) > limit {
		s = s[:limit]
		for i := 0; i < utf8.UTFMax && len(s) > 0; i++ {
			if r, size := utf8.DecodeLastRuneInString(s); r != utf8.RuneError || size != 1 {
				break
			}
			s = s[:len(s)-1]
		}
	}
	return strings.ToValidUTF8(s, "?")
}

// isData reports whether raw is one message that may be in an Error at any
// depth.
func isData(raw Raw, room int) bool {
	return len(raw) > 0 && len(raw) <= room &&
		Scan(raw, ScanLimits{Bytes: MaxErrorBytes, Depth: MaxScanDepth - MaxErrorDepth}) == nil
}
