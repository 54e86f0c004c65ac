package enrich

import (
	"context"
	"errors"
	"strings"
	"sync"

	aril "github.com/aril-wasm/aril/runtime"
)

// programs are the mappings that are loaded, each once however many
// extensions use it, and as long as one of them may still be called.
type programs struct {
	config *Config

	mu     sync.Mutex
	loaded map[string]*program
}

// A program is one loaded mapping.
type program struct {
	key     string
	users   int // guarded by programs.mu
	ready   chan struct{}
	mapping *guestMapping
	err     error
}

// take loads code, or finds it loaded. Give it back with release.
func (p *programs) take(ctx context.Context, code mappingCode) (*program, error) {
	p.mu.Lock()
	found, ok := p.loaded[code.digest]
	if !ok {
		found = &program{key: code.digest, ready: make(chan struct{})}
		p.loaded[code.digest] = found
	}
	found.users++
	p.mu.Unlock()
	if !ok {
		found.mapping, found.err = p.load(ctx, code)
		close(found.ready)
	}
	<-found.ready
	if found.err != nil {
		err := found.err
		p.release(found)
		return nil, err
	}
	return found, nil
}

func (p *programs) load(ctx context.Context, code mappingCode) (*guestMapping, error) {
	wasm, err := p.config.module(code)
	if err != nil {
		return nil, err
	}
	guest, err := p.config.Runtime.Load(ctx, wasm, aril.ExtensionConfig{
		Name: guestName(code.name, code.digest[:8]), Grants: p.config.grants(), Limits: p.config.Limits,
	})
	if err != nil {
		return nil, err
	}
	return &guestMapping{guest: guest}, nil
}

// guestName makes a name that Load takes of one that a definition has.
func guestName(name, digest string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '.', r == '_', r == '-':
			return r
		}
		return -1
	}, strings.ToLower(name))
	clean = strings.TrimLeft(clean, "._-")
	return strings.TrimPrefix(clean[:min(len(clean), 50)]+"-"+digest, "-")
}

// release gives a program back; nobody's is unloaded.
func (p *programs) release(x *program) {
	p.mu.Lock()
	x.users--
	last := x.users == 0
	if last {
		delete(p.loaded, x.key)
	}
	p.mu.Unlock()
	if last && x.mapping != nil {
		if err := x.mapping.guest.Unload(context.Background()); err != nil && !errors.Is(err, aril.ErrClosed) {
			p.config.Logger.Error("unloading a mapping", "mapping", x.mapping.guest.Name(), "error", err)
		}
	}
}
