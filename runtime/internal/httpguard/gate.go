package httpguard

import (
	"context"
	"sync"
)

// A gate bounds how many fetches run at once: for each key, and in all. Those
// past a bound wait.
type gate struct {
	each  int
	all   chan struct{}
	mu    sync.Mutex
	lanes map[any]*lane
}

// A lane is one key's. It exists while somebody is in it or waits for it.
type lane struct {
	slots chan struct{}
	users int
}

func newGate(each, all int) *gate {
	return &gate{each: each, all: make(chan struct{}, all), lanes: map[any]*lane{}}
}

// enter waits for a place. Where it gives true the caller must call leave with
// the same key.
func (g *gate) enter(ctx context.Context, key any) bool {
	g.mu.Lock()
	l := g.lanes[key]
	if l == nil {
		l = &lane{slots: make(chan struct{}, g.each)}
		g.lanes[key] = l
	}
	l.users++
	g.mu.Unlock()
	select {
	case l.slots <- struct{}{}:
	case <-ctx.Done():
		g.drop(key, l)
		return false
	}
	select {
	case g.all <- struct{}{}:
		return true
	case <-ctx.Done():
		<-l.slots
		g.drop(key, l)
		return false
	}
}

func (g *gate) leave(key any) {
	g.mu.Lock()
	l := g.lanes[key]
	g.mu.Unlock()
	<-g.all
	<-l.slots
	g.drop(key, l)
}

func (g *gate) drop(key any, l *lane) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if l.users--; l.users == 0 {
		delete(g.lanes, key)
	}
}
