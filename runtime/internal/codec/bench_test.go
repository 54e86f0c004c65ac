package codec

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/tinylib/msgp/msgp"
)

// plainOrder is an order without methods: it takes reflection.
type (
	plainOrder struct {
		ID       string      `json:"id"`
		Customer uint64      `json:"customer"`
		Total    float64     `json:"total"`
		Paid     bool        `json:"paid"`
		Lines    []plainLine `json:"lines"`
		At       time.Time   `json:"at"`
	}
	plainLine struct {
		SKU      string `json:"sku"`
		Quantity int    `json:"quantity"`
	}
)

var (
	anOrder      = order{"order-0042", 17, 99.5, true, []line{{"sku-1", 1}, {"sku-2", 300}}, time.Unix(1700000000, 5).UTC()}
	aPlainOrder  = plainOrder{"order-0042", 17, 99.5, true, []plainLine{{"sku-1", 1}, {"sku-2", 300}}, time.Unix(1700000000, 5).UTC()}
	aMap         = map[string]any{"id": "order-0042", "customer": int64(17), "total": 99.5, "paid": true, "lines": []any{map[string]any{"sku": "sku-1", "quantity": int64(1)}}, "note": nil}
	sixtyFourKiB = make([]byte, 64<<10)
)

func benchmarkEncode[T any](b *testing.B, name string, p *T) {
	t := For(reflect.TypeFor[T]())
	buf, err := t.Append(nil, p, nil, Limits{})
	if err != nil {
		b.Fatal(err)
	}
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(buf)))
		for b.Loop() {
			if _, err := t.Append(buf[:0], p, nil, Limits{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func benchmarkDecode[T any](b *testing.B, name string, p, base *T) {
	t := For(reflect.TypeFor[T]())
	buf, err := t.Append(nil, p, nil, Limits{})
	if err != nil {
		b.Fatal(err)
	}
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(buf)))
		var got T
		for b.Loop() {
			if err := t.Decode(buf, &got, base, nil, Limits{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	benchmarkEncode(b, "struct", &aPlainOrder)
	benchmarkEncode(b, "struct with methods", &anOrder)
	b.Run("struct by msgp alone", func(b *testing.B) {
		buf, _ := anOrder.MarshalMsg(nil)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := anOrder.MarshalMsg(buf[:0]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("struct by encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal(&anOrder); err != nil {
				b.Fatal(err)
			}
		}
	})
	benchmarkEncode(b, "map", &aMap)
	b.Run("map by msgp alone", func(b *testing.B) {
		buf, _ := msgp.AppendIntf(nil, aMap)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := msgp.AppendIntf(buf[:0], aMap); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("map by encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal(aMap); err != nil {
				b.Fatal(err)
			}
		}
	})
	benchmarkEncode(b, "64 KiB", &sixtyFourKiB)
}

func BenchmarkDecode(b *testing.B) {
	benchmarkDecode(b, "struct", &aPlainOrder, nil)
	benchmarkDecode(b, "struct onto base", &aPlainOrder, &aPlainOrder)
	benchmarkDecode(b, "struct with methods", &anOrder, nil)
	b.Run("struct by msgp alone", func(b *testing.B) {
		buf, _ := anOrder.MarshalMsg(nil)
		b.ReportAllocs()
		for b.Loop() {
			var got order
			if _, err := got.UnmarshalMsg(buf); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("struct by encoding/json", func(b *testing.B) {
		buf, _ := json.Marshal(&anOrder)
		b.ReportAllocs()
		for b.Loop() {
			var got order
			if err := json.Unmarshal(buf, &got); err != nil {
				b.Fatal(err)
			}
		}
	})
	benchmarkDecode(b, "map", &aMap, nil)
	benchmarkDecode(b, "map onto base", &aMap, &aMap)
	b.Run("map by msgp alone", func(b *testing.B) {
		buf, _ := msgp.AppendIntf(nil, aMap)
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := msgp.ReadIntfBytes(buf); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("map by encoding/json", func(b *testing.B) {
		buf, _ := json.Marshal(aMap)
		b.ReportAllocs()
		for b.Loop() {
			var got map[string]any
			if err := json.Unmarshal(buf, &got); err != nil {
				b.Fatal(err)
			}
		}
	})
	benchmarkDecode(b, "64 KiB", &sixtyFourKiB, nil)
}
