package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	aril "github.com/aril-wasm/aril/runtime"
)

// embed is all that this program has to do with Aril: it loads the extensions
// and puts them around the operations.
func (s *service) embed(ctx context.Context, dir string, log *slog.Logger) (err error) {
	if s.rt, err = aril.New(ctx, aril.Config{Logger: log, Observe: s.usage.add}); err != nil {
		return err
	}
	audit, err1 := s.load(ctx, dir, aril.ExtensionConfig{
		Name:   "audit",
		Config: map[string]any{"blocked": []string{"mallory"}, "limit": 100_000},
		Grants: aril.Grants{Capabilities: []aril.Capability{aril.State}},
		Guard:  true,
	})
	retry, err2 := s.load(ctx, dir, aril.ExtensionConfig{
		Name:   "retry",
		Config: map[string]any{"attempts": 3, "pause": 5},
		Powers: aril.Repeat,
	})
	hostile, err3 := s.load(ctx, dir, aril.ExtensionConfig{Name: "hostile", Powers: aril.ReadInput | aril.Skip})
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	shop := aril.NewPipeline(audit, retry) // outermost first
	s.readOrder = aril.Wrap(shop, aril.Operation{Kind: "shop", Name: "order.read"}, s.shop.ReadOrder)
	s.placeOrder = aril.Wrap(shop, aril.Operation{Kind: "shop", Name: "order.place", MaxNext: 1}, s.shop.PlaceOrder)
	s.quote = aril.Wrap(shop, aril.Operation{Kind: "shop", Name: "quote"}, s.supplier.Quote)
	s.greet = aril.Wrap(aril.NewPipeline(hostile), aril.Operation{Kind: "demo", Name: "greet"}, greet)
	s.audit = audit
	return nil
}

func (s *service) load(ctx context.Context, dir string, cfg aril.ExtensionConfig) (*aril.Guest, error) {
	wasm, err := os.ReadFile(filepath.Join(dir, cfg.Name+".wasm"))
	if err != nil {
		return nil, err
	}
	// The default fuel ends a loop at the same place everywhere. Time depends
	// on how busy the machine is, so there is plenty.
	cfg.Limits.SelfTime = 10 * time.Second
	return s.rt.Load(ctx, wasm, cfg)
}
