package main

import (
	"context"
	"fmt"

	"github.com/aril-wasm/aril/runtime/scope"
)

// The program that developers look into.

type customer struct {
	Name   string `json:"name"`
	Visits int    `json:"visits"`
}

var (
	sale  = scope.Value(false, scope.Name("sale"))
	theme = scope.Value("light", scope.Name("theme"))
	user  = scope.Provide(func(context.Context, *scope.Controller) (customer, error) {
		return customer{"ann", 1}, nil
	}, scope.Name("user"))
	page = scope.Derive2(theme.Reactive(), user.Reactive(),
		func(_ context.Context, _ *scope.Controller, theme string, user customer) (string, error) {
			return fmt.Sprintf("%s sees it in %s", user.Name, theme), nil
		}, scope.Name("page"))
)
