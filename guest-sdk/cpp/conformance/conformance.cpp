// Every role of testdata/conformance/README.md, on aril.hpp. The configuration
// says which one the extension plays.
#define ARIL_IMPLEMENTATION
#include "aril.hpp"

using namespace aril;

// ---- The operation ---------------------------------------------------------

static Outcome through(Operation &op) { return op.next(); }

static Outcome read_outcome(Operation &op) {
	Result r = op.next();
	if (r.failed()) {
		r.error();
		return r;
	}
	Value out = transcode(r.value());
	return out.ok() ? Outcome(r) : Outcome(out);
}

static Outcome rebuild(Operation &op) { return op.next(transcode(op.input())); }

static Outcome change_result(Operation &op) {
	Result r = op.next();
	if (!r.ok())
		return r;
	return map({{"was", transcode(r.value())}, {"by", op.config()["by"]}});
}

static Outcome change_input(Operation &op) {
	Value in = op.input();
	return op.next(in.with("n", in["n"].otherwise(0ll) + 1));
}

static Outcome short_circuit(Operation &op) { return op.config()["answer"]; }

static Outcome retry(Operation &op) {
	for (int left = op.config()["attempts"].otherwise(3);; left--) {
		Result r = op.next();
		if (left <= 1 || !r.retryable())
			return r;
	}
}

static Outcome fallback(Operation &op) {
	Result r = op.next();
	return r.ok() ? Outcome(r) : Outcome(op.config()["answer"]);
}

static Outcome choose(Operation &op) {
	for (int i = op.config()["times"].otherwise(1); i > 0; i--) {
		Result r = op.next();
		if (!r.ran())
			return r;
	}
	return op.give(op.config()["which"].otherwise(0u));
}

static Outcome deny(Operation &op) {
	Value in = op.input();
	if (!in.ok())
		return in;
	Text role = in["role"].text();
	if (role == "admin")
		return pass;
	return Error("denied", Text("not for ") + role).with_data(map({{"role", role}}));
}

static Outcome translate_error(Operation &op) {
	Result r = op.next();
	if (!r.failed())
		return r;
	Error first = r.error();
	if (!(first.code() == "not_found"))
		return r;
	return Error("missing", Text("no such thing: ") + first.message()).with_retryable(true).with_cause(first);
}

static Outcome explain(Operation &op) {
	Result r = op.next();
	if (r.ok())
		return r;
	Error e = r.error();
	return map({{"code", e.code()},
	            {"message", e.message()},
	            {"retryable", e.retryable()},
	            {"data", e.data()},
	            {"cause", e.has_cause() ? Value(e.cause().code()) : Value(nil)}});
}

static Outcome describe(Operation &op) {
	return map({{"kind", op.kind()},
	            {"name", op.name()},
	            {"key", op.key()},
	            {"depth", op.depth()},
	            {"max_next", op.max_next()},
	            {"meta", op.meta()},
	            {"params", op.params()}});
}

// ---- What the host offers ----------------------------------------------------

// A status as an outcome, for what has no other answer.
static Outcome settled(aril_status s) { return s == ARIL_OK ? Outcome(pass) : Outcome(Value::none(s)); }

static Outcome cache(Operation &op) {
	Value in = op.input();
	if (!in.ok())
		return in;
	Slot slot(Text("cache/") + in["id"].text());
	Value kept = slot.get();
	if (kept.status() != ARIL_NOT_FOUND)
		return kept;
	Result r = op.next();
	if (!r.ok())
		return r;
	return settled(slot.put(r.value()));
}

static Outcome count(Operation &) { return Slot("count").add(1); }

// A text a bin holds.
static Text text_of(Bytes b) { return {(const char *)b.data, b.size}; }

static Value done(aril_status s, aril_status also = ARIL_OK) {
	return s == ARIL_OK || s == also ? Value(nil) : Value::none(s);
}

