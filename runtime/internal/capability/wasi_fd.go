package capability

import "encoding/binary"

const (
	fdStdin  = 0
	fdStdout = 1
	fdStderr = 2

	// iovecsMax is how many buffers one call may name.
	iovecsMax = 1024

	// writeMax is as much as one fd_write takes; libraries call again with
	// what is left.
	writeMax = 64 << 10
)

func isStdio(fd uint64) bool { return fd <= fdStderr }

// onStdio answers the functions that do nothing to the three descriptors that
// there are.
func onStdio(e errno) wasiFunc {
	return func(_ call, args []uint64) errno {
		if !isStdio(args[0]) {
			return badf
		}
		return e
	}
}

// noDirectory is fd_prestat_get and fd_prestat_dir_name: badf is how a
// library sees that it has asked for the last one.
func noDirectory(call, []uint64) errno { return badf }

// Types and rights of descriptors.
// https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md#rights
const (
	characterDevice = 2

	rightRead     = 1 << 1
	rightSetFlags = 1 << 3
	rightWrite    = 1 << 6
	rightFilestat = 1 << 21
	rightPoll     = 1 << 27
)

// fdStatGet is fd_fdstat_get(fd, stat). A device without the right to seek is
// what C takes for a terminal, and so ends its buffers with the line.
//
//	type  -  flags  -  rights_base  rights_inheriting
//	0     1  2      4  8            16                 24
func fdStatGet(c call, args []uint64) errno {
	if !isStdio(args[0]) {
		return badf
	}
	if !c.inside(args[1], 24) {
		return fault
	}
	var stat [24]byte
	stat[0] = characterDevice
	rights := uint64(rightSetFlags | rightFilestat | rightPoll | rightWrite)
	if args[0] == fdStdin {
		rights = rightSetFlags | rightFilestat | rightPoll | rightRead
	}
	binary.LittleEndian.PutUint64(stat[8:], rights)
	c.put(args[1], stat[:])
	return success
}

// fdFilestatGet is fd_filestat_get(fd, filestat).
//
//	dev  ino  type  -   nlink  size  atim  mtim  ctim
//	0    8    16    17  24     32    40    48    56    64
func fdFilestatGet(c call, args []uint64) errno {
	if !isStdio(args[0]) {
		return badf
	}
	if !c.inside(args[1], 64) {
		return fault
	}
	var stat [64]byte
	stat[16] = characterDevice
	c.put(args[1], stat[:])
	return success
}

// fdRead is fd_read(fd, iovs, iovs_len, nread): the end of the file.
func fdRead(c call, args []uint64) errno {
	if args[0] != fdStdin {
		return badf
	}
	return c.result32(args[3], 0)
}

// fdWrite is fd_write(fd, iovs, iovs_len, nwritten).
func fdWrite(c call, args []uint64) errno {
	if args[0] != fdStdout && args[0] != fdStderr {
		return badf
	}
	if args[2] > iovecsMax {
		return inval
	}
	iovs, ok := c.pair(args[1], 8*args[2])
	if !ok || !c.inside(args[3], 4) {
		return fault
	}
	c.ChargeBytes(uint64(len(iovs)))
	text, e := c.gather(iovs)
	if e != success {
		return e
	}
	// The count first: once the log has run, nothing of the guest is read and
	// nothing can be refused.
	c.put(args[3], binary.LittleEndian.AppendUint32(nil, uint32(len(text))))
	c.writeStream(int(args[0]-fdStdout), text)
	return success
}

// gather copies what iovecs name, up to writeMax bytes.
func (c call) gather(iovs []byte) ([]byte, errno) {
	total := uint64(0)
	for i := 0; i < len(iovs); i += 8 {
		ptr, n := iovec(iovs[i:])
		if !c.inside(ptr, n) {
			return nil, fault
		}
		total = min(total+n, writeMax)
	}
	c.ChargeBytes(total)
	text := make([]byte, 0, total)
	for i := 0; i < len(iovs) && uint64(len(text)) < total; i += 8 {
		b, _ := c.pair(iovec(iovs[i:])) // checked above
		text = append(text, b[:min(uint64(len(b)), total-uint64(len(text)))]...)
	}
	return text, success
}

func iovec(b []byte) (ptr, n uint64) {
	return uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[4:]))
}
