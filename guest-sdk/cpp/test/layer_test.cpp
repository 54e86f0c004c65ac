// What aril.hpp adds to aril.h, against the host of aril_test.h.
#define ARIL_IMPLEMENTATION
#include "aril.hpp"
#include "aril_test.h"

using namespace aril;

static Outcome (*doing)(Operation &);
constexpr auto wrap = [](Operation &op) -> Outcome { return doing(op); };
constexpr auto call = [](Call &c) { return c.args(); }; // a Value is an outcome
constexpr auto event = [](Event &e) -> Outcome { return e.data()["value"]; };
ARIL_WRAP(hook<wrap>);
ARIL_METHODS({"echo", hook<call>});
ARIL_EVENT(hook<event>);

static int32_t run(Outcome (*hook)(Operation &)) {
	doing = hook;
	return test_host_wrap("execution", "order.place");
}
static Value told() { return test_host.outcome == 0 ? Value(test_host_told()) : Value(); }

static void values_convert_there_and_back() {
	TEST(Value(7).otherwise(0) == 7 && Value(-1).otherwise(7u) == 7u);
	TEST(Value(300).otherwise((unsigned char)9) == 9 && Value(-129).otherwise((signed char)9) == 9);
	TEST(Value(18446744073709551615ull).otherwise(0ull) == 18446744073709551615ull);
	TEST(Value(18446744073709551615ull).otherwise(5ll) == 5);
	TEST(Value(INT64_MIN).otherwise(0ll) == INT64_MIN);
	TEST(Value(true).otherwise(false) && Value(true).type() == ARIL_TYPE_BOOL);
	TEST(Value(1.5).otherwise(0.0) == 1.5 && Value("a").text() == "a" && Value(nil).is_nil());
	TEST(Value("a").otherwise(3) == 3 && Value().otherwise(3) == 3 && Value("x").type() == ARIL_TYPE_STR);
	const uint8_t bytes[] = {0, 1, 255};
	TEST(Value(Bytes{bytes, 3}).binary().size == 3 && Value(7).binary().data == nullptr);
}

static void maps_and_lists_are_made_and_walked() {
	Value m = map({{"id", 7}, {"in", list({1, "two", nil})}, {"none", Value()}});
	TEST(m.size() == 3 && m["id"].otherwise(0) == 7 && m["in"][1].text() == "two" && m["none"].is_nil());
	TEST(m["in"][3].status() == ARIL_NOT_FOUND && m["in"][-1].status() == ARIL_NOT_FOUND);
	TEST(m["x"]["y"].status() == ARIL_NOT_FOUND && m[Text("id")].ok());
	int rounds = 0, texts = 0;
	for (Value v : m["in"]) {
		rounds++;
		texts += v.type() == ARIL_TYPE_STR;
	}
	TEST(rounds == 3 && texts == 1);
	for (Value v : m) {
		rounds++;
		texts += v.type() == ARIL_TYPE_STR;
	}
	TEST(rounds == 9 && texts == 4);
	for (Value v : Value(7))
		rounds += 100 + v.ok();
	for (Value v : Value::none(ARIL_DENIED))
		rounds += 100 + v.ok();
	for (Value v : Value::raw("\x93\x01", 2)) // cut off: not even a header
		rounds += 100 + v.ok();
	TEST(rounds == 9);
	TEST(Value::none(ARIL_DENIED)[0].status() == ARIL_DENIED && m["in"][1ull << 32].status() == ARIL_NOT_FOUND);
	TEST(m.with("id", 8)["id"].otherwise(0) == 8 && m["id"].otherwise(0) == 7);
	TEST(map({{"a", Value::none(ARIL_DENIED)}}).status() == ARIL_DENIED);
	TEST(list({1, Value::none(ARIL_LIMIT)}).status() == ARIL_LIMIT);
	TEST(transcode(m).bytes().size == m.bytes().size && transcode(Value::raw("\xc1", 1)).status() == ARIL_INVALID);
}

static void a_result_is_given_on_as_it_was() {
	test_host_next_is(Value(7));
	TEST(run([](Operation &op) -> Outcome { return op.next(); }) == ARIL_PASS && test_host.outcome == -1);
	TEST(run([](Operation &op) -> Outcome {
		     Result first = op.next(), second = op.next();
		     TEST(first.ok() && first.value().status() == ARIL_STALE && second.value().otherwise(0) == 7);
		     return first;
	     }) == ARIL_DONE);
	TEST(test_host.outcome == 2 && test_host.given == 0);
	test_host.refuse_next = ARIL_LIMIT;
	TEST(run([](Operation &op) -> Outcome {
		     Result r = op.next();
		     TEST(!r.ok() && !r.failed() && !r.ran() && r.value().status() == ARIL_LIMIT);
		     return r;
	     }) == ARIL_DONE);
	TEST(test_host.outcome == 1 && Error(test_host_told()).code() == "limit");
}

