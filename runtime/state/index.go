package state

import (
	"iter"
	"slices"
	"sort"
)

// blockKeys is how many keys a block of an index may have. Inserting one moves
// at most 8 KiB.
const blockKeys = 512

// An index has keys in order, in blocks that are in order. No block is empty,
// and no two neighbours could share half a block, so that blocks that were
// emptied do not pile up.
type index struct{ blocks [][]string }

// block is where key is, or belongs. There must be a block.
func (x *index) block(key string) int {
	after := sort.Search(len(x.blocks), func(i int) bool { return x.blocks[i][0] > key })
	return max(after-1, 0)
}

func (x *index) insert(key string) {
	if len(x.blocks) == 0 {
		x.blocks = [][]string{{key}}
		return
	}
	b := x.block(key)
	at, found := slices.BinarySearch(x.blocks[b], key)
	if found {
		return
	}
	x.blocks[b] = slices.Insert(x.blocks[b], at, key)
	if left := x.blocks[b]; len(left) > blockKeys {
		half := len(left) / 2
		right := slices.Clone(left[half:])
		clear(left[half:])
		x.blocks[b] = left[:half]
		x.blocks = slices.Insert(x.blocks, b+1, right)
	}
}

func (x *index) remove(key string) {
	if len(x.blocks) == 0 {
		return
	}
	b := x.block(key)
	at, found := slices.BinarySearch(x.blocks[b], key)
	if !found {
		return
	}
	x.blocks[b] = slices.Delete(x.blocks[b], at, at+1)
	if len(x.blocks[b]) == 0 {
		x.blocks = slices.Delete(x.blocks, b, b+1)
		return
	}
	x.join(b)
	x.join(b - 1)
}

// join makes one block of b and the next if they are small.
func (x *index) join(b int) {
	if b < 0 || b+1 >= len(x.blocks) || len(x.blocks[b])+len(x.blocks[b+1]) > blockKeys/2 {
		return
	}
	x.blocks[b] = append(x.blocks[b], x.blocks[b+1]...)
	x.blocks = slices.Delete(x.blocks, b+1, b+2)
}

// from gives the keys from first on.
func (x *index) from(first string) iter.Seq[string] {
	return func(yield func(string) bool) {
		if len(x.blocks) == 0 {
			return
		}
		b := x.block(first)
		at, _ := slices.BinarySearch(x.blocks[b], first)
		for ; b < len(x.blocks); b, at = b+1, 0 {
			for _, key := range x.blocks[b][at:] {
				if !yield(key) {
					return
				}
			}
		}
	}
}
