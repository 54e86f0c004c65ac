// Tests the extension on this machine, without a host.
#define ARIL_IMPLEMENTATION
#include "aril.hpp"
#include "aril_test.h"

#include "../quota.cpp"

static void order(const char *customer) {
	test_host_input(aril::map({{"customer", customer}}));
	test_host_wrap("execution", "order.place");
}

static void the_fourth_order_of_a_minute_is_refused() {
	for (int i = 0; i < 4; i++)
		order("ann");
	TEST(test_host.next_calls == 3 && test_host.outcome == 1);
	TEST(aril::Text("quota") == test_host_error().code && test_host_error().retryable);
	TEST(test_host.log_count == 1 && test_host.log[0].level == ARIL_WARN);
}

static void another_customer_and_another_minute_begin_anew() {
	for (int i = 0; i < 4; i++)
		order("ann");
	order("bob");
	TEST(test_host.next_calls == 4);
	test_host.clock += 60 * ARIL_SECOND;
	order("ann");
	TEST(test_host.next_calls == 5);
}

static void the_configuration_says_how_many() {
	test_host_config(aril::map({{"per_minute", 1}}));
	order("ann");
	order("ann");
	TEST(test_host.next_calls == 1);
}

int main() {
	void (*const tests[])() = {
	    the_fourth_order_of_a_minute_is_refused,
	    another_customer_and_another_minute_begin_anew,
	    the_configuration_says_how_many,
	};
	for (auto test : tests) {
		test_host_reset();
		test();
	}
	test_host_reset();
	printf("quota: %d failures\n", test_host_failures);
	return test_host_failures != 0;
}
