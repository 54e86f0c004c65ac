// Traps three functions deep, in one that the compiler inlines.
#include "../../../testdata/toolchains/c/aril.h"

namespace shop {
static uint8_t mailbox[4096];
static volatile int zero;

struct Order {
	int amount;
	inline __attribute__((always_inline)) int share(int among) const {
		return amount / among; // at share
	}
};

template <typename T> __attribute__((noinline)) static int price(T n) {
	return Order{100 + n}.share(zero) + 1; // at price
}

__attribute__((noinline)) static int place(int n) {
	return price<int>(n) + 3; // at place
}
} // namespace shop

ARIL_EXPORT(aril_abi_v1) extern "C" uint64_t abi() { return mailbox_at(shop::mailbox, sizeof shop::mailbox); }

ARIL_EXPORT(aril_wrap) extern "C" int32_t wrap(uint32_t len) {
	return shop::place(static_cast<int>(len)) - 2; // at wrap
}
