// A guest that leans on Go's runtime and standard library: what a Go program
// does without thinking must work, or fail as it does where there are no
// files. Its header's length says what to do.
package main

import (
	"bytes"
	crand "crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"sync"
	"time"
	"unsafe"
)

func main() {}

var mailbox [4096]byte

//go:wasmexport aril_abi_v1
func abi() int64 {
	return int64(uintptr(unsafe.Pointer(&mailbox)))<<32 | int64(len(mailbox))
}

//go:wasmexport aril_wrap
func wrap(what int32) int32 {
	if err := deeds[what](); err != nil {
		fmt.Println("failed:", err)
		return 0
	}
	return 1
}

var deeds = []func() error{
	func() error {
		fmt.Println("hello", 1)
		println("from", "the", "runtime", 2)
		log.SetFlags(0)
		log.Print("careful")
		fmt.Print("a\nb\nno end")
		return nil
	},
	func() error {
		start := time.Now()
		time.Sleep(20 * time.Millisecond)
		if d := time.Since(start); d < 20*time.Millisecond {
			return fmt.Errorf("slept %v", d)
		}
		if y := time.Now().Year(); y < 2025 {
			return fmt.Errorf("it is %d", y)
		}
		return nil
	},
	func() error {
		a, b := make([]byte, 100_000), make([]byte, 100_000)
		_, err1 := crand.Read(a)
		_, err2 := crand.Read(b)
		if bytes.Equal(a, b) || bytes.Equal(a[90_000:], make([]byte, 10_000)) {
			return errors.New("not random")
		}
		return errors.Join(err1, err2)
	},
	func() error {
		if len(os.Args) > 1 || len(os.Environ()) > 0 {
			return fmt.Errorf("%d arguments, %d variables", len(os.Args), len(os.Environ()))
		}
		if _, err := os.ReadFile("/etc/passwd"); err == nil || errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("open: %v", err)
		}
		if b, err := io.ReadAll(os.Stdin); err != nil || len(b) > 0 {
			return fmt.Errorf("stdin: %q, %v", b, err)
		}
		info, err := os.Stdout.Stat()
		if err != nil || info.Mode()&fs.ModeCharDevice == 0 {
			return fmt.Errorf("stat: %v", err)
		}
		return os.Stdout.Close()
	},
	func() error {
		var group sync.WaitGroup
		sum := make(chan int, 10)
		for i := range 10 {
			group.Go(func() {
				time.Sleep(time.Duration(10-i) * time.Millisecond)
				sum <- i
			})
		}
		fired := make(chan bool, 1)
		time.AfterFunc(5*time.Millisecond, func() { fired <- true })
		group.Wait()
		close(sum)
		total := 0
		for i := range sum {
			total += i
		}
		select {
		case <-fired:
		case <-time.After(time.Second):
			return errors.New("no timer")
		}
		if total != 45 {
			return fmt.Errorf("sum %d", total)
		}
		return nil
	},
	func() error { panic("boom") },
	func() error { os.Exit(3); return nil },
	func() error { time.Sleep(time.Hour); return nil },
}
