// Every role of testdata/conformance/README.md. The configuration says which
// one the extension plays.
#define ARIL_IMPLEMENTATION
#include "../aril.h"

// A role is what the hooks do; NULL passes.
typedef struct role {
	const char *name;
	aril_hook init, wrap, event, call;
	void (*dispose)(aril_activation *);
} role;

// Set by init, before memory is frozen.
static const role *playing;

// Ends with the outcome of a next as it was, or with the status that kept it
// from running.
static aril_outcome settle(aril_status s) {
	return s == ARIL_OK || s == ARIL_FAILED ? ARIL_PASS : aril_answer(aril_none(s));
}

static aril_value config(aril_activation *a, const char *key) { return aril_get(aril_config(a), key); }

// A copy of v, each part of it read and written.
static aril_value rebuilt(aril_value v) {
	if (v.status != ARIL_OK)
		return v;
	aril_reader r = aril_reader_on(v);
	aril_writer w = aril_writer_spilling(NULL, 0);
	if (!aril_transcode(&r, &w) || !aril_read_end(&r))
		return aril_none(ARIL_INVALID);
	return aril_written(&w);
}

// ---- The operation ------------------------------------------------------

static aril_outcome through(aril_activation *a) { return settle(aril_next(a)); }

static aril_outcome read_outcome(aril_activation *a) {
	aril_status s = aril_next(a);
	if (s == ARIL_FAILED) {
		aril_last_error(a);
		return ARIL_PASS;
	}
	if (s != ARIL_OK)
		return settle(s);
	aril_value out = rebuilt(aril_result(a));
	return out.status == ARIL_OK ? ARIL_PASS : aril_answer(out);
}

static aril_outcome rebuild(aril_activation *a) { return settle(aril_next_with(a, rebuilt(aril_input(a)))); }

static aril_outcome change_result(aril_activation *a) {
	aril_value out = aril_next_fetch(a, aril_none(ARIL_NOT_FOUND));
	if (out.status == ARIL_FAILED)
		return ARIL_PASS;
	return aril_answer(ARIL_MAP({"was", rebuilt(out)}, {"by", config(a, "by")}));
}

static aril_outcome change_input(aril_activation *a) {
	aril_value in = aril_input(a);
	aril_value n = aril_of_int(aril_int_or(aril_get(in, "n"), 0) + 1);
	return settle(aril_next_with(a, aril_set(in, "n", n)));
}

static aril_outcome short_circuit(aril_activation *a) { return aril_answer(config(a, "answer")); }

static aril_outcome retry(aril_activation *a) {
	int64_t attempts = aril_int_or(config(a, "attempts"), 3);
	aril_status s = ARIL_OK;
	for (int64_t i = 0; i < attempts; i++) {
		s = aril_next(a);
		if (s != ARIL_FAILED || !aril_last_error(a).retryable)
			break;
	}
	return settle(s);
}

static aril_outcome fallback(aril_activation *a) {
	return aril_next(a) == ARIL_OK ? ARIL_PASS : aril_answer(config(a, "answer"));
}

static aril_outcome choose(aril_activation *a) {
	for (int64_t i = aril_int_or(config(a, "times"), 1); i > 0; i--) {
		aril_status s = aril_next(a);
		if (s != ARIL_OK && s != ARIL_FAILED)
			return settle(s);
	}
	return aril_give(a, (uint32_t)aril_uint_or(config(a, "which"), 0));
}

static aril_outcome deny(aril_activation *a) {
	aril_value in = aril_input(a);
	if (in.status != ARIL_OK)
		return aril_answer(in);
	aril_str who = aril_str_or(aril_get(in, "role"), "");
	if (aril_is(who, "admin"))
		return ARIL_PASS;
	aril_error e = {.code = aril_text("denied"),
	                .message = aril_cat(aril_text("not for "), who),
	                .data = ARIL_MAP({"role", aril_of_str(who)})};
	return aril_fail_as(&e);
}

static aril_outcome translate_error(aril_activation *a) {
	aril_status s = aril_next(a);
	if (s != ARIL_FAILED)
		return settle(s);
	aril_error first = aril_last_error(a);
	if (!aril_is(first.code, "not_found"))
		return ARIL_PASS;
	aril_error e = {.code = aril_text("missing"),
	                .message = aril_cat(aril_text("no such thing: "), first.message),
	                .cause = aril_of_error(&first),
	                .retryable = true};
	return aril_fail_as(&e);
}

