package wasm

import (
	"slices"
)

// imageGap is how many zero bytes between two segments are written with them:
// a call for each would cost more. A Go guest of 1.8 MB has 21,583 segments.
const imageGap = 64

// constOffsets tells whether the offset of every active segment is a number
// that stands in the module.
func constOffsets(datas []Data) bool {
	for i := range datas {
		if datas[i].Mode == Active && datas[i].Offset.Op != OpI32Const {
			return false
		}
	}
	return true
}

// image lays the active segments over each other in the order in which
// instantiation would write them.
func image(datas []Data) (segments []ImageSegment, end uint64) {
	type span struct{ start, end uint64 }
	spans := make([]span, 0, len(datas))
	for i := range datas {
		if datas[i].Mode != Active {
			continue
		}
		start := uint64(uint32(datas[i].Offset.Bits))
		s := span{start, start + uint64(len(datas[i].Bytes))}
		end = max(end, s.end)
		if s.start < s.end {
			spans = append(spans, s)
		}
	}
	slices.SortFunc(spans, func(a, b span) int {
		switch {
		case a.start < b.start:
			return -1
		case a.start > b.start:
			return 1
		}
		return 0
	})
	merged := spans[:0]
	for _, s := range spans {
		if n := len(merged); n > 0 && s.start <= merged[n-1].end+imageGap {
			merged[n-1].end = max(merged[n-1].end, s.end)
			continue
		}
		merged = append(merged, s)
	}
	total := uint64(0)
	for _, s := range merged {
		total += s.end - s.start
	}
	buffer := make([]byte, total)
	for _, s := range merged {
		n := s.end - s.start
		segments = append(segments, ImageSegment{Offset: uint32(s.start), Bytes: buffer[:n:n]})
		buffer = buffer[n:]
	}
	for i := range datas {
		d := &datas[i]
		if d.Mode != Active || len(d.Bytes) == 0 {
			continue
		}
		offset := uint32(d.Offset.Bits)
		at, found := slices.BinarySearchFunc(segments, offset, func(s ImageSegment, offset uint32) int {
			switch {
			case s.Offset < offset:
				return -1
			case s.Offset > offset:
				return 1
			}
			return 0
		})
		if !found {
			at--
		}
		copy(segments[at].Bytes[offset-segments[at].Offset:], d.Bytes)
	}
	return segments, end
}
