package guest

import "github.com/aril-wasm/aril/abi/names"

// A Config is what the host gave when it loaded the extension. Its Value is
// the configuration proper, nil when there is none:
//
//	attempts, err := guest.Or(cfg.Get("attempts"), 3)
//
// It is valid until Init returns.
type Config struct {
	Value
	a *activation
}

// Name is the extension's name as the host loaded it.
func (c Config) Name() string { return string(c.a.header.parse().name) }

// HostVersion is the version of the host's implementation. It is meant for
// logs alone.
func (c Config) HostVersion() string { return string(c.a.header.parse().version) }

// Powers tells what the extension will be allowed to do to operations.
func (c Config) Powers() Powers { return Powers(c.a.header.parse().powers) }

// Script gives the script that the extension was loaded with, for extensions
// that are interpreters; nil when there is none.
func (c Config) Script() ([]byte, error) {
	if c.a.in.running() != c.a {
		return nil, ErrPhase
	}
	b, err := c.a.in.slot(names.SlotScript, nil)
	if err == ErrNotFound {
		return nil, nil
	}
	return b, err
}
