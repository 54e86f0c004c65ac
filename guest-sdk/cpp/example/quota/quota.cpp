// An extension that lets each customer order so many times a minute. The
// counts are the host's, so they hold across instances and upgrades.
//
//	{"per_minute": 3}
#define ARIL_IMPLEMENTATION
#include "aril.hpp"

// The state key of this minute: quota/CUSTOMER/MINUTE, the minute in ten bytes
// of ASCII.
static aril::Text key_of(aril::Text customer, uint64_t minute) {
	char digits[10];
	for (int i = 9; i >= 0; i--, minute /= 10)
		digits[i] = char('0' + minute % 10);
	return aril::Text("quota/") + customer + "/" + aril::Text(digits, sizeof digits);
}

constexpr auto wrap = [](aril::Operation &op) -> aril::Outcome {
	aril::Text customer = op.input()["customer"].text();
	aril::Value now = aril::now();
	if (!now.ok())
		return now;
	uint64_t minute = now.otherwise(0ull) / (60 * ARIL_SECOND);
	aril::Value orders = aril::Slot(key_of(customer, minute)).add(1);
	if (!orders.ok())
		return orders;
	if (orders.otherwise(0) > op.config()["per_minute"].otherwise(3)) {
		aril::log(ARIL_WARN, "over the quota", {{"customer", customer}, {"orders", orders}});
		return aril::Error("quota", "too many orders, try again in a minute").with_retryable(true);
	}
	return op.next();
};
ARIL_WRAP(aril::hook<wrap>);
