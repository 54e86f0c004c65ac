package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"
)

// An Item is one line of an order.
type Item struct {
	SKU   string `json:"sku"`
	Count int    `json:"count"`
}

// An Order is what a customer buys. Extensions read it under the same names.
type Order struct {
	ID       int    `json:"id"`
	Customer string `json:"customer"`
	Items    []Item `json:"items"`
	Total    int64  `json:"total"` // in cents
}

// A Lookup asks for an order.
type Lookup struct {
	Customer string `json:"customer"`
	ID       int    `json:"id"`
}

// A Failure is an error of the shop's. Its methods say what extensions and
// callers may see of it.
type Failure struct {
	code, text string
	passing    bool
}

func (f *Failure) Error() string         { return f.text }
func (f *Failure) Code() string          { return f.code }
func (f *Failure) PublicMessage() string { return f.text }
func (f *Failure) Retryable() bool       { return f.passing }

// A Shop holds orders. It knows nothing of extensions.
type Shop struct {
	prices map[string]int64 // in cents, by SKU

	mu     sync.Mutex
	orders map[int]Order
}

//go:embed orders.json
var ordersFile []byte

// OpenShop reads the orders that are there already.
func OpenShop() (*Shop, error) {
	var file struct {
		Prices map[string]int64
		Orders []Order
	}
	if err := json.Unmarshal(ordersFile, &file); err != nil {
		return nil, fmt.Errorf("orders.json: %w", err)
	}
	s := &Shop{prices: file.Prices, orders: map[int]Order{}}
	for _, o := range file.Orders {
		s.orders[o.ID] = o
	}
	return s, nil
}

// Price makes an order of items, not placed yet.
func (s *Shop) Price(customer string, items []Item) (Order, error) {
	o := Order{Customer: customer, Items: items}
	for _, i := range items {
		price, ok := s.prices[i.SKU]
		if !ok || i.Count < 1 || i.Count > 1000 {
			return o, &Failure{code: "invalid", text: fmt.Sprintf("cannot sell %d of %q", i.Count, i.SKU)}
		}
		o.Total += price * int64(i.Count)
	}
	if len(items) == 0 {
		return o, &Failure{code: "invalid", text: "nothing ordered"}
	}
	return o, nil
}

// ReadOrder finds an order.
func (s *Shop) ReadOrder(_ context.Context, l Lookup) (Order, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.orders[l.ID]
	if !ok {
		return o, &Failure{code: "not_found", text: fmt.Sprintf("there is no order %d", l.ID)}
	}
	return o, nil
}

// PlaceOrder takes an order and gives it its number.
func (s *Shop) PlaceOrder(_ context.Context, o Order) (Order, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o.ID = len(s.orders) + 1
	s.orders[o.ID] = o
	return o, nil
}
