package capability

import (
	"context"

	"github.com/tinylib/msgp/msgp"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/runtime/state"
)

// listBytes is as much as one list answers, whatever the guest has room for.
const listBytes = 64 << 10

// stateList is aril_state_v1.list(prefix, plen, after, alen, buf, limit).
func stateList(c call, args []uint64) (abi.Status, uint32) {
	prefixView, prefixOK := c.pair(args[0], args[1])
	afterView, afterOK := c.pair(args[2], args[3])
	buf, limit := args[4], args[5]
	if !prefixOK || !afterOK || len(prefixView) > state.MaxKeyBytes || len(afterView) > state.MaxKeyBytes || !c.inside(buf, limit) {
		return abi.Invalid, 0
	}
	prefix, after := c.takeKey(prefixView), c.takeKey(afterView)
	room := int(min(limit, listBytes))
	var keys []string
	status := c.ask(func(ctx context.Context, s state.State) (err error) {
		keys, err = s.List(ctx, prefix, after, room/keyMin+1)
		return err
	})
	if status != abi.OK {
		return status, 0
	}
	size, count := listFit(keys, room)
	if size > room {
		return abi.TooLarge, uint32(size)
	}
	c.put(buf, appendKeys(make([]byte, 0, size), keys[:count]))
	return abi.OK, uint32(size)
}

// keyMin is what a key takes at least: a bin of one byte.
const keyMin = 3

// listFit says how many of the keys fit into room bytes as an array, and how
// long it is. If not even one does, that is how long it would be.
func listFit(keys []string, room int) (size, count int) {
	size = arrayHead(0)
	sum := 0
	for _, key := range keys {
		sum += binSize(len(key))
		next := arrayHead(count+1) + sum
		if next > room {
			if count == 0 {
				size = next
			}
			break
		}
		size, count = next, count+1
	}
	return size, count
}

func appendKeys(dst []byte, keys []string) []byte {
	dst = msgp.AppendArrayHeader(dst, uint32(len(keys)))
	for _, key := range keys {
		dst = append(msgp.AppendBytesHeader(dst, uint32(len(key))), key...)
	}
	return dst
}

func arrayHead(n int) int {
	if n < 16 {
		return 1
	}
	return 3
}

func binSize(n int) int {
	if n < 256 {
		return 2 + n
	}
	return 3 + n
}