static aril_outcome explain(aril_activation *a) {
	aril_status s = aril_next(a);
	if (s == ARIL_OK)
		return ARIL_PASS;
	aril_error e = s == ARIL_FAILED ? aril_last_error(a) : aril_error_of(aril_none(s));
	aril_value cause = aril_none(ARIL_NOT_FOUND);
	if (e.cause.size)
		cause = aril_of_str(aril_error_of(e.cause).code);
	return aril_answer(ARIL_MAP({"code", aril_of_str(e.code)}, {"message", aril_of_str(e.message)},
	                            {"retryable", aril_of_bool(e.retryable)}, {"data", e.data}, {"cause", cause}));
}

static aril_outcome describe(aril_activation *a) {
	return aril_answer(ARIL_MAP({"kind", aril_of_str(aril_kind(a))}, {"name", aril_of_str(aril_name(a))},
	                            {"key", aril_of_str(aril_key(a))}, {"depth", aril_of_uint(aril_depth(a))},
	                            {"max_next", aril_of_uint(aril_max_next(a))}, {"meta", aril_meta(a)},
	                            {"params", aril_params(a)}));
}

// ---- What the host offers -----------------------------------------------

static aril_outcome cache(aril_activation *a) {
	aril_value in = aril_input(a);
	if (in.status != ARIL_OK)
		return aril_answer(in);
	aril_str key = aril_cat(aril_text("cache/"), aril_str_or(aril_get(in, "id"), ""));
	aril_value kept = aril_state_get(key);
	if (kept.status != ARIL_NOT_FOUND)
		return aril_answer(kept);
	aril_value out = aril_next_fetch(a, aril_none(ARIL_NOT_FOUND));
	if (out.status == ARIL_FAILED)
		return ARIL_PASS;
	return settle(aril_state_put(key, out));
}

static aril_outcome count(aril_activation *a) {
	(void)a;
	int64_t sum = 0;
	aril_status s = aril_state_add(aril_text("count"), 1, &sum);
	return aril_answer(s == ARIL_OK ? aril_of_int(sum) : aril_none(s));
}

// What one command of the role state answers.
static aril_value command(aril_value c) {
	aril_str what = aril_str_or(aril_at(c, 0), ""), key = aril_str_or(aril_at(c, 1), "");
	aril_value x = aril_at(c, 2);
	if (aril_is(what, "get"))
		return aril_state_get(key);
	if (aril_is(what, "put")) {
		aril_status s = aril_state_put(key, x);
		return aril_none(s == ARIL_OK ? ARIL_NOT_FOUND : s);
	}
	if (aril_is(what, "delete")) {
		aril_status s = aril_state_delete(key);
		return aril_none(s == ARIL_OK ? ARIL_NOT_FOUND : s);
	}
	if (aril_is(what, "add")) {
		int64_t sum = 0;
		aril_status s = aril_state_add(key, aril_int_or(x, 0), &sum);
		return s == ARIL_OK ? aril_of_int(sum) : aril_none(s);
	}
	if (aril_is(what, "append")) {
		const uint8_t *bytes;
		size_t n, length = 0;
		if (!aril_as_bin(x, &bytes, &n))
			return aril_none(ARIL_INVALID);
		aril_status s = aril_state_append(key, aril_raw(bytes, n), &length);
		return s == ARIL_OK ? aril_of_uint(length) : aril_none(s);
	}
	if (aril_is(what, "list")) {
		aril_value keys = aril_state_list(key);
		aril_reader r = aril_reader_on(keys);
		aril_writer w = aril_writer_spilling(NULL, 0);
		size_t n = aril_read_array(&r);
		for (aril_write_array(&w, n); n; n--) {
			aril_str k;
			k.p = (const char *)aril_read_bin(&r, &k.n);
			aril_write_str(&w, k);
		}
		return keys.status == ARIL_OK ? aril_written(&w) : keys;
	}
	if (aril_is(what, "swap")) {
		aril_value new = aril_at(c, 3), none = aril_none(ARIL_NOT_FOUND);
		aril_status s = aril_state_swap(key, aril_type_of(x) == ARIL_TYPE_NIL ? none : x,
		                                aril_type_of(new) == ARIL_TYPE_NIL ? none : new);
		return s == ARIL_OK || s == ARIL_CONFLICT ? aril_of_bool(s == ARIL_OK) : aril_none(s);
	}
	return aril_none(ARIL_INVALID);
}

