package msgpack

// A Kind is a family of msgpack formats.
type Kind uint8

// The kinds. KindNone is the end of the message or the byte 0xc1, which
// msgpack never uses.
const (
	KindNone Kind = iota
	KindNil
	KindBool
	KindInt // signed or unsigned, of any width
	KindFloat
	KindStr
	KindBin
	KindArray
	KindMap
	KindExt
)

var kindNames = [...]string{"nothing", "nil", "a bool", "an integer", "a float", "a string", "bytes", "an array", "a map", "an extension value"}

// String names the kind as error messages do.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return kindNames[KindNone]
}

// First bytes of the formats.
const (
	fixMap   = 0x80
	fixArray = 0x90
	fixStr   = 0xa0
	codeNil  = 0xc0
	codeFals = 0xc2
	codeTrue = 0xc3
	bin8     = 0xc4
	bin16    = 0xc5
	bin32    = 0xc6
	ext8     = 0xc7
	ext16    = 0xc8
	ext32    = 0xc9
	float32c = 0xca
	float64c = 0xcb
	uint8c   = 0xcc
	uint16c  = 0xcd
	uint32c  = 0xce
	uint64c  = 0xcf
	int8c    = 0xd0
	int16c   = 0xd1
	int32c   = 0xd2
	int64c   = 0xd3
	fixExt1  = 0xd4
	fixExt16 = 0xd8
	str8     = 0xd9
	str16    = 0xda
	str32    = 0xdb
	array16  = 0xdc
	array32  = 0xdd
	map16    = 0xde
	map32    = 0xdf
	negFix   = 0xe0
)

func kindOf(c byte) Kind {
	switch {
	case c < fixMap, c >= negFix, c >= uint8c && c <= int64c:
		return KindInt
	case c < fixArray, c == map16, c == map32:
		return KindMap
	case c < fixStr, c == array16, c == array32:
		return KindArray
	case c < codeNil, c >= str8 && c <= str32:
		return KindStr
	case c == codeNil:
		return KindNil
	case c == codeFals, c == codeTrue:
		return KindBool
	case c >= bin8 && c <= bin32:
		return KindBin
	case c == float32c, c == float64c:
		return KindFloat
	case c >= ext8 && c <= ext32, c >= fixExt1 && c <= fixExt16:
		return KindExt
	}
	return KindNone
}
