package codec

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/tinylib/msgp/msgp"
)

// A field is one key of a struct's map.
type field struct {
	name      string
	key       []byte // name as msgpack
	index     []int  // as in reflect.Value.FieldByIndex
	rt        reflect.Type
	typ       *Type
	tagged    bool // the name comes from a tag
	omitEmpty bool
	omitZero  bool
	isZero    bool // the type has a method IsZero, which omitZero asks
}

// structFields lists the fields of t in order of their declaration. Embedded
// structs are flattened by the rules of encoding/json: of several fields with
// one name the least deep wins, then the tagged one, else none. open is false
// if t has no exported field at all, hidden ones included.
func structFields(t reflect.Type) (found []field, open bool) {
	type level struct {
		rt    reflect.Type
		index []int
	}
	current, next := []level(nil), []level{{rt: t}}
	var count, nextCount map[reflect.Type]int
	visited := make(map[reflect.Type]bool)

	for len(next) > 0 {
		current, next = next, current[:0]
		count, nextCount = nextCount, make(map[reflect.Type]int)
		for _, l := range current {
			if visited[l.rt] {
				continue
			}
			visited[l.rt] = true
			for i := range l.rt.NumField() {
				sf := l.rt.Field(i)
				structure := sf.Type
				if structure.Kind() == reflect.Pointer && structure.Name() == "" {
					structure = structure.Elem()
				}
				embedded := sf.Anonymous && structure.Kind() == reflect.Struct
				if !sf.IsExported() && !embedded {
					continue
				}
				open = open || sf.IsExported() && !embedded
				f := field{rt: sf.Type, index: append(slices.Clip(l.index), i)}
				if !f.readTags(sf.Tag) {
					open = open || sf.IsExported()
					continue
				}
				if !f.tagged && embedded {
					nextCount[structure]++
					if nextCount[structure] == 1 {
						next = append(next, level{structure, f.index})
					}
					continue
				}
				if !sf.IsExported() {
					continue // a tag does not open an unexported type
				}
				open = true
				if !f.tagged {
					f.name = sf.Name
				}
				f.key = msgp.AppendString(nil, f.name)
				f.isZero = reflect.PointerTo(sf.Type).Implements(reflect.TypeFor[interface{ IsZero() bool }]())
				found = append(found, f)
				if count[l.rt] > 1 {
					// The type is embedded twice at this level: its fields
					// hide each other, and two are enough to do so.
					found = append(found, f)
				}
			}
		}
	}

	slices.SortStableFunc(found, func(a, b field) int {
		return cmp.Or(
			strings.Compare(a.name, b.name),
			cmp.Compare(len(a.index), len(b.index)),
			boolOrder(a.tagged, b.tagged))
	})
	winners := found[:0]
	for i := 0; i < len(found); {
		same := i + 1
		for same < len(found) && found[same].name == found[i].name {
			same++
		}
		rival := same > i+1 && len(found[i+1].index) == len(found[i].index) && found[i+1].tagged == found[i].tagged
		if !rival {
			winners = append(winners, found[i])
		}
		i = same
	}
	slices.SortFunc(winners, func(a, b field) int { return slices.Compare(a.index, b.index) })
	return winners, open
}

// readTags takes the name and the options from the tag msg, else json. It
// reports false for a field that is never encoded.
func (f *field) readTags(tag reflect.StructTag) bool {
	if tag.Get("aril") == "-" {
		return false
	}
	msg, hasMsg := tag.Lookup("msg")
	js := tag.Get("json")
	if msg == "-" || js == "-" && (!hasMsg || strings.HasPrefix(msg, ",")) {
		return false
	}
	options := js
	if hasMsg {
		options = msg
	}
	for _, source := range []string{msg, js} {
		if name, _, _ := strings.Cut(source, ","); name != "" {
			f.name, f.tagged = name, true
			break
		}
	}
	for i, option := range strings.Split(options, ",") {
		f.omitEmpty = f.omitEmpty || i > 0 && option == "omitempty"
		f.omitZero = f.omitZero || i > 0 && option == "omitzero"
	}
	return true
}

// boolOrder puts true first.
func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

func pathID(path []int) string { return fmt.Sprint(path) }
