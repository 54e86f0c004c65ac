package difftest

import (
	"errors"
	"math/bits"
	"strings"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
)

func truth(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

func (f *referenceFrame) numeric(in *referenceOp) error {
	name := in.Op.String()
	info := in.Op.Info()
	width, operation, _ := strings.Cut(name, ".")
	if width != "i32" && width != "i64" || strings.Contains(operation, "_f") {
		return errors.New("the reference does not know " + name)
	}
	t := info.Params[0]
	size := 64
	if t == wasm.I32 {
		size = 32
	}
	signed := func(v uint64) int64 {
		if size == 32 {
			return int64(int32(v))
		}
		return int64(v)
	}
	var a, b uint64
	if len(info.Params) == 2 {
		b = f.pop()
	}
	a = f.pop()
	shift := b % uint64(size)
	var v uint64
	switch operation {
	case "eqz":
		v = truth(a == 0)
	case "eq":
		v = truth(a == b)
	case "ne":
		v = truth(a != b)
	case "lt_s":
		v = truth(signed(a) < signed(b))
	case "lt_u":
		v = truth(a < b)
	case "gt_s":
		v = truth(signed(a) > signed(b))
	case "gt_u":
		v = truth(a > b)
	case "le_s":
		v = truth(signed(a) <= signed(b))
	case "le_u":
		v = truth(a <= b)
	case "ge_s":
		v = truth(signed(a) >= signed(b))
	case "ge_u":
		v = truth(a >= b)
	case "clz":
		v = uint64(bits.LeadingZeros64(a) - (64 - size))
	case "ctz":
		v = uint64(min(bits.TrailingZeros64(a), size))
	case "popcnt":
		v = uint64(bits.OnesCount64(a))
	case "add":
		v = a + b
	case "sub":
		v = a - b
	case "mul":
		v = a * b
	case "div_s", "div_u", "rem_s", "rem_u":
		if b == 0 {
			return referenceTrap("integer divide by zero")
		}
		switch least := int64(-1) << (size - 1); {
		case operation == "div_u":
			v = a / b
		case operation == "rem_u":
			v = a % b
		case signed(a) == least && signed(b) == -1:
			if operation == "div_s" {
				return referenceTrap("integer overflow")
			}
		case operation == "div_s":
			v = uint64(signed(a) / signed(b))
		default:
			v = uint64(signed(a) % signed(b))
		}
	case "and":
		v = a & b
	case "or":
		v = a | b
	case "xor":
		v = a ^ b
	case "shl":
		v = a << shift
	case "shr_s":
		v = uint64(signed(a) >> shift)
	case "shr_u":
		v = a >> shift
	case "rotl", "rotr":
		n := int(shift)
		if operation == "rotr" {
			n = -n
		}
		if size == 32 {
			v = uint64(bits.RotateLeft32(uint32(a), n))
		} else {
			v = bits.RotateLeft64(a, n)
		}
	case "wrap_i64", "extend_i32_u":
		v = a
	case "extend_i32_s", "extend32_s":
		v = uint64(int64(int32(a)))
	case "extend8_s":
		v = uint64(int64(int8(a)))
	case "extend16_s":
		v = uint64(int64(int16(a)))
	default:
		return errors.New("the reference does not know " + name)
	}
	f.push(f.r.mask(info.Results[0], v))
	return nil
}