static Value command(Value c) {
	Text what = c[0].text(), key = c[1].text();
	Slot slot(key);
	Value x = c[2];
	if (what == "get") {
		Value v = slot.get();
		return v.status() == ARIL_NOT_FOUND ? Value(nil) : v;
	}
	if (what == "put")
		return done(slot.put(x));
	if (what == "delete")
		return done(slot.remove(), ARIL_NOT_FOUND);
	if (what == "add")
		return slot.add(x.otherwise(0ll));
	if (what == "append")
		return slot.append(x.binary());
	if (what == "list") {
		Value keys = aril_state_list(key);
		if (!keys.ok())
			return keys;
		aril_writer w = aril_writer_spilling(nullptr, 0);
		aril_write_array(&w, keys.size());
		for (Value k : keys)
			aril_write_str(&w, text_of(k.binary()));
		return aril_written(&w);
	}
	if (what == "swap") {
		Value y = c[3];
		aril_status s = slot.swap(x.is_nil() ? Value() : x, y.is_nil() ? Value() : y);
		return s == ARIL_OK || s == ARIL_CONFLICT ? Value(s == ARIL_OK) : Value::none(s);
	}
	return Value::none(ARIL_INVALID);
}

static Outcome state(Operation &op) {
	Value in = op.input();
	if (!in.ok())
		return in;
	Writer w;
	w.array(in.size());
	for (Value c : in) {
		Value answer = command(c);
		if (!answer.ok())
			return answer;
		w << answer;
	}
	return w.value();
}

static Outcome inherit(Operation &) {
	return map({{"own", own.get("own")}, {"root", root.get("root")}, {"list", root.get("list")}});
}

static Outcome context(Operation &op) {
	if (op.name() == "inherit")
		return inherit(op);
	Value in = op.input();
	aril_status s = own.set("own", in);
	if (s == ARIL_OK)
		s = root.set("root", in);
	if (s == ARIL_OK)
		s = root.append("list", in);
	if (s != ARIL_OK)
		return Value::none(s);
	Result r = op.next();
	return r.ok() ? inherit(op) : Outcome(r);
}

static Outcome log_lines(Operation &) {
	log(ARIL_DEBUG, "a debug line", {{"n", 1}});
	log(ARIL_INFO, "an info line", {{"n", 2}});
	log(ARIL_WARN, "a warn line", {{"n", 3}});
	log(ARIL_ERROR, "an error line", {{"n", 4}});
	return pass;
}

static Outcome flood(Operation &op) {
	char line[5 + 1000] = {'l', 'i', 'n', 'e', ' '};
	for (size_t i = 5; i < sizeof line; i++)
		line[i] = 'x';
	for (int i = op.config()["lines"].otherwise(0); i > 0; i--)
		log(ARIL_INFO, {line, sizeof line}); // ARIL_LIMIT, in the end
	return pass;
}

static Outcome random_numbers(Operation &op) {
	return list({op.random(), op.random(), op.random(), op.random()});
}

static Outcome sleeper(Operation &op) {
	Value before = monotonic();
	if (!before.ok())
		return before;
	aril_status s = aril_sleep(op.config()["ms"].otherwise(0ll) * ARIL_MILLISECOND);
	if (s != ARIL_OK)
		return Value::none(s);
	return (monotonic().otherwise(0ll) - before.otherwise(0ll)) / ARIL_MILLISECOND;
}

static Outcome clock_role(Operation &) {
	Value t = now();
	return t.ok() ? Value(aril_time_of(t.otherwise(0ll))) : t;
}

// ---- Faults -------------------------------------------------------------------

static Outcome trap(Operation &) { aril_panic("the roof is on fire"); }

static Outcome trap_after(Operation &op) {
	op.next();
	return trap(op);
}

static Outcome loop(Operation &) {
	for (volatile uint32_t i = 0;;)
		i = i + 1;
}

