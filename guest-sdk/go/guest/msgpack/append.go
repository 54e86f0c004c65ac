package msgpack

import "math"

// AppendNil appends nil.
func AppendNil(b []byte) []byte { return append(b, codeNil) }

// AppendBool appends a bool.
func AppendBool(b []byte, v bool) []byte {
	if v {
		return append(b, codeTrue)
	}
	return append(b, codeFals)
}

// AppendInt appends an integer in the fewest bytes.
func AppendInt(b []byte, v int64) []byte {
	switch {
	case v >= 0:
		return AppendUint(b, uint64(v))
	case v >= -32:
		return append(b, byte(v))
	case v >= math.MinInt8:
		return append(b, int8c, byte(v))
	case v >= math.MinInt16:
		return append(b, int16c, byte(v>>8), byte(v))
	case v >= math.MinInt32:
		return append(b, int32c, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
	}
	return append64(append(b, int64c), uint64(v))
}

// AppendUint appends an integer in the fewest bytes.
func AppendUint(b []byte, v uint64) []byte {
	switch {
	case v < fixMap:
		return append(b, byte(v))
	case v <= math.MaxUint8:
		return append(b, uint8c, byte(v))
	case v <= math.MaxUint16:
		return append(b, uint16c, byte(v>>8), byte(v))
	case v <= math.MaxUint32:
		return append32(append(b, uint32c), uint32(v))
	}
	return append64(append(b, uint64c), v)
}

// AppendFloat appends a float of 64 bits.
func AppendFloat(b []byte, v float64) []byte {
	return append64(append(b, float64c), math.Float64bits(v))
}

// AppendFloat32 appends a float of 32 bits.
func AppendFloat32(b []byte, v float32) []byte {
	return append32(append(b, float32c), math.Float32bits(v))
}

// AppendStr appends a string.
func AppendStr(b []byte, s string) []byte {
	switch n := len(s); {
	case n < 32:
		b = append(b, fixStr|byte(n))
	case n <= math.MaxUint8:
		b = append(b, str8, byte(n))
	case n <= math.MaxUint16:
		b = append(b, str16, byte(n>>8), byte(n))
	default:
		b = append32(append(b, str32), uint32(n))
	}
	return append(b, s...)
}

// AppendBin appends bytes. A nil slice is written as no bytes, not as nil.
func AppendBin(b, v []byte) []byte {
	switch n := len(v); {
	case n <= math.MaxUint8:
		b = append(b, bin8, byte(n))
	case n <= math.MaxUint16:
		b = append(b, bin16, byte(n>>8), byte(n))
	default:
		b = append32(append(b, bin32), uint32(n))
	}
	return append(b, v...)
}

// AppendArray appends the header of an array; n values must follow.
func AppendArray(b []byte, n int) []byte {
	switch {
	case n < 16:
		return append(b, fixArray|byte(n))
	case n <= math.MaxUint16:
		return append(b, array16, byte(n>>8), byte(n))
	}
	return append32(append(b, array32), uint32(n))
}

// AppendMap appends the header of a map; n pairs of key and value must follow.
func AppendMap(b []byte, n int) []byte {
	switch {
	case n < 16:
		return append(b, fixMap|byte(n))
	case n <= math.MaxUint16:
		return append(b, map16, byte(n>>8), byte(n))
	}
	return append32(append(b, map32), uint32(n))
}

// AppendExt appends an extension value.
func AppendExt(b []byte, typ int8, data []byte) []byte {
	switch n := len(data); {
	case n == 1:
		b = append(b, fixExt1)
	case n == 2:
		b = append(b, fixExt1+1)
	case n == 4:
		b = append(b, fixExt1+2)
	case n == 8:
		b = append(b, fixExt1+3)
	case n == 16:
		b = append(b, fixExt16)
	case n <= math.MaxUint8:
		b = append(b, ext8, byte(n))
	case n <= math.MaxUint16:
		b = append(b, ext16, byte(n>>8), byte(n))
	default:
		b = append32(append(b, ext32), uint32(n))
	}
	return append(append(b, byte(typ)), data...)
}

func append32(b []byte, v uint32) []byte {
	return append(b, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
}

func append64(b []byte, v uint64) []byte {
	return append32(append32(b, uint32(v>>32)), uint32(v))
}
