// Tests the extension on this machine, without a host:
//
//	cc -g -fsanitize=address,undefined -I ../../.. retry_test.c -o retry_test && ./retry_test
#define ARIL_IMPLEMENTATION
#include "aril.h"
#include "aril_test.h"

#include "../retry.c"

static void the_third_attempt_succeeds(void) {
	test_host_reset();
	test_host_next_fails("busy", "later", true);
	test_host_next_fails("busy", "later", true);
	test_host_next_is(aril_of_int(7));
	int64_t start = test_host.clock;
	TEST(test_host_wrap("execution", "order.place") == ARIL_PASS);
	TEST(test_host.next_calls == 3);
	TEST(test_host.clock == start + 20 * ARIL_MILLISECOND);
	TEST(test_host.log_count == 2 && !strcmp(test_host.log[1].text, "trying again"));
	aril_value fields = aril_raw(test_host.log[1].fields.p, test_host.log[1].fields.n);
	TEST(aril_int_or(aril_get(fields, "attempt"), 0) == 2);
	TEST(aril_is(aril_str_or(aril_get(fields, "error"), ""), "later"));
}

static void it_gives_up_after_as_many_attempts_as_configured(void) {
	test_host_reset();
	test_host_config(ARIL_MAP({"attempts", aril_of_int(2)}));
	test_host_next_fails("busy", "later", true);
	TEST(test_host_wrap("execution", "order.place") == ARIL_PASS);
	TEST(test_host.next_calls == 2);
}

static void an_error_that_trying_again_does_not_help_stands(void) {
	test_host_reset();
	test_host_next_fails("sold_out", "none left", false);
	TEST(test_host_wrap("execution", "order.place") == ARIL_PASS);
	TEST(test_host.next_calls == 1 && test_host.log_count == 0);
}

int main(void) {
	the_third_attempt_succeeds();
	it_gives_up_after_as_many_attempts_as_configured();
	an_error_that_trying_again_does_not_help_stands();
	test_host_reset();
	printf("retry: %d failures\n", test_host_failures);
	return test_host_failures != 0;
}
