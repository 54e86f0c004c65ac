package wasm_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNamesOfRustAreDemangled(t *testing.T) {
	t.Parallel()
	for mangled, want := range map[string]string{
		"_ZN4core9panicking18panic_bounds_check17h0123456789abcdefE":                                       "core::panicking::panic_bounds_check",
		"_ZN3std9panicking19begin_panic_handler28_$u7b$$u7b$closure$u7d$$u7d$17hfedcba9876543210E":         "std::panicking::begin_panic_handler::{{closure}}",
		"_ZN66_$LT$shop..Order$u20$as$u20$core..convert..From$LT$$RF$str$GT$$GT$4from17h0123456789abcdefE": "<shop::Order as core::convert::From<&str>>::from",

		"_ZN4shop5priceEi":                             "_ZN4shop5priceEi",
		"_ZN4shop5price17h0123456789abcdeXE":           "_ZN4shop5price17h0123456789abcdeXE",
		"_ZN17h0123456789abcdefE":                      "_ZN17h0123456789abcdefE",
		"_ZN99999999999999999999x17h0123456789abcdefE": "_ZN99999999999999999999x17h0123456789abcdefE",
		"_ZN4shop99price17h0123456789abcdefE":          "_ZN4shop99price17h0123456789abcdefE",
		"_ZN":                                          "_ZN",
		"_ZN4shop":                                     "_ZN4shop",
		"main.wrap":                                    "main.wrap",
	} {
		names := named(t, 1, functionNames(0, mangled))
		require.Equal(t, want, names.Function(0))
	}
}
