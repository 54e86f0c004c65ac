// An extension that means harm: the input of its operation says which.
package main

import (
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

type hostile struct{}

func (h hostile) Wrap(op *guest.Operation, next guest.Next) (guest.Value, error) {
	attack, err := guest.As[string](op.Input().Get("attack"))
	if err != nil {
		return guest.Value{}, err
	}
	target, err := guest.As[string](op.Input().Get("target"))
	if err != nil {
		return guest.Value{}, err
	}
	switch attack {
	case "loop":
		for i := 0; ; i++ {
		}
	case "memory":
		for hoard := [][]byte{}; ; {
			hoard = append(hoard, make([]byte, 1<<20))
		}
	case "recursion":
		return h.Wrap(op, next)
	case "panic":
		panic("and take the host down")
	case "file":
		_, err := os.ReadFile(target)
		return guest.Value{}, tell(err)
	case "environment":
		return guest.Value{}, tell(fmt.Errorf("%d variables", len(os.Environ())))
	case "network":
		_, err := net.Dial("tcp", target)
		return guest.Value{}, tell(err)
	case "forgery":
		if _, err := next(); err != nil {
			return guest.Value{}, err
		}
		return guest.Of("goodbye"), nil
	case "log":
		line := strings.Repeat("spam ", 800)
		for range 1000 {
			guest.Log.Error(line)
		}
	}
	return guest.Pass, nil
}

// tell is how the attacker reports what it got at.
func tell(found error) error {
	if found == nil {
		return guest.NewError("success", "it worked")
	}
	return guest.NewError("failure", found.Error())
}

func init() { guest.Register(hostile{}) }

func main() {}
