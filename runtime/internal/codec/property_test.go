package codec

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/abi"
)

var leafTypes = []reflect.Type{
	reflect.TypeFor[bool](), reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[int16](), reflect.TypeFor[int32](), reflect.TypeFor[int64](),
	reflect.TypeFor[uint](), reflect.TypeFor[uint8](), reflect.TypeFor[uint16](), reflect.TypeFor[uint32](), reflect.TypeFor[uint64](),
	reflect.TypeFor[float32](), reflect.TypeFor[float64](), reflect.TypeFor[string](), reflect.TypeFor[label](), reflect.TypeFor[[]byte](), reflect.TypeFor[[5]byte](),
	reflect.TypeFor[time.Time](), reflect.TypeFor[time.Duration](), reflect.TypeFor[netip.Addr](), reflect.TypeFor[any](), reflect.TypeFor[plainOrder](), reflect.TypeFor[card](),
	reflect.TypeFor[map[string]any](), reflect.TypeFor[map[string]string](), reflect.TypeFor[order](),
}

var keyTypes = []reflect.Type{
	reflect.TypeFor[string](), reflect.TypeFor[label](), reflect.TypeFor[int8](), reflect.TypeFor[uint64](), reflect.TypeFor[netip.Addr](),
}

// randomType makes a type that no one wrote.
func randomType(r *rand.Rand, depth int) reflect.Type {
	if depth == 0 || r.IntN(4) == 0 {
		return leafTypes[r.IntN(len(leafTypes))]
	}
	switch r.IntN(6) {
	case 0:
		return reflect.PointerTo(randomType(r, depth-1))
	case 1:
		return reflect.SliceOf(randomType(r, depth-1))
	case 2:
		return reflect.ArrayOf(r.IntN(3), randomType(r, depth-1))
	case 3:
		return reflect.MapOf(keyTypes[r.IntN(len(keyTypes))], randomType(r, depth-1))
	}
	fields := make([]reflect.StructField, r.IntN(8))
	for i := range fields {
		fields[i] = reflect.StructField{Name: fmt.Sprintf("F%d", i), Type: randomType(r, depth-1)}
		switch r.IntN(3) {
		case 0:
			fields[i].Tag = reflect.StructTag(fmt.Sprintf(`msg:"f%d"`, i))
		case 1:
			fields[i].Tag = reflect.StructTag(fmt.Sprintf(`json:"j%d"`, i))
		}
	}
	return reflect.StructOf(fields)
}

// fill sets v to a random value that encoding keeps exactly.
func fill(r *rand.Rand, v reflect.Value, depth int) {
	switch p := v.Addr().Interface().(type) {
	case *time.Time:
		*p = time.Unix(r.Int64N(1<<40)-1<<39, r.Int64N(1e9)).UTC()
		return
	case *netip.Addr:
		*p = netip.AddrFrom4([4]byte{byte(r.Uint32()), 1, 2, 3})
		return
	case *any:
		*p = []any{nil, true, r.Int64(), fmt.Sprint(r.Uint32())}[r.IntN(4)]
		return
	case *order:
		*p = order{ID: fmt.Sprint(r.Uint32()), Total: r.Float64(), Lines: make([]line, 1+r.IntN(3)), At: time.Unix(r.Int64N(1<<40), 0)}
		for i := range p.Lines {
			p.Lines[i].Quantity = r.Int()
		}
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(r.Int64() >> r.IntN(64))
		if r.IntN(2) == 0 {
			v.SetInt(^v.Int())
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(r.Uint64() >> r.IntN(64))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(float32(r.NormFloat64())))
	case reflect.String:
		v.SetString(fmt.Sprint(r.Uint64() >> r.IntN(64)))
	case reflect.Pointer:
		if depth > 0 && r.IntN(3) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(r, v.Elem(), depth-1)
			if nillable(v.Type().Elem()) && v.Elem().IsNil() {
				v.SetZero() // a pointer to nil is written as nil
			}
		}
	case reflect.Slice:
		if r.IntN(5) > 0 {
			n := r.IntN(4)
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			fill(r, v.Index(i), depth-1)
		}
	case reflect.Map:
		if r.IntN(5) == 0 {
			return
		}
		v.Set(reflect.MakeMap(v.Type()))
		for range r.IntN(4) {
			k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(r, k, 0)
			fill(r, e, depth-1)
			v.SetMapIndex(k, e)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(r, v.Field(i), depth-1)
			}
		}
	}
}

