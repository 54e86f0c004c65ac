package codec

//go:generate go run github.com/tinylib/msgp@v1.6.5 -file order_test.go -o order_gen_test.go -tests=false -io=false -unexported

import "time"

// An order has generated methods.
type order struct {
	ID       string    `msg:"id" json:"id"`
	Customer uint64    `msg:"customer" json:"customer"`
	Total    float64   `msg:"total" json:"total"`
	Paid     bool      `msg:"paid" json:"paid"`
	Lines    []line    `msg:"lines" json:"lines"`
	At       time.Time `msg:"at" json:"at"`
}

// A line is a part of an order.
type line struct {
	SKU      string `msg:"sku" json:"sku"`
	Quantity int    `msg:"quantity" json:"quantity"`
}
