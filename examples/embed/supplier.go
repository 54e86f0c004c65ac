package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"sync"
)

// A Wish asks the supplier what an item costs.
type Wish struct {
	Customer string `json:"customer"`
	SKU      string `json:"sku"`
}

// A Quote is what the supplier answers.
type Quote struct {
	SKU     string `json:"sku"`
	Cents   int64  `json:"cents"`
	Request int    `json:"request"` // how many requests for this item there were
}

// A Supplier is the shop's way to its supplier, somebody else's web service.
type Supplier struct{ url string }

// Quote asks once.
func (s *Supplier) Quote(ctx context.Context, w Wish) (q Quote, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/"+url.PathEscape(w.SKU), nil)
	if err != nil {
		return q, &Failure{code: "invalid", text: err.Error()}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return q, &Failure{code: "supplier_down", text: err.Error(), passing: true}
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		return q, json.NewDecoder(resp.Body).Decode(&q)
	case http.StatusNotFound:
		return q, &Failure{code: "not_found", text: "the supplier has no " + w.SKU}
	}
	text := fmt.Sprintf("the supplier answered %s to request %s for %s", resp.Status, resp.Header.Get("Request"), w.SKU)
	return q, &Failure{code: "supplier_down", text: text, passing: true}
}

// flakySupplier is that web service. Two of three requests for an item fail;
// for saffron all do.
func flakySupplier() http.Handler {
	prices := map[string]int64{"tea": 310, "pot": 1900, "saffron": 8000}
	var mu sync.Mutex
	asked := map[string]int{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{sku}", func(w http.ResponseWriter, r *http.Request) {
		sku := r.PathValue("sku")
		price, ok := prices[sku]
		if !ok {
			http.NotFound(w, r)
			return
		}
		mu.Lock()
		asked[sku]++
		n := asked[sku]
		mu.Unlock()
		w.Header().Set("Request", fmt.Sprint(n))
		if sku == "saffron" || n%3 != 0 {
			http.Error(w, "try again", http.StatusServiceUnavailable)
			return
		}
		_ = json.NewEncoder(w).Encode(Quote{sku, price, n}) // the caller is gone if it fails
	})
	return mux
}
