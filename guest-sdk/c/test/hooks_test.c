// The hooks and what the host offers, against the host of aril_test.h. The
// extension under test does what `doing` points to.
#define ARIL_IMPLEMENTATION
#include "../aril.h"
#include "../aril_test.h"
#include <setjmp.h>

static aril_hook doing;
static aril_outcome do_it(aril_activation *a) { return doing(a); }
static void *kept_by_init;
static aril_outcome init(aril_activation *a) {
	TEST(aril_is(aril_name(a), "tested") && aril_powers(a) == 127);
	kept_by_init = aril_alloc(4);
	memcpy(kept_by_init, "keep", 4);
	return ARIL_PASS;
}
static void dispose(aril_activation *a) { aril_state_put(aril_text("gone"), aril_of_bool(a != NULL)); }
static aril_outcome echo(aril_activation *a) { return aril_answer(aril_input(a)); }
static aril_outcome refuse(aril_activation *a) { return aril_fail("no", aril_is(aril_method(a), "refuse") ? "m" : "e"); }
ARIL_INIT(init);
ARIL_WRAP(do_it);
ARIL_METHODS({"echo", echo}, {"refuse", refuse});
ARIL_EVENTS({"change", echo}, {"tick", do_it});
ARIL_DISPOSE(dispose);
ARIL_IMPORT(stock_reserve, "acme_stock_v1", "reserve");
uint64_t stock_reserve(const void *p, size_t n) { return test_invoked(p, n); }

static int32_t wrap(aril_hook hook) {
	doing = hook;
	int32_t outcome = test_host_wrap("execution", "order.place");
	TEST(outcome == ARIL_PASS || outcome == ARIL_DONE);
	return outcome;
}

