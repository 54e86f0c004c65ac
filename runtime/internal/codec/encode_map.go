package codec

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/tinylib/msgp/msgp"
)

// An entry is one key of a map that is being encoded.
type entry struct {
	text string // of a string or text key
	num  uint64 // of an integer key, in an order that fits its sign
	i    int    // where the value is
}

// entries is a stack of the keys of the maps around a value.
type entries struct{ list []entry }

var entriesPool = sync.Pool{New: func() any { return new(entries) }}

func (s *entries) release() {
	if cap(s.list) > 1<<12 {
		return // one huge map shall not be kept for ever
	}
	clear(s.list[:cap(s.list)])
	s.list = s.list[:0]
	entriesPool.Put(s)
}

// open begins a map of n pairs and gives the stack of keys and its height.
func (e *encoder) open(n int) (*entries, int, error) {
	if err := e.enter(); err != nil {
		return nil, 0, err
	}
	if err := e.room(2 * n); err != nil || uint64(n) > math.MaxUint32 {
		return nil, 0, errBytes
	}
	e.buf = msgp.AppendMapHeader(e.buf, uint32(n))
	if e.entries == nil {
		e.entries = entriesPool.Get().(*entries)
	}
	return e.entries, len(e.entries.list), nil
}

// sorted sorts the keys above base and checks that there are n.
func (s *entries) sorted(base, n int) error {
	list := s.list[base:]
	if len(list) != n {
		return errChanged
	}
	slices.SortFunc(list, func(a, b entry) int {
		return cmp.Or(strings.Compare(a.text, b.text), cmp.Compare(a.num, b.num))
	})
	return nil
}

func (e *encoder) close(s *entries, base int) {
	s.list = s.list[:base]
	e.depth--
}

// openText begins a map with string keys: they are on the stack, in order.
func openText[V any](e *encoder, m map[string]V) (*entries, int, error) {
	s, base, err := e.open(len(m))
	if err != nil {
		return nil, 0, err
	}
	for k := range m {
		s.list = append(s.list, entry{text: k})
	}
	return s, base, s.sorted(base, len(m))
}

func (e *encoder) anyMap(m map[string]any) error {
	if m == nil {
		e.buf = msgp.AppendNil(e.buf)
		return nil
	}
	s, base, err := openText(e, m)
	if err != nil {
		return err
	}
	for i := base; i < base+len(m); i++ {
		k := s.list[i].text
		if err := e.text(k); err != nil {
			return err
		}
		if err := e.dynamic(m[k]); err != nil {
			return atKey(k, err)
		}
	}
	e.close(s, base)
	return nil
}

func (e *encoder) textMap(m map[string]string) error {
	s, base, err := openText(e, m)
	if err != nil {
		return err
	}
	for _, k := range s.list[base:] {
		if err := e.text(k.text); err != nil {
			return err
		}
		if err := e.text(m[k.text]); err != nil {
			return atKey(k.text, err)
		}
	}
	e.close(s, base)
	return nil
}

// mapping appends a map of any type. Its values are copied to a slice, since
// reading them one by one from a reflect.Value allocates each time.
func (e *encoder) mapping(t *Type, v reflect.Value) error {
	if v.IsNil() {
		e.buf = msgp.AppendNil(e.buf)
		return nil
	}
	switch t.rt {
	case anyMapType:
		return e.anyMap(v.Interface().(map[string]any))
	case textMapType:
		return e.textMap(v.Interface().(map[string]string))
	}
	n := v.Len()
	s, base, err := e.open(n)
	if err != nil {
		return err
	}
	values := reflect.MakeSlice(reflect.SliceOf(t.elem.rt), n, n)
	key := reflect.New(t.key.rt).Elem()
	iter := v.MapRange()
	for i := 0; iter.Next(); i++ {
		if i == n {
			return errChanged
		}
		key.SetIterKey(iter)
		values.Index(i).SetIterValue(iter)
		entry := entry{i: i}
		switch t.keys {
		case formString:
			entry.text = key.String()
		case formInt:
			entry.num = uint64(key.Int()) ^ 1<<63
		case formUint:
			entry.num = key.Uint()
		case formText:
			text, err := marshalText(key)
			if err != nil {
				return &Error{Type: t.key.name, Reason: fmt.Errorf("map key: %w", err)}
			}
			entry.text = string(text)
		}
		s.list = append(s.list, entry)
	}
	if err := s.sorted(base, n); err != nil {
		return err
	}
	for i := base; i < base+n; i++ {
		k := s.list[i]
		switch t.keys {
		case formInt:
			e.buf = msgp.AppendInt64(e.buf, int64(k.num^1<<63))
		case formUint:
			e.buf = msgp.AppendUint64(e.buf, k.num)
		default:
			if t.keys == formText && i > base && s.list[i-1].text == k.text {
				return &Error{Type: t.key.name, Reason: fmt.Errorf("two map keys are both written %s", quote(k.text))}
			}
			if err := e.text(k.text); err != nil {
				return err
			}
		}
		if err := e.value(t.elem, values.Index(k.i)); err != nil {
			return atKey(k.name(t.keys), err)
		}
		if err := e.room(0); err != nil {
			return err
		}
	}
	e.close(s, base)
	return nil
}

// name gives the key in words, for an error's path.
func (k entry) name(keys form) string {
	switch keys {
	case formInt:
		return fmt.Sprint(int64(k.num ^ 1<<63))
	case formUint:
		return fmt.Sprint(k.num)
	}
	return k.text
}
