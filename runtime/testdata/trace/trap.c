// Traps three functions deep, in one that the compiler inlines.
#include "../../../testdata/toolchains/c/aril.h"

static uint8_t mailbox[4096];
static volatile int zero;

ARIL_EXPORT(aril_abi_v1) uint64_t abi(void) { return mailbox_at(mailbox, sizeof mailbox); }

static inline __attribute__((always_inline)) int divide(int a, int b) {
	return a / b; // at divide
}

__attribute__((noinline)) static int price(int n) {
	int sum = 0;
	for (int i = 0; i < n; i++)
		sum += divide(100 + i, zero); // at price
	return sum + 1;
}

__attribute__((noinline)) static int place(int n) {
	return price(n) + 3; // at place
}

ARIL_EXPORT(aril_wrap) int32_t wrap(uint32_t len) {
	return place((int)len) - 2; // at wrap
}
