package msgpack

import "errors"

// A source is an Appender that may have nothing to append, such as a value
// that the host would not show.
type source interface {
	AppendValue(b []byte) ([]byte, error)
}

// AppendAny appends a value that is nil, a bool, number, string or []byte; a
// slice or a string-keyed map of such values, of the types listed below; an
// [Appender]; or a time.Time. Map keys are written in order, so that equal
// values give equal bytes. Anything else is an error; give such a type an
// AppendMsgpack method.
//
// Slices: []any, []string, []int, []int64, []float64, []bool,
// []map[string]any. Maps to: any, string, int, int64, float64, bool.
func AppendAny(b []byte, v any) ([]byte, error) { return appendAny(b, v, 0) }

var (
	errDeep  = errors.New("msgpack: " + tooDeep)
	errUnfit = errors.New("msgpack: a value's type has no AppendMsgpack method")
)

func appendAny(b []byte, v any, depth int) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return AppendNil(b), nil
	case bool:
		return AppendBool(b, v), nil
	case string:
		return AppendStr(b, v), nil
	case []byte:
		return AppendBin(b, v), nil
	case int:
		return AppendInt(b, int64(v)), nil
	case int8:
		return AppendInt(b, int64(v)), nil
	case int16:
		return AppendInt(b, int64(v)), nil
	case int32:
		return AppendInt(b, int64(v)), nil
	case int64:
		return AppendInt(b, v), nil
	case uint:
		return AppendUint(b, uint64(v)), nil
	case uint8:
		return AppendUint(b, uint64(v)), nil
	case uint16:
		return AppendUint(b, uint64(v)), nil
	case uint32:
		return AppendUint(b, uint64(v)), nil
	case uint64:
		return AppendUint(b, v), nil
	case float32:
		return AppendFloat32(b, v), nil
	case float64:
		return AppendFloat(b, v), nil
	case source:
		return v.AppendValue(b)
	case Appender:
		return v.AppendMsgpack(b), nil
	case goTime:
		return Timestamp{v.Unix(), uint32(v.Nanosecond())}.AppendMsgpack(b), nil
	case []any:
		return appendSlice(b, v, depth)
	case []string:
		return appendSlice(b, v, depth)
	case []int:
		return appendSlice(b, v, depth)
	case []int64:
		return appendSlice(b, v, depth)
	case []float64:
		return appendSlice(b, v, depth)
	case []bool:
		return appendSlice(b, v, depth)
	case []map[string]any:
		return appendSlice(b, v, depth)
	case map[string]any:
		return appendMap(b, v, depth)
	case map[string]string:
		return appendMap(b, v, depth)
	case map[string]int:
		return appendMap(b, v, depth)
	case map[string]int64:
		return appendMap(b, v, depth)
	case map[string]float64:
		return appendMap(b, v, depth)
	case map[string]bool:
		return appendMap(b, v, depth)
	}
	return b, errUnfit
}

// The generic parts are thin: each type costs an extension its own copy.

func appendSlice[E any](b []byte, v []E, depth int) ([]byte, error) {
	if v == nil {
		return AppendNil(b), nil
	}
	return appendElements(b, len(v), depth, func(i int) any { return v[i] })
}

func appendElements(b []byte, n, depth int, element func(int) any) ([]byte, error) {
	if depth == MaxDepth {
		return b, errDeep
	}
	b = AppendArray(b, n)
	var err error
	for i := range n {
		if b, err = appendAny(b, element(i), depth+1); err != nil {
			return b, err
		}
	}
	return b, nil
}

func appendMap[E any](b []byte, v map[string]E, depth int) ([]byte, error) {
	if v == nil {
		return AppendNil(b), nil
	}
	keys := make([]string, 0, len(v))
	for k := range v {
		keys = append(keys, k)
	}
	return appendPairs(b, keys, depth, func(k string) any { return v[k] })
}

func appendPairs(b []byte, keys []string, depth int, element func(string) any) ([]byte, error) {
	if depth == MaxDepth {
		return b, errDeep
	}
	heapSort(keys)
	b = AppendMap(b, len(keys))
	var err error
	for _, k := range keys {
		if b, err = appendAny(AppendStr(b, k), element(k), depth+1); err != nil {
			return b, err
		}
	}
	return b, nil
}

// heapSort stands in for slices.Sort, which would add 25 KB to an extension.
func heapSort(s []string) {
	for i := len(s)/2 - 1; i >= 0; i-- {
		sink(s, i)
	}
	for n := len(s) - 1; n > 0; n-- {
		s[0], s[n] = s[n], s[0]
		sink(s[:n], 0)
	}
}

func sink(s []string, i int) {
	for {
		child := 2*i + 1
		if child >= len(s) {
			return
		}
		if child+1 < len(s) && s[child] < s[child+1] {
			child++
		}
		if s[i] >= s[child] {
			return
		}
		s[i], s[child] = s[child], s[i]
		i = child
	}
}