static aril_outcome state(aril_activation *a) {
	aril_value in = aril_input(a);
	if (in.status != ARIL_OK)
		return aril_answer(in);
	aril_reader r = aril_reader_on(in);
	aril_writer w = aril_writer_spilling(NULL, 0);
	size_t n = aril_read_array(&r);
	for (aril_write_array(&w, n); n; n--) {
		aril_value answer = command(aril_read_value(&r));
		if (answer.status != ARIL_OK && answer.status != ARIL_NOT_FOUND)
			return aril_answer(answer);
		aril_write_value(&w, answer);
	}
	return aril_answer(aril_written(&w));
}

static aril_outcome inherit(aril_activation *a) {
	(void)a;
	return aril_answer(ARIL_MAP({"own", aril_context_get(ARIL_OWN, "own")},
	                            {"root", aril_context_get(ARIL_ROOT, "root")},
	                            {"list", aril_context_get(ARIL_ROOT, "list")}));
}

static aril_outcome context(aril_activation *a) {
	if (aril_is(aril_name(a), "inherit"))
		return inherit(a);
	aril_value in = aril_input(a);
	aril_status s = aril_context_set(ARIL_OWN, "own", in);
	if (s == ARIL_OK)
		s = aril_context_set(ARIL_ROOT, "root", in);
	if (s == ARIL_OK)
		s = aril_context_append(ARIL_ROOT, "list", in, NULL);
	if (s == ARIL_OK)
		s = aril_next(a);
	return s == ARIL_OK ? inherit(a) : settle(s);
}

static aril_outcome log_lines(aril_activation *a) {
	(void)a;
	ARIL_LOG(ARIL_DEBUG, "a debug line", {"n", aril_of_int(1)});
	ARIL_LOG(ARIL_INFO, "an info line", {"n", aril_of_int(2)});
	ARIL_LOG(ARIL_WARN, "a warn line", {"n", aril_of_int(3)});
	ARIL_LOG(ARIL_ERROR, "an error line", {"n", aril_of_int(4)});
	return ARIL_PASS;
}

static aril_outcome flood(aril_activation *a) {
	char text[5 + 1000 + 1] = "line ";
	memset(text + 5, 'x', 1000);
	for (int64_t i = aril_int_or(config(a, "lines"), 0); i > 0; i--)
		aril_log(ARIL_INFO, text); // ARIL_LIMIT, in the end
	return ARIL_PASS;
}

static aril_outcome random_numbers(aril_activation *a) {
	return aril_answer(ARIL_LIST(aril_of_uint(aril_rand(a)), aril_of_uint(aril_rand(a)), aril_of_uint(aril_rand(a)),
	                             aril_of_uint(aril_rand(a))));
}

static aril_outcome sleeper(aril_activation *a) {
	int64_t before = 0, after = 0;
	aril_status s = aril_monotonic(&before);
	if (s == ARIL_OK)
		s = aril_sleep(aril_int_or(config(a, "ms"), 0) * ARIL_MILLISECOND);
	if (s == ARIL_OK)
		s = aril_monotonic(&after);
	return aril_answer(s == ARIL_OK ? aril_of_int((after - before) / ARIL_MILLISECOND) : aril_none(s));
}

static aril_outcome clock_role(aril_activation *a) {
	(void)a;
	int64_t now = 0;
	aril_status s = aril_now(&now);
	return aril_answer(s == ARIL_OK ? aril_of_time(aril_time_of(now)) : aril_none(s));
}

// ---- Faults ---------------------------------------------------------------

static aril_outcome trap(aril_activation *a) {
	(void)a;
	aril_panic("the roof is on fire");
}

static aril_outcome trap_after(aril_activation *a) {
	aril_next(a);
	return trap(a);
}

static aril_outcome loop(aril_activation *a) {
	for (volatile uint32_t i = 0;; i++)
		(void)a;
}

// Both volatile, so that no compiler sees that it never ends, nor makes it a
// loop.
static volatile bool deeper_still = true;
__attribute__((noinline)) static uint32_t deeper(uint32_t n) {
	volatile uint32_t here = n;
	if (deeper_still)
		here += deeper(n + 1);
	return here;
}
static aril_outcome recurse(aril_activation *a) {
	(void)a;
	return aril_answer(aril_of_uint(deeper(0)));
}

static aril_outcome hog(aril_activation *a) {
	(void)a;
	for (;;)
		memset(aril_alloc(1 << 16), 1, 1 << 16);
}

static aril_outcome huge(aril_activation *a) {
	size_t size = (size_t)aril_uint_or(config(a, "size"), 0);
	uint8_t *bytes = aril_alloc(size);
	memset(bytes, 7, size);
	return aril_answer(aril_of_bin(bytes, size));
}

static aril_outcome malformed(aril_activation *a) {
	(void)a;
	return aril_answer(aril_raw("\xc1", 1));
}

