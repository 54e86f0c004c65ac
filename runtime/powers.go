package runtime

import (
	"strings"

	"github.com/aril-wasm/aril/abi/names"
)

// Powers says what an extension may do to an operation itself. Zero means all
// of them: the default for a host with one tenant. Beyond its powers a guest
// gets status DENIED, and an answer that needs a missing one is ErrDenied.
type Powers uint32

const (
	ReadInput     Powers = names.PowerReadInput     // read the operation's input
	ReadResult    Powers = names.PowerReadResult    // read what next yielded
	ReadErrorText Powers = names.PowerReadErrorText // read messages of host errors that are not public
	ChangeInput   Powers = names.PowerChangeInput   // give next another input
	ChangeResult  Powers = names.PowerChangeResult  // answer with another value or error than next did
	Skip          Powers = names.PowerSkip          // answer without calling next
	Repeat        Powers = names.PowerRepeat        // call next more than once
	AllPowers     Powers = names.PowersAll

	// ObserveOnly is no power at all: the extension sees that an operation
	// runs, its name, how long it takes and whether it failed with which code.
	ObserveOnly Powers = 1 << 31
)

var powerNames = []string{"ReadInput", "ReadResult", "ReadErrorText", "ChangeInput", "ChangeResult", "Skip", "Repeat"}

func (p Powers) effective() Powers {
	if p == 0 {
		return AllPowers
	}
	return p & AllPowers
}

// Has reports whether p holds all of q.
func (p Powers) Has(q Powers) bool { return p.effective().has(q & AllPowers) }

// has is Has for powers that are effective.
func (p Powers) has(q Powers) bool { return p&q == q }

// String lists the powers by name.
func (p Powers) String() string {
	p = p.effective()
	if p == 0 {
		return "ObserveOnly"
	}
	var out []string
	for i, name := range powerNames {
		if p&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return strings.Join(out, "|")
}