static void an_input_is_replaced_for_one_next() {
	test_host_input(map({{"n", 1}}));
	run([](Operation &op) -> Outcome { return op.next(op.input().with("n", 2)); });
	TEST(Value(test_blob_value(test_host.next_inputs[0]))["n"].otherwise(0) == 2);
	TEST(run([](Operation &op) -> Outcome { return op.next(Value::none(ARIL_TOO_LARGE)); }) == ARIL_DONE);
	TEST(test_host.next_calls == 1 && Error(test_host_told()).code() == "too_large");
}

static void what_is_returned_is_the_outcome() {
	run([](Operation &) -> Outcome { return 7; });
	TEST(told().otherwise(0) == 7);
	run([](Operation &) -> Outcome { return 1ll << 40; });
	TEST(told().otherwise(0ll) == 1ll << 40);
	run([](Operation &) -> Outcome { return "text"; });
	TEST(told().text() == "text");
	run([](Operation &) -> Outcome { return true; });
	TEST(told().otherwise(false));
	TEST(run([](Operation &) -> Outcome { return pass; }) == ARIL_PASS);
}

static void an_error_carries_data_and_cause() {
	test_host_next_fails("not_found", "nothing", false);
	run([](Operation &op) -> Outcome {
		Result r = op.next();
		TEST(r.failed() && !r.retryable() && r.error().kind() == "host" && !r.error().has_cause());
		return Error("missing", "no").with_cause(r.error()).with_data(map({{"n", 1}})).with_retryable(true);
	});
	Error e{Value(test_host_told())};
	TEST(e.code() == "missing" && e.retryable() && e.data()["n"].otherwise(0) == 1);
	TEST(e.has_cause() && e.cause().code() == "not_found" && e.cause().get()->handle);
	TEST(Error(Value::none(ARIL_DENIED)).code() == "denied");
}

static void other_hooks_are_found_by_what_they_take() {
	test_host_input(map({{"value", "v"}}));
	TEST(test_host_call("echo") == ARIL_DONE && told()["value"].text() == "v");
	TEST(test_host_call("other") == ARIL_PASS);
	TEST(test_host_event("change", "x") == ARIL_DONE && told().text() == "v");
}

static void scratch_is_given_back() {
	run([](Operation &op) -> Outcome {
		aril_arena_mark before = aril_mark();
		for (int i = 0; i < 100; i++) {
			Scratch scratch;
			TEST((map({{"i", i}})["i"].otherwise(-1) == i));
		}
		TEST(aril_mark() == before);
		Writer w;
		w.array(100);
		for (int i = 0; i < 100; i++)
			w << Value(1 << 20);
		TEST(w.value().size() == 100 && w.value().bytes().size > 256 && aril_valid(w.value()));
		return op.random() != op.random() ? Outcome(pass) : Outcome(false);
	});
	TEST(test_host.outcome == -1);
}

static void the_host_keeps_state_and_context() {
	run([](Operation &) -> Outcome {
		Slot s("k");
		TEST(s.get().status() == ARIL_NOT_FOUND && s.add(2).otherwise(0) == 2 && s.add(-3).otherwise(0) == -1);
		TEST(s.swap(Value(), 1) == ARIL_CONFLICT && s.remove() == ARIL_OK && s.swap(Value(), 1) == ARIL_OK);
		TEST(s.put("x") == ARIL_OK && s.get().text() == "x");
		TEST(s.append({(const uint8_t *)"y", 1}).otherwise(0) == 3);
		TEST(own.set("a", 1) == ARIL_OK && own.get("a").otherwise(0) == 1 && !root.get("a").ok());
		TEST(root.append("l", 1) == ARIL_OK && root.get("l").size() == 1);
		TEST(!per_scope.swap("s", 1).ok() && per_scope.swap("s", 2).otherwise(0) == 1);
		TEST(monotonic().ok() && now().otherwise(0ll) == test_host.clock);
		log(ARIL_INFO, "a line", {{"n", 1}});
		log(ARIL_INFO, Text("another"));
		return pass;
	});
	TEST(test_host.log_count == 2 && Value(test_blob_value(test_host.log[0].fields))["n"].otherwise(0) == 1);
}

int main() {
	void (*const tests[])() = {
	    values_convert_there_and_back,
	    maps_and_lists_are_made_and_walked,
	    a_result_is_given_on_as_it_was,
	    an_input_is_replaced_for_one_next,
	    what_is_returned_is_the_outcome,
	    an_error_carries_data_and_cause,
	    other_hooks_are_found_by_what_they_take,
	    scratch_is_given_back,
	    the_host_keeps_state_and_context,
	};
	int n = 0;
	for (auto test : tests) {
		test_host_reset();
		test();
		n++;
	}
	test_host_reset();
	printf("layer: %d tests, %d failures\n", n, test_host_failures);
	return test_host_failures != 0;
}
