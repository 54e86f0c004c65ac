package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	aril "github.com/aril-wasm/aril/runtime"
)

// A service is the shop on the web. Its handlers call the operations as they
// would without extensions.
type service struct {
	shop     *Shop
	supplier *Supplier
	rt       *aril.Runtime
	audit    *aril.Guest
	usage    usage

	readOrder  func(context.Context, Lookup) (Order, error)
	placeOrder func(context.Context, Order) (Order, error)
	quote      func(context.Context, Wish) (Quote, error)
	greet      func(context.Context, Attack) (string, error)
}

// newService opens the shop and loads the extensions in dir. The caller closes
// it.
func newService(ctx context.Context, dir, supplier string, log *slog.Logger) (*service, error) {
	shop, err := OpenShop()
	if err != nil {
		return nil, err
	}
	s := &service{shop: shop, supplier: &Supplier{supplier}}
	if err := s.embed(ctx, dir, log); err != nil {
		return nil, errors.Join(err, s.close(ctx))
	}
	return s, nil
}

func (s *service) close(ctx context.Context) error {
	if s.rt == nil {
		return nil
	}
	return s.rt.Close(ctx)
}

func (s *service) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.Atoi(r.PathValue("id"))
		if err != nil {
			answer(w, nil, &Failure{code: "invalid", text: "an order's id is a number"})
			return
		}
		order, err := s.readOrder(r.Context(), Lookup{customer(r), id})
		answer(w, order, err)
	})
	mux.HandleFunc("POST /orders", func(w http.ResponseWriter, r *http.Request) {
		var items []Item
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&items); err != nil {
			answer(w, nil, &Failure{code: "invalid", text: err.Error()})
			return
		}
		order, err := s.shop.Price(customer(r), items)
		if err == nil {
			order, err = s.placeOrder(r.Context(), order)
		}
		answer(w, order, err)
	})
	mux.HandleFunc("GET /quotes/{sku}", func(w http.ResponseWriter, r *http.Request) {
		quote, err := s.quote(r.Context(), Wish{customer(r), r.PathValue("sku")})
		answer(w, quote, err)
	})
	mux.HandleFunc("GET /audit", func(w http.ResponseWriter, r *http.Request) {
		entries, err := s.audit.Call(r.Context(), "entries", nil)
		answer(w, entries, err)
	})
	mux.HandleFunc("GET /usage", func(w http.ResponseWriter, r *http.Request) {
		answer(w, s.usage.all(), nil)
	})
	mux.HandleFunc("POST /attacks/{name}", func(w http.ResponseWriter, r *http.Request) {
		greeting, err := s.greet(r.Context(), Attack{r.PathValue("name"), r.URL.Query().Get("target")})
		if err != nil { // shown, where a shop would hide it
			err = &Failure{code: "attack", text: err.Error()}
		}
		answer(w, greeting, err)
	})
	return mux
}

// customer says who asks. A real shop would want a proof.
func customer(r *http.Request) string {
	if name := r.Header.Get("Customer"); name != "" {
		return name
	}
	return "nobody"
}

// answer writes v, or what the caller may know of err. The shop's errors and
// those of extensions have a code; one without is a fault.
func answer(w http.ResponseWriter, v any, err error) {
	status := http.StatusOK
	if err != nil {
		var coded interface{ Code() string }
		known := false
		if errors.As(err, &coded) {
			status, known = statusOf[coded.Code()]
		}
		v = map[string]string{"error": err.Error()}
		if !known {
			slog.Error("request", "error", err)
			status, v = http.StatusInternalServerError, map[string]string{"error": "internal error"}
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the caller is gone if it fails
}

var statusOf = map[string]int{
	"invalid":       http.StatusBadRequest,
	"refused":       http.StatusForbidden,
	"not_found":     http.StatusNotFound,
	"supplier_down": http.StatusBadGateway,
	"attack":        http.StatusInternalServerError,
}