// Both volatile, so that no compiler sees that it never ends, nor makes it a
// loop.
static volatile bool deeper_still = true;
[[gnu::noinline]] static uint32_t deeper(uint32_t n) {
	volatile uint32_t here = n;
	if (deeper_still)
		here = here + deeper(n + 1);
	return here;
}
static Outcome recurse(Operation &) { return Value(deeper(0)); }

static Outcome hog(Operation &) {
	for (;;) {
		volatile uint8_t *p = new uint8_t[1 << 16];
		for (size_t i = 0; i < 1 << 16; i += 64)
			p[i] = 1;
	}
}

static Outcome huge(Operation &op) {
	size_t size = op.config()["size"].otherwise((size_t)0);
	uint8_t *bytes = new uint8_t[size];
	__builtin_memset(bytes, 7, size);
	return Value(Bytes{bytes, size});
}

static Outcome malformed(Operation &) { return Value::raw("\xc1", 1); }

// ---- Other hooks ----------------------------------------------------------------

// A number of a global's constructor and of init: both are in the template.
struct Number {
	long long value;
	Number() : value(30) {}
};
static Number number;

static Outcome refuse(Init &) { return Error("bad_config", "refused"); }
static Outcome set_number(Init &) {
	number.value += 10;
	return pass;
}
static Outcome add_one(Operation &) { return Value(++number.value); }

static Outcome methods(Call &c) {
	if (c.method() == "echo")
		return c.args();
	if (c.method() == "sum") {
		long long sum = 0;
		for (Value x : c.args())
			sum += x.otherwise(0ll);
		return Value(sum);
	}
	if (c.method() == "fail")
		return Error("failed", "as asked").with_data(c.args());
	return pass;
}

static Value keep(Event &e) {
	Text line = e.type() + "\n";
	return Slot("events").append({(const uint8_t *)line.data(), line.size()});
}
static Outcome events(Event &e) {
	Value kept = keep(e);
	return kept.ok() ? Outcome(pass) : Outcome(kept);
}
static Outcome change(Event &e) {
	Value kept = keep(e);
	if (!kept.ok())
		return kept;
	return e.type() == "change" ? Outcome(map({{"changed", e.data()}})) : Outcome(pass);
}

static void keep_end(Activation &) { Slot("disposed").put(true); }

// A role is what the hooks do; null passes.
struct Role {
	const char *name;
	Outcome (*wrap)(Operation &) = nullptr;
	Outcome (*event)(Event &) = nullptr;
	Outcome (*call)(Call &) = nullptr;
	Outcome (*init)(Init &) = nullptr;
	void (*dispose)(Activation &) = nullptr;
};

static constexpr Role roles[] = {
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
    {.name = "call", .call = methods},
    {.name = "events", .event = events},
    {.name = "change", .event = change},
    {.name = "init-error", .init = refuse},
    {.name = "init-state", .wrap = add_one, .init = set_number},
    {.name = "dispose", .dispose = keep_end},
};

// Set by init, before memory is frozen.
static const Role *playing;

constexpr auto on_init = [](Init &in) -> Outcome {
	for (const Role &r : roles) {
		if (!(in.config()["role"].text() == r.name))
			continue;
		playing = &r;
		return r.init ? r.init(in) : Outcome(pass);
	}
	return Error("unknown_role", "this extension has no such role");
};
constexpr auto on_wrap = [](Operation &op) -> Outcome { return playing->wrap ? playing->wrap(op) : Outcome(pass); };
constexpr auto on_event = [](Event &e) -> Outcome { return playing->event ? playing->event(e) : Outcome(pass); };
constexpr auto on_call = [](Call &c) -> Outcome { return playing->call ? playing->call(c) : Outcome(pass); };
constexpr auto on_dispose = [](Activation &a) {
	if (playing->dispose)
		playing->dispose(a);
};

ARIL_INIT(hook<on_init>);
ARIL_WRAP(hook<on_wrap>);
ARIL_EVENT(hook<on_event>);
ARIL_CALL(hook<on_call>);
ARIL_DISPOSE(dispose_hook<on_dispose>);