// scribble writes into all memory that v refers to.
func scribble(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			scribble(v.Elem())
			v.Elem().SetZero()
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			scribble(v.Index(i))
			if v.Index(i).CanSet() {
				v.Index(i).SetZero()
			}
		}
	case reflect.Map:
		for iter := v.MapRange(); iter.Next(); {
			scribble(iter.Value())
		}
		v.Clear()
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && v.Type() != timeType {
				scribble(v.Field(i))
			}
		}
	}
}

func TestValuesOfRandomTypesComeBackAndLeaveTheirBaseAlone(t *testing.T) {
	t.Parallel()
	rounds := 2000
	if testing.Short() {
		rounds = 200
	}
	for seed := range uint64(rounds) {
		r := rand.New(rand.NewPCG(seed, 1))
		typ := For(randomType(r, 3))
		random := func(stream uint64) reflect.Value {
			p := reflect.New(typ.GoType())
			fill(rand.New(rand.NewPCG(seed, stream)), p.Elem(), 6)
			return p
		}
		value, twin := random(2), random(2)
		base, baseTwin := random(3), random(3)

		b, err := typ.Append(nil, value.Interface(), nil, Limits{})
		require.NoError(t, err, "seed %d: %s", seed, typ.name)
		require.NoError(t, abi.Scan(b, abi.ScanLimits{}))
		require.True(t, reflect.DeepEqual(twin.Interface(), value.Interface()), "seed %d: encoding changed the value", seed)

		for _, onto := range []reflect.Value{reflect.Zero(base.Type()), base} {
			got := reflect.New(typ.GoType())
			err := typ.Decode(b, got.Interface(), onto.Interface(), nil, Limits{})
			require.NoError(t, err, "seed %d: %s", seed, typ.name)
			require.True(t, reflect.DeepEqual(twin.Interface(), got.Interface()), "seed %d: %s came back otherwise", seed, typ.name)
			scribble(got.Elem())
			require.True(t, reflect.DeepEqual(baseTwin.Interface(), base.Interface()), "seed %d: the base changed", seed)
		}
	}
}

func TestForIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	// Types that no other test asks about, some of which lead to each other.
	type a struct {
		N map[string][]*struct{ M *tree }
	}
	type b struct {
		A *a
		B []*b
	}
	value := b{A: &a{}, B: []*b{{}, nil}}
	var wait sync.WaitGroup
	found := make([]*Type, 16)
	for i := range found {
		wait.Go(func() {
			t := reflect.TypeFor[b]()
			if i%2 == 0 {
				For(reflect.TypeFor[a]())
			}
			found[i] = For(t)
			buf, err := found[i].Append(nil, &value, nil, Limits{})
			var got b
			if err == nil {
				err = found[i].Decode(buf, &got, &value, nil, Limits{})
			}
			if err != nil || !reflect.DeepEqual(got, value) {
				panic(fmt.Sprint(err, got))
			}
		})
	}
	wait.Wait()
	for _, f := range found {
		require.Same(t, found[0], f)
	}
	require.Same(t, For(reflect.TypeFor[any]()), For(nil))
}

func TestTheHotPathDoesNotAllocate(t *testing.T) {
	typ := For(reflect.TypeFor[plainOrder]())
	buf := make([]byte, 0, 1024)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if _, err := typ.Append(buf, &aPlainOrder, nil, Limits{}); err != nil {
			panic(err)
		}
	}))
}