// ---- Other hooks -------------------------------------------------------------

static aril_outcome refuse(aril_activation *a) {
	(void)a;
	return aril_fail("bad_config", "refused");
}

static int64_t number;
static aril_outcome set_number(aril_activation *a) {
	(void)a;
	number = 40;
	return ARIL_PASS;
}
static aril_outcome add_one(aril_activation *a) {
	(void)a;
	return aril_answer(aril_of_int(++number));
}

static aril_outcome call(aril_activation *a) {
	aril_str method = aril_method(a);
	aril_value args = aril_input(a);
	if (aril_is(method, "echo"))
		return aril_answer(args);
	if (aril_is(method, "sum")) {
		int64_t sum = 0;
		for (size_t i = 0; i < aril_count(args); i++)
			sum += aril_int_or(aril_at(args, i), 0);
		return aril_answer(aril_of_int(sum));
	}
	if (aril_is(method, "fail")) {
		aril_error e = {.code = aril_text("failed"), .message = aril_text("as asked"), .data = args};
		return aril_fail_as(&e);
	}
	return ARIL_PASS;
}

static aril_status keep_event(aril_activation *a) {
	aril_str line = aril_cat(aril_event_type(a), aril_text("\n"));
	return aril_state_append(aril_text("events"), aril_raw(line.p, line.n), NULL);
}
static aril_outcome events(aril_activation *a) { return settle(keep_event(a)); }
static aril_outcome change(aril_activation *a) {
	aril_status s = keep_event(a);
	if (s != ARIL_OK || !aril_is(aril_event_type(a), "change"))
		return settle(s);
	return aril_answer(ARIL_MAP({"changed", aril_input(a)}));
}

static void dispose(aril_activation *a) {
	(void)a;
	aril_state_put(aril_text("disposed"), aril_of_bool(true));
}

static const role roles[] = {
    {.name = "pass"},
    {.name = "through", .wrap = through},
    {.name = "read", .wrap = read_outcome},
    {.name = "rebuild", .wrap = rebuild},
    {.name = "change-result", .wrap = change_result},
    {.name = "change-input", .wrap = change_input},
    {.name = "short-circuit", .wrap = short_circuit},
    {.name = "retry", .wrap = retry},
    {.name = "fallback", .wrap = fallback},
    {.name = "choose", .wrap = choose},
    {.name = "cache", .wrap = cache},
    {.name = "count", .wrap = count},
    {.name = "deny", .wrap = deny},
    {.name = "translate-error", .wrap = translate_error},
    {.name = "explain", .wrap = explain},
    {.name = "describe", .wrap = describe},
    {.name = "context", .wrap = context},
    {.name = "inherit", .wrap = inherit},
    {.name = "log", .wrap = log_lines},
    {.name = "flood", .wrap = flood},
    {.name = "trap", .wrap = trap},
    {.name = "trap-after", .wrap = trap_after},
    {.name = "loop", .wrap = loop},
    {.name = "recurse", .wrap = recurse},
    {.name = "hog", .wrap = hog},
    {.name = "huge", .wrap = huge},
    {.name = "malformed", .wrap = malformed},
    {.name = "random", .wrap = random_numbers},
    {.name = "sleep", .wrap = sleeper},
    {.name = "clock", .wrap = clock_role},
    {.name = "state", .wrap = state},
    {.name = "call", .call = call},
    {.name = "events", .event = events},
    {.name = "change", .event = change},
    {.name = "init-error", .init = refuse},
    {.name = "init-state", .init = set_number, .wrap = add_one},
    {.name = "dispose", .dispose = dispose},
};

static aril_outcome on_init(aril_activation *a) {
	aril_str name = aril_str_or(config(a, "role"), "");
	for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
		if (!aril_is(name, roles[i].name))
			continue;
		playing = &roles[i];
		return playing->init ? playing->init(a) : ARIL_PASS;
	}
	return aril_fail("unknown_role", "this extension has no such role");
}
static aril_outcome on_wrap(aril_activation *a) { return playing->wrap ? playing->wrap(a) : ARIL_PASS; }
static aril_outcome on_event(aril_activation *a) { return playing->event ? playing->event(a) : ARIL_PASS; }
static aril_outcome on_call(aril_activation *a) { return playing->call ? playing->call(a) : ARIL_PASS; }
static void on_dispose(aril_activation *a) {
	if (playing->dispose)
		playing->dispose(a);
}

ARIL_INIT(on_init);
ARIL_WRAP(on_wrap);
ARIL_EVENT(on_event);
ARIL_CALL(on_call);
ARIL_DISPOSE(on_dispose);