static bool is_text(aril_value v, const char *text) { return aril_is(aril_str_or(v, ""), text); }
static bool told_int(int64_t want) {
	return test_host.outcome == 0 && aril_int_or(test_host_told(), want - 1) == want;
}
static aril_value long_bin(size_t n, uint8_t byte) {
	uint8_t *p = aril_alloc(n);
	memset(p, byte, n);
	return aril_of_bin(p, n);
}
static bool all_are(aril_value bin, size_t n, uint8_t byte) {
	const uint8_t *p;
	size_t got;
	if (!aril_as_bin(bin, &p, &got) || got != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (p[i] != byte)
			return false;
	return true;
}

// ---- wrap -------------------------------------------------------------------

static aril_outcome through(aril_activation *a) {
	TEST(aril_next(a) == ARIL_OK);
	return ARIL_PASS;
}
static void a_pass_through_copies_nothing(void) {
	test_host_next_is(aril_of_int(7));
	uint64_t before = test_host.calls;
	TEST(wrap(through) == ARIL_PASS);
	TEST(test_host.next_calls == 1 && test_host.outcome == -1);
	TEST(test_host.calls - before == 3); // the header, and next on entry and return
}

static aril_outcome look_late(aril_activation *a) {
	aril_str name = aril_name(a);
	aril_value in = aril_input(a), id = aril_get(in, "id");
	aril_value out = aril_next_fetch(a, aril_none(ARIL_NOT_FOUND));
	aril_log(ARIL_INFO, "the mailbox is overwritten by this");
	TEST(aril_is(name, "order.place") && aril_is(aril_kind(a), "execution"));
	TEST(aril_id(a) == 42 && aril_root(a) == 42 && aril_depth(a) == 0 && aril_max_next(a) == 16);
	TEST(aril_meta(a).status == ARIL_NOT_FOUND && aril_key(a).n == 0 && aril_scope_id(a) == 0);
	TEST(is_text(id, "A-1") && is_text(aril_at(out, 0), "first"));
	return ARIL_PASS;
}
static void what_was_read_survives_every_call(void) {
	test_host_input(ARIL_MAP({"id", aril_of_text("A-1")}));
	test_host_next_is(ARIL_LIST(aril_of_text("first"), aril_of_nil()));
	TEST(wrap(look_late) == ARIL_PASS);
}

enum { HUGE = 5 * ARIL_MAILBOX_SIZE };
static aril_outcome all_huge(aril_activation *a) {
	TEST(all_are(aril_input(a), HUGE, 1));
	TEST(all_are(aril_params(a), HUGE, 2));
	TEST(all_are(aril_config(a), HUGE, 3));
	TEST(all_are(aril_next_fetch(a, aril_input(a)), HUGE, 4));
	TEST(all_are(aril_result(a), HUGE, 4));
	uint8_t small[16], exact[HUGE + 5];
	TEST(all_are(aril_read_slot(ARIL_SLOT_RESULT, small, sizeof small), HUGE, 4));
	aril_value v = aril_read_slot(ARIL_SLOT_RESULT, exact, sizeof exact);
	TEST(v.bytes == exact && all_are(v, HUGE, 4));
	aril_value e = aril_next_fetch(a, aril_none(ARIL_NOT_FOUND));
	TEST(e.status == ARIL_FAILED && aril_error_of(e).message.n == 40000);
	return aril_answer(long_bin(HUGE, 5));
}
static void messages_larger_than_the_mailbox_are_read_whole(void) {
	char text[40000 + 1];
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = 0;
	test_host_input(long_bin(HUGE, 1));
	test_host_params(long_bin(HUGE, 2));
	test_host_config(long_bin(HUGE, 3));
	test_host_next_is(long_bin(HUGE, 4));
	test_host_next_fails("busy", text, false);
	TEST(wrap(all_huge) == ARIL_DONE);
	TEST(all_are(test_host_told(), HUGE, 5));
	TEST(test_host.next_inputs[0].n > HUGE && !test_host.next_inputs[1].p);
}

static aril_outcome name_is_long(aril_activation *a) {
	TEST(aril_name(a).n == 3 * ARIL_MAILBOX_SIZE && aril_id(a) == 42);
	return through(a);
}
static void a_header_larger_than_the_mailbox_is_read(void) {
	char name[3 * ARIL_MAILBOX_SIZE + 1];
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = 0;
	doing = name_is_long;
	TEST(test_host_wrap("execution", name) == ARIL_PASS);
	TEST(test_host.next_calls == 1);
}

static aril_outcome with_input(aril_activation *a) {
	aril_value in = aril_input(a);
	TEST(aril_next_with(a, aril_set(in, "n", aril_of_int(2))) == ARIL_OK);
	TEST(aril_next_with(a, aril_set(in, "m", aril_of_int(3))) == ARIL_OK);
	TEST(aril_next_with(a, aril_raw("\xc1", 1)) == ARIL_INVALID);
	TEST(aril_next_with(a, aril_none(ARIL_TOO_LARGE)) == ARIL_TOO_LARGE);
	TEST(aril_next_with(a, aril_none(ARIL_NOT_FOUND)) == ARIL_NOT_FOUND);
	TEST(a->next_calls == 2);
	return aril_give(a, 0);
}
static void one_key_of_the_input_changes_and_the_rest_stays(void) {
	static const char in[] = "\x82\xa1n\xcd\x00\x01\xa1z\xd9\x01z", replaced[] = "\x82\xa1n\x02\xa1z\xd9\x01z",
	                  added[] = "\x83\xa1n\xcd\x00\x01\xa1z\xd9\x01z\xa1m\x03";
	test_host_input(aril_raw(in, sizeof in - 1));
	TEST(wrap(with_input) == ARIL_DONE);
	test_blob *got = test_host.next_inputs;
	TEST(got[0].n == sizeof replaced - 1 && !memcmp(got[0].p, replaced, got[0].n));
	TEST(got[1].n == sizeof added - 1 && !memcmp(got[1].p, added, got[1].n));
	TEST(test_host.outcome == 2 && test_host.given == 0);
}

static aril_outcome give_last(aril_activation *a) {
	aril_next(a);
	aril_next(a);
	return aril_give(a, 1);
}
static aril_outcome give_never(aril_activation *a) { return aril_give(a, 0); }
static void giving_the_last_outcome_is_passing(void) {
	TEST(wrap(give_last) == ARIL_PASS);
	TEST(wrap(give_never) == ARIL_DONE);
	TEST(test_host.outcome == 1 && aril_is(test_host_error().code, "not_found"));
}

static aril_outcome refused(aril_activation *a) {
	TEST(aril_next(a) == ARIL_DENIED && a->next_calls == 0);
	aril_value v = aril_next_fetch(a, aril_none(ARIL_NOT_FOUND));
	TEST(v.status == ARIL_DENIED && aril_get(v, "x").status == ARIL_DENIED);
	return aril_answer(ARIL_MAP({"out", aril_get(v, "x")}));
}
static void a_status_goes_through_to_the_answer(void) {
	test_host.refuse_next = ARIL_DENIED;
	TEST(wrap(refused) == ARIL_DONE);
	aril_error e = test_host_error();
	TEST(test_host.outcome == 1 && aril_is(e.code, "denied") && !e.retryable && test_host.next_calls == 0);
	test_host.refuse_next = 99; // of a later version
	doing = refused;
	TEST(aril__status((uint64_t)99 << 32) == ARIL_FAILED);
}

// ---- Errors ------------------------------------------------------------------

static aril_outcome look_at_error(aril_activation *a) {
	TEST(aril_next(a) == ARIL_FAILED && aril_result(a).status == ARIL_NOT_FOUND);
	aril_error e = aril_last_error(a);
	TEST(aril_is(e.code, "busy") && aril_is(e.message, "later") && aril_is(e.kind, "host") && e.retryable && e.handle);
	e.message = aril_cat(aril_text("again: "), e.message);
	return aril_fail_as(&e);
}
static void an_error_that_was_read_keeps_its_handle(void) {
	test_host_next_fails("busy", "later", true);
	TEST(wrap(look_at_error) == ARIL_DONE);
	aril_error e = test_host_error();
	TEST(test_host.outcome == 1 && aril_is(e.message, "again: later") && e.handle);
	TEST(!memcmp(e.handle, "0123456789abcdef", 16));
}

static aril_outcome cause(aril_activation *a) {
	aril_next(a);
	aril_error first = aril_last_error(a),
	           e = {.code = aril_text("missing"), .message = aril_text("no"), .cause = aril_of_error(&first),
	                .data = ARIL_MAP({"n", aril_of_int(1)}), .retryable = true};
	return aril_fail_as(&e);
}
static void an_error_carries_its_cause_and_data(void) {
	test_host_next_fails("not_found", "nothing", false);
	TEST(wrap(cause) == ARIL_DONE);
	aril_error e = test_host_error(), inner = aril_error_of(e.cause);
	TEST(aril_is(e.code, "missing") && e.retryable && aril_int_or(aril_get(e.data, "n"), 0) == 1);
	TEST(aril_is(inner.code, "not_found") && inner.handle && !inner.retryable);
}

static aril_outcome fail_badly(aril_activation *a) {
	(void)a;
	aril_error e = {.code = aril_text("bad"), .message = aril_text("m"), .data = aril_raw("\xc1", 1)};
	return aril_fail_as(&e);
}
static aril_outcome fail_at_length(aril_activation *a) {
	(void)a;
	char *text = aril_alloc((64 << 10) + 3);
	memset(text, 'x', (64 << 10) + 3);
	memcpy(text + (64 << 10) - 1, "\xc3\xa4", 2); // a character across the limit
	aril_error e = {.code = aril_text("long"), .message = {text, (64 << 10) + 3}};
	return aril_fail_as(&e);
}
static void an_error_that_cannot_be_sent_still_ends_the_operation(void) {
	TEST(wrap(fail_badly) == ARIL_DONE);
	aril_error e = test_host_error();
	TEST(aril_is(e.code, "bad") && aril_is(e.message, "the error cannot be shown: invalid"));
	TEST(wrap(fail_at_length) == ARIL_DONE);
	TEST(test_host_error().message.n == (64 << 10) - 1);
}

// ---- Re-entry ----------------------------------------------------------------

static int nesting;
static aril_outcome nested(aril_activation *a) {
	int depth = nesting;
	aril_value in = aril_input(a), mine = aril_of_int(depth);
	uint64_t first = aril_rand(a);
	aril_status s = aril_next(a);
	TEST(s == ARIL_OK && aril_int_or(mine, -1) == depth && is_text(in, "the input"));
	TEST(aril_is(aril_name(a), "order.place") && aril_rand(a) != first);
	return aril_answer(aril_of_int(depth));
}
static void enter_again(void) {
	if (nesting == 5)
		return;
	nesting++;
	TEST(test_host_wrap("execution", "order.place") == ARIL_DONE && told_int(nesting));
	nesting--;
}
static void what_is_kept_over_next_survives_re_entry(void) {
	test_host_input(aril_of_text("the input"));
	test_host.on_next = enter_again;
	TEST(wrap(nested) == ARIL_DONE && told_int(0));
	TEST(test_host.next_calls == 6);
}

// ---- Other hooks ---------------------------------------------------------------

static void methods_and_events_are_found_by_name(void) {
	test_host_input(aril_of_text("args"));
	TEST(test_host_call("echo") == ARIL_DONE && is_text(test_host_told(), "args"));
	TEST(test_host_call("refuse") == ARIL_DONE && aril_is(test_host_error().message, "m"));
	TEST(test_host_call("ech") == ARIL_PASS && test_host_call("echoo") == ARIL_PASS);
	TEST(test_host_event("change", "config") == ARIL_DONE && is_text(test_host_told(), "args"));
	TEST(test_host_event("attach", "x") == ARIL_PASS);
	TEST(test_host_dispose() == ARIL_PASS && aril_bool_or(aril_state_get(aril_text("gone")), false));
}

static aril_outcome event(aril_activation *a) {
	TEST(aril_is(aril_event_type(a), "tick") && aril_scope_id(a) == 3 && aril_is(aril_name(a), "it"));
	return ARIL_PASS;
}
static void an_event_says_what_happened_where(void) {
	doing = event;
	TEST(test_host_event("tick", "it") == ARIL_PASS);
}

static aril_outcome allocate(aril_activation *a) {
	(void)a;
	for (size_t i = 0; i < 100; i++)
		memset(aril_alloc(i), (int)i, i);
	aril_arena_mark mark = aril_mark();
	aril_alloc(10);
	aril_release(mark);
	return ARIL_PASS;
}
static void what_a_hook_allocates_goes_when_it_returns(void) {
	aril_value header = ARIL_MAP({"name", aril_of_text("x")});
	doing = allocate;
	aril_arena_mark before = aril_mark();
	memcpy(test_mailbox(), header.bytes, header.size);
	TEST(aril_wrap((uint32_t)header.size) == ARIL_PASS && aril_mark() == before);
	TEST(aril_dispose() == ARIL_PASS && aril_mark() == before);
}

static void what_init_allocates_stays(void) {
	TEST(test_host_init() == ARIL_PASS);
	doing = allocate;
	test_host_wrap("execution", "order.place");
	TEST(!memcmp(kept_by_init, "keep", 4));
	TEST(aril_try_alloc(SIZE_MAX) == NULL && aril_try_alloc(SIZE_MAX - 15) == NULL);
}

// ---- What the host offers --------------------------------------------------------

static aril_outcome state(aril_activation *a) {
	(void)a;
	aril_str k = aril_text("k");
	int64_t sum = 0;
	size_t size = 0;
	aril_value none = aril_none(ARIL_NOT_FOUND);
	TEST(aril_state_get(k).status == ARIL_NOT_FOUND && aril_state_delete(k) == ARIL_NOT_FOUND);
	TEST(aril_state_put(k, aril_none(ARIL_DENIED)) == ARIL_DENIED);
	TEST(aril_state_put(k, aril_of_int(7)) == ARIL_OK && aril_int_or(aril_state_get(k), 0) == 7);
	TEST(aril_state_put(k, long_bin(HUGE, 9)) == ARIL_OK && all_are(aril_state_get(k), HUGE, 9));
	TEST(aril_state_put(k, aril_raw(NULL, 0)) == ARIL_OK);
	TEST(aril_state_get(k).status == ARIL_OK && aril_state_get(k).size == 0);
	TEST(aril_state_swap(k, none, aril_of_int(1)) == ARIL_CONFLICT);
	TEST(aril_state_swap(k, aril_raw(NULL, 0), aril_of_int(1)) == ARIL_OK);
	TEST(aril_state_swap(k, aril_of_int(1), none) == ARIL_OK && aril_state_get(k).status == ARIL_NOT_FOUND);
	TEST(aril_state_swap(k, none, aril_of_int(2)) == ARIL_OK && aril_state_delete(k) == ARIL_OK);
	TEST(aril_state_add(aril_text("n"), -3, &sum) == ARIL_OK && sum == -3);
	TEST(aril_state_add(aril_text("n"), INT64_MAX, &sum) == ARIL_OK && sum == INT64_MAX - 3);
	TEST(aril_state_add(aril_text("n"), 1, NULL) == ARIL_OK);
	TEST(aril_state_append(k, aril_raw("abc", 3), &size) == ARIL_OK && size == 3);
	TEST(aril_state_append(k, aril_raw("d", 1), NULL) == ARIL_OK && aril_state_get(k).size == 4);
	for (int i = 0; i < 40; i++) {
		char name[512];
		memset(name, 'z' - i % 20, sizeof name);
		name[0] = 'p';
		name[511] = (char)i;
		TEST(aril_state_put((aril_str){name, sizeof name}, aril_of_int(i)) == ARIL_OK);
	}
	aril_value keys = aril_state_list(aril_text("p"));
	aril_reader r = aril_reader_on(keys);
	TEST(aril_read_array(&r) == 40);
	const uint8_t *last = NULL;
	for (size_t n; !aril_read_end(&r) && !r.failed;) {
		const uint8_t *key = aril_read_bin(&r, &n);
		TEST(n == 512 && (!last || memcmp(last, key, n) < 0));
		last = key;
	}
	TEST(!r.failed && aril_count(aril_state_list(aril_text("none"))) == 0);
	return ARIL_PASS;
}
static void state_is_kept_added_appended_swapped_and_listed(void) { TEST(wrap(state) == ARIL_PASS); }

static aril_outcome contexts(aril_activation *a) {
	(void)a;
	aril_value none = aril_none(ARIL_NOT_FOUND);
	size_t count = 0;
	TEST(aril_context_get(ARIL_OWN, "k").status == ARIL_NOT_FOUND);
	TEST(aril_context_set(ARIL_OWN, "k", aril_of_int(1)) == ARIL_OK && aril_int_or(aril_context_get(ARIL_OWN, "k"), 0) == 1);
	TEST(aril_context_get(ARIL_ROOT, "k").status == ARIL_NOT_FOUND);
	TEST(aril_context_set(ARIL_OWN, "k", aril_none(ARIL_STALE)) == ARIL_STALE);
	TEST(aril_context_swap(ARIL_SCOPE, "s", aril_of_int(1)).status == ARIL_NOT_FOUND);
	TEST(aril_int_or(aril_context_swap(ARIL_SCOPE, "s", long_bin(HUGE, 3)), 0) == 1);
	TEST(all_are(aril_context_swap(ARIL_SCOPE, "s", none), HUGE, 3));
	TEST(aril_context_get(ARIL_SCOPE, "s").status == ARIL_NOT_FOUND);
	TEST(aril_context_append(ARIL_ROOT, "l", aril_of_text("a"), NULL) == ARIL_OK);
	TEST(aril_context_append(ARIL_ROOT, "l", aril_of_text("b"), &count) == ARIL_OK && count == 2);
	TEST(is_text(aril_at(aril_context_get(ARIL_ROOT, "l"), 1), "b"));
	TEST(aril_context_set(ARIL_OWN, "k", none) == ARIL_OK && aril_context_get(ARIL_OWN, "k").status == ARIL_NOT_FOUND);
	return ARIL_PASS;
}
static void contexts_are_set_swapped_and_appended_to(void) { TEST(wrap(contexts) == ARIL_PASS); }

static aril_outcome logs(aril_activation *a) {
	(void)a;
	TEST(aril_log(ARIL_DEBUG, "plain") == ARIL_OK);
	TEST(ARIL_LOG(ARIL_ERROR, "with fields", {"n", aril_of_int(1)}, {"none", aril_none(ARIL_DENIED)},
	              {"big", long_bin(1000, 1)}) == ARIL_OK);
	for (int i = 0; i < 2 * TEST_MAX; i++)
		aril_log(ARIL_INFO, "flood");
	return aril_answer(aril_none(aril_log(ARIL_INFO, "one more")));
}
static void log_lines_have_a_level_and_fields(void) {
	TEST(wrap(logs) == ARIL_DONE && aril_is(test_host_error().code, "limit"));
	TEST(test_host.log[0].level == -4 && !strcmp(test_host.log[0].text, "plain") && test_host.log[0].fields.n == 0);
	aril_value f = test_blob_value(test_host.log[1].fields);
	TEST(test_host.log[1].level == 8 && aril_count(f) == 3 && aril_int_or(aril_get(f, "n"), 0) == 1);
	TEST(aril_type_of(aril_get(f, "none")) == ARIL_TYPE_NIL && all_are(aril_get(f, "big"), 1000, 1));
}

static aril_outcome clocks(aril_activation *a) {
	int64_t before = 0, after = 0;
	uint8_t bytes[70000] = {0};
	TEST(aril_now(&before) == ARIL_OK && aril_sleep(1500 * ARIL_MICROSECOND) == ARIL_OK);
	TEST(aril_monotonic(&after) == ARIL_OK && after - before == 1500000 && aril_sleep(-1) == ARIL_INVALID);
	aril_time t = aril_time_of(-1), u = aril_time_of(1577836800123456789);
	TEST(t.seconds == -1 && t.nanoseconds == 999999999);
	TEST(u.seconds == 1577836800 && u.nanoseconds == 123456789);
	TEST(aril_random(bytes, sizeof bytes) == ARIL_OK);
	size_t zeros = 0;
	for (size_t i = 65536; i < sizeof bytes; i++)
		zeros += bytes[i] == 0;
	TEST(zeros < (sizeof bytes - 65536) / 8);
	return aril_answer(aril_of_uint(aril_rand(a)));
}
static void clocks_tell_time_and_random_numbers_differ(void) {
	uint64_t last = 0, x = 0;
	for (int i = 0; i < 4; i++) {
		TEST(wrap(clocks) == ARIL_DONE && aril_as_uint(test_host_told(), &x) && x != last);
		last = x;
	}
}

static aril_value sent_value(const char *key) { return aril_get(test_blob_value(test_host.sent), key); }
static bool sent(const char *key, const char *text) { return is_text(sent_value(key), text); }
static int64_t sent_int(const char *key) { return aril_int_or(sent_value(key), -1); }
static aril_outcome scopes(aril_activation *a) {
	(void)a;
	aril_executor config = {.scope = 3, .name = "config"}, seven = {.scope = 3, .id = 7};
	TEST(is_text(aril_get(aril_scope_lookup(config), "ok"), "yes") && sent("name", "config") && sent_int("scope") == 3);
	aril_scope_resolve(seven, true);
	TEST(sent_int("executor") == 7 && aril_bool_or(sent_value("force"), false));
	aril_scope_update(seven, aril_of_text("new"));
	TEST(sent("value", "new"));
	aril_scope_release(seven);
	TEST(aril_count(test_blob_value(test_host.sent)) == 2);
	aril_scope_entries(3, true, false, 9);
	TEST(sent_int("after") == 9);
	const char *names[] = {"config", "db.*"};
	aril_scope_subscribe(3, "change", names, 2, 0);
	TEST(sent("event", "change") && is_text(aril_at(sent_value("names"), 1), "db.*"));
	aril_scope_subscribe(3, "tick", NULL, 0, 30 * ARIL_SECOND);
	TEST(sent_int("every") == 30000000000);
	aril_scope_unsubscribe(3, 5);
	TEST(sent_int("subscription") == 5);
	aril_scope_get(3, "region");
	TEST(sent("key", "region"));
	aril_scope_set(3, "region", aril_of_text("us"));
	TEST(sent("value", "us"));
	return ARIL_PASS;
}
static void requests_to_a_scope_are_what_the_abi_says(void) {
	test_host_answers(ARIL_OK, ARIL_MAP({"ok", aril_of_text("yes")}));
	TEST(wrap(scopes) == ARIL_PASS);
}

static aril_outcome invoke(aril_activation *a) {
	(void)a;
	aril_value answer = aril_invoke(stock_reserve, ARIL_MAP({"sku", aril_of_text("A-1")}));
	aril_log(ARIL_INFO, "the mailbox is overwritten by this");
	return aril_answer(answer);
}
static void a_function_of_the_host_program_answers_or_fails(void) {
	test_host_answers(ARIL_OK, aril_of_int(5));
	TEST(wrap(invoke) == ARIL_DONE && told_int(5) && sent("sku", "A-1"));
	test_host_answers(ARIL_OK, long_bin(HUGE, 6));
	TEST(wrap(invoke) == ARIL_DONE && all_are(test_host_told(), HUGE, 6));
	aril_error e = {.code = aril_text("sold_out"), .message = aril_text("none left")};
	test_host_answers(ARIL_FAILED, aril_of_error(&e));
	TEST(wrap(invoke) == ARIL_DONE && test_host.outcome == 1 && aril_is(test_host_error().code, "sold_out"));
	test_host.answer.message.p = NULL;
	test_host.answer.status = ARIL_TOO_LARGE;
	TEST(wrap(invoke) == ARIL_DONE && aril_is(test_host_error().code, "too_large"));
}

static aril_outcome fetch(aril_activation *a) {
	(void)a;
	aril_field headers[] = {{"accept", aril_of_text("text/plain")}};
	aril_request q = {.method = "POST", .url = aril_text("https://api.example.com/"), .headers = headers,
	                  .header_count = 1, .body = "x", .body_size = 1, .timeout_ms = 500};
	aril_response p;
	aril_status s = aril_fetch(&q, &p);
	aril_log(ARIL_INFO, "the mailbox is overwritten by this");
	if (s != ARIL_OK)
		return aril_answer(p.failure);
	TEST(p.status == 200 && p.body_size == 4 && !memcmp(p.body, "1.25", 4));
	TEST(is_text(aril_at(aril_get(p.headers, "content-type"), 0), "text/plain"));
	return ARIL_PASS;
}
static void a_fetch_gives_a_response_or_says_why_not(void) {
	test_host_answers(ARIL_OK, ARIL_MAP({"status", aril_of_int(200)},
	                                    {"headers", ARIL_MAP({"content-type", ARIL_LIST(aril_of_text("text/plain"))})},
	                                    {"body", aril_of_bin("1.25", 4)}));
	TEST(wrap(fetch) == ARIL_PASS && sent("method", "POST") && sent_int("timeout_ms") == 500);
	aril_error e = {.code = aril_text("denied_host"), .message = aril_text("not granted")};
	test_host_answers(ARIL_FAILED, aril_of_error(&e));
	TEST(wrap(fetch) == ARIL_DONE && aril_is(test_host_error().code, "denied_host"));
}

static jmp_buf after_panic;
static char panicked[64];
static void note_panic(const uint16_t *text, size_t units, const uint16_t *file, uint32_t line) {
	char *p = panicked;
	for (size_t i = 0; i < units; i++)
		p += sprintf(p, text[i] < 0x80 ? "%c" : "<%x>", text[i]);
	*p = 0;
	TEST(file[0] == 'h' && line > 0);
	longjmp(after_panic, 1);
}
static void a_panic_says_its_text_in_utf_16(void) {
	static const struct {
		const char *text, *want;
	} cases[] = {
	    {"the roof", "the roof"},
	    {"\xc3\xa4\xe2\x82\xac.\xf0\x9f\x98\x80", "<e4><20ac>.<d83d><de00>"},
	    {"\xff\xc3(\xe2\x82", "<fffd><fffd>(<fffd>"}, // malformed
	};
	test_host_panicked = note_panic;
	for (volatile size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (!setjmp(after_panic))
			aril_panic(cases[i].text);
		TEST(!strcmp(panicked, cases[i].want));
	}
	test_host_panicked = NULL;
}

int main(void) {
	static void (*const tests[])(void) = {
	    a_pass_through_copies_nothing,
	    what_was_read_survives_every_call,
	    messages_larger_than_the_mailbox_are_read_whole,
	    a_header_larger_than_the_mailbox_is_read,
	    one_key_of_the_input_changes_and_the_rest_stays,
	    giving_the_last_outcome_is_passing,
	    a_status_goes_through_to_the_answer,
	    an_error_that_was_read_keeps_its_handle,
	    an_error_carries_its_cause_and_data,
	    an_error_that_cannot_be_sent_still_ends_the_operation,
	    what_is_kept_over_next_survives_re_entry,
	    methods_and_events_are_found_by_name,
	    an_event_says_what_happened_where,
	    what_a_hook_allocates_goes_when_it_returns,
	    what_init_allocates_stays,
	    state_is_kept_added_appended_swapped_and_listed,
	    contexts_are_set_swapped_and_appended_to,
	    log_lines_have_a_level_and_fields,
	    clocks_tell_time_and_random_numbers_differ,
	    requests_to_a_scope_are_what_the_abi_says,
	    a_function_of_the_host_program_answers_or_fails,
	    a_fetch_gives_a_response_or_says_why_not,
	    a_panic_says_its_text_in_utf_16,
	};
	size_t n = sizeof tests / sizeof *tests;
	for (size_t i = 0; i < n; i++) {
		test_host_reset();
		tests[i]();
	}
	test_host_reset();
	printf("hooks: %zu tests, %d failures\n", n, test_host_failures);
	return test_host_failures != 0;
}
