package main

import (
	"fmt"
	"net/http"
)

// backend is where the tasks of the extensions get their data: a limits
// service and a customer service, which is down for one customer.
func backend() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /limits/{user}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"daily":50000,"usedToday":5000,"monthly":500000,"currency":"TRY"}`)
	})
	mux.HandleFunc("GET /customers/{user}/profile", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-On-Behalf-Of") == "" {
			http.Error(w, "on whose behalf?", http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"segment":"gold","branch":{"name":"Kadıköy","phone":"+90"},"nationalId":"12345678901"}`)
	})
	return mux
}

// bank is the API that stands: it knows nothing of extensions.
func bank() http.Handler {
	const transfer = `{"userId":"user123","amount":1000,"currency":"TRY"}`
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/banking/workflows/transfers/instances/{id}/functions/data", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("ETag", `"xyz789abc123"`)
		fmt.Fprint(w, `{"data":`+transfer+`,"eTag":"xyz789abc123"}`)
	})
	mux.HandleFunc("GET /api/v1/banking/workflows/transfers/instances", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"links":{"self":"/banking/workflows/transfers/instances","next":""},"items":[{"id":"t-1","attributes":`+transfer+`},{"id":"t-2","attributes":`+transfer+`}]}`)
	})
	return mux
}
