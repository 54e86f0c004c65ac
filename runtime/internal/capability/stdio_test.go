package capability

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// write calls fd_write with each text in a buffer of its own, and requires how
// many bytes it took.
func (b *bench) write(fd uint64, want int, texts ...string) {
	b.t.Helper()
	const iovs, result, data = 1024, 512, 20_000
	at := uint64(data)
	var packed []byte
	for _, text := range texts {
		b.put(at, text)
		packed = binary.LittleEndian.AppendUint32(packed, uint32(at))
		packed = binary.LittleEndian.AppendUint32(packed, uint32(len(text)))
		at += uint64(len(text))
	}
	b.put(iovs, string(packed))
	b.errno(success, "fd_write", fd, iovs, uint64(len(texts)), result)
	n, _ := b.guest.Read(result, 4)
	require.EqualValues(b.t, want, binary.LittleEndian.Uint32(n))
}

// said are the messages of the log, with their level.
func (b *bench) said() (lines []string) {
	for _, line := range strings.Split(b.lines(), "\n") {
		if line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

func entry(level, stream, msg string) string {
	return `{"level":"` + level + `","msg":"` + msg + `","extension":"audit","stream":"` + stream + `"}`
}

func TestAStreamIsLoggedLineByLine(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.write(1, 3, "a\nb")
	require.Equal(t, []string{entry("INFO", "stdout", "a")}, b.said())
	b.write(2, 4, "oops")
	b.write(1, 1, "c")
	require.Len(t, b.said(), 1, "neither line has ended")
	b.write(1, 2, "\r\n")
	b.write(2, 8, ": ", "bad\n", "\n\n")
	require.Equal(t, []string{
		entry("INFO", "stdout", "a"), entry("INFO", "stdout", "bc"), entry("ERROR", "stderr", "oops: bad"),
	}, b.said())
	b.write(1, 5, "\nlast")
	b.write(2, 5, "words")
	FlushStdio(t.Context(), b.owner)
	require.Equal(t, []string{entry("INFO", "stdout", "last"), entry("ERROR", "stderr", "words")}, b.said()[3:])
	FlushStdio(t.Context(), b.owner)
	require.Len(t, b.said(), 5)
	require.Equal(t, Stdio{}, b.owner.stdio, "nothing is left for the next activation")
}

func TestALineOfAStreamIsCutAndItsRestIsNotKept(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for range 30 {
		b.write(1, 1000, strings.Repeat("x", 1000))
		require.LessOrEqual(t, cap(b.owner.stdio.open[0]), 2*logLine)
	}
	b.write(1, 5, "\nnext")
	FlushStdio(t.Context(), b.owner)
	require.Equal(t, []string{
		entry("INFO", "stdout", strings.Repeat("x", 4096)+cutMark), entry("INFO", "stdout", "next"),
	}, b.said())
}

func TestAStreamGoesOnPastItsShareOfTheLog(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.owner.logBytes = 100
	b.write(1, 8, "a\nb\nc\nd\n")
	require.Len(t, b.said(), 2)
	require.Equal(t, 2, b.owner.dropped)
}

func TestOneWriteTakesNoMoreThan64KiB(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.write(1, writeMax, strings.Repeat("x", writeMax-1), "\n", "\n")
	require.Len(t, b.said(), 1)
	require.LessOrEqual(t, b.guest.charged, uint64(writeMax+3*8+4))
}

func TestABufferOutsideMemoryFailsTheWholeWrite(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.put(100, "ok\n")
	b.put(1024, "\x64\x00\x00\x00\x03\x00\x00\x00"+"\xff\xff\x01\x00\x02\x00\x00\x00")
	b.errno(fault, "fd_write", 1, 1024, 2, 512)
	require.Empty(t, b.lines())
	require.Equal(t, "??????", b.at(512, 4))
	b.put(1032, "\xff\xff\x01\x00\x01\x00\x00\x00")
	b.errno(success, "fd_write", 1, 1024, 2, 512)
	b.put(1032, "\xff\xff\xff\xff\x00\x00\x00\x00")
	b.errno(success, "fd_write", 1, 1024, 2, 512)
}

func TestAWriteNamesNoMoreThan1024Buffers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.put(1024, strings.Repeat("\x00", 8*1025))
	b.errno(success, "fd_write", 1, 1024, 1024, 512)
	b.errno(inval, "fd_write", 1, 1024, 1025, 512)
	b.errno(inval, "fd_write", 1, 1024, 0xffff_ffff, 512)
	b.errno(success, "fd_write", 1, 0xffff_ffff, 0, 512)
}

func TestOnlyTheThreeStreamsAreThere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, fd := range []uint64{3, 4, 0xffff_ffff} {
		for name, args := range map[string][]uint64{
			"fd_close": {fd}, "fd_fdstat_get": {fd, 64}, "fd_fdstat_set_flags": {fd, 0}, "fd_filestat_get": {fd, 64},
			"fd_prestat_get": {fd, 64}, "fd_prestat_dir_name": {fd, 64, 8}, "fd_read": {fd, 0, 0, 64},
			"fd_seek": {fd, 0, 0, 64}, "fd_write": {fd, 0, 0, 64},
		} {
			b.errno(badf, name, args...)
		}
	}
	for fd := range uint64(3) {
		b.errno(success, "fd_close", fd)
		b.errno(success, "fd_fdstat_set_flags", fd, 4)
		b.errno(spipe, "fd_seek", fd, 0, 0, 64)
		b.errno(badf, "fd_prestat_get", fd, 64)
	}
	b.errno(badf, "fd_write", 0, 0, 0, 64)
	b.errno(badf, "fd_read", 1, 0, 0, 64)
	b.errno(badf, "fd_read", 2, 0, 0, 64)
	require.Equal(t, strings.Repeat("?", 66), b.at(64, 64), "a refusal writes nothing")
}

func TestAStreamIsACharacterDevice(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.errno(success, "fd_fdstat_get", 1, 64)
	const setFlags, write, filestat, poll = 0x8, 0x40, 0x20, 0x08
	want := "?" + "\x02\x00\x00\x00\x00\x00\x00\x00" + string([]byte{setFlags | write, 0, filestat, poll, 0, 0, 0, 0}) + strings.Repeat("\x00", 8) + "?"
	require.Equal(t, want, b.at(64, 24))
	b.errno(success, "fd_fdstat_get", 0, 64)
	require.Equal(t, byte(setFlags|0x2), b.at(64, 24)[9])
	b.errno(success, "fd_filestat_get", 2, 256)
	require.Equal(t, "?"+strings.Repeat("\x00", 16)+"\x02"+strings.Repeat("\x00", 47)+"?", b.at(256, 64))
}

func TestStdinIsAtItsEnd(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.errno(success, "fd_read", 0, 0, 0, 64)
	require.Equal(t, "?\x00\x00\x00\x00?", b.at(64, 4))
}

func TestThereAreNoArgumentsAndNoEnvironment(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"args", "environ"} {
		b := newBench(t)
		b.errno(success, name+"_sizes_get", 64, 72)
		require.Equal(t, "?\x00\x00\x00\x00????\x00\x00\x00\x00?", b.at(64, 12))
		b.errno(success, name+"_get", 0xffff_ffff, 0xffff_ffff)
	}
}
