package main

import "context"

// An Attack is the input of the operation that the hostile extension wraps.
type Attack struct {
	Attack string `json:"attack"`
	Target string `json:"target"`
}

func greet(context.Context, Attack) (string, error) { return "hello", nil }
