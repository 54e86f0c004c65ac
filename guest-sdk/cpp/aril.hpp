// aril.hpp: aril.h as C++20. Values that convert, results that are outcomes,
// scratch memory by RAII; no exceptions, no RTTI, no standard library.
//
//	#define ARIL_IMPLEMENTATION // in one file
//	#include "aril.hpp"
//
//	constexpr auto wrap = [](aril::Operation &op) -> aril::Outcome {
//		if (op.input()["role"].text() != "admin")
//			return aril::Error("denied", "for admins alone");
//		return op.next();
//	};
//	ARIL_WRAP(aril::hook<wrap>);
//
// What is said of memory, statuses and re-entry in aril.h holds here too: a
// Value and a Text are views, good until the hook returns.
#pragma once

#include "aril.h"

namespace aril {

// Text is UTF-8 that lives elsewhere.
class Text {
	aril_str s;

public:
	constexpr Text(const char *text = "") : s{text, __builtin_strlen(text)} {}
	constexpr Text(const char *p, size_t n) : s{p, n} {}
	constexpr Text(aril_str s) : s(s) {}
	constexpr operator aril_str() const { return s; }
	constexpr const char *data() const { return s.p; }
	constexpr size_t size() const { return s.n; }
	friend bool operator==(Text a, Text b) { return aril_str_equal(a, b); }
	friend Text operator+(Text a, Text b) { return aril_cat(a, b); }
};

// Bytes live elsewhere, too.
struct Bytes {
	const uint8_t *data;
	size_t size;
};

struct nil_t {};
inline constexpr nil_t nil{};

template <class T> inline constexpr bool is_integer = false;
template <> inline constexpr bool is_integer<signed char> = true;
template <> inline constexpr bool is_integer<short> = true;
template <> inline constexpr bool is_integer<int> = true;
template <> inline constexpr bool is_integer<long> = true;
template <> inline constexpr bool is_integer<long long> = true;
template <> inline constexpr bool is_integer<unsigned char> = true;
template <> inline constexpr bool is_integer<unsigned short> = true;
template <> inline constexpr bool is_integer<unsigned> = true;
template <> inline constexpr bool is_integer<unsigned long> = true;
template <> inline constexpr bool is_integer<unsigned long long> = true;
template <class T>
concept Integer = is_integer<T>;
template <class A, class B> inline constexpr bool same_type = false;
template <class A> inline constexpr bool same_type<A, A> = true;

// Value is one msgpack message, or the status that says why there is none. It
// converts from what C++ has, and back with otherwise.
class Value {
	aril_value v;

public:
	Value(aril_value v) : v(v) {}
	Value() : v(aril_none(ARIL_NOT_FOUND)) {}
	Value(nil_t) : v(aril_of_nil()) {}
	// Templates, lest a pointer become a bool, or a char a double.
	template <class T>
		requires same_type<T, bool>
	Value(T x) : v(aril_of_bool(x)) {}
	template <Integer T> Value(T x) : v(T(-1) < T(0) ? aril_of_int((int64_t)x) : aril_of_uint((uint64_t)x)) {}
	template <class T>
		requires(same_type<T, double> || same_type<T, float>)
	Value(T x) : v(aril_of_float(x)) {}
	Value(const char *x) : v(aril_of_text(x)) {}
	Value(Text x) : v(aril_of_str(x)) {}
	Value(Bytes x) : v(aril_of_bin(x.data, x.size)) {}
	Value(aril_time x) : v(aril_of_time(x)) {}
	// The bytes of a message that was made elsewhere.
	static Value raw(const void *p, size_t n) { return aril_raw(p, n); }
	static Value none(aril_status s) { return aril_none(s); }

	operator aril_value() const { return v; }
	bool ok() const { return v.status == ARIL_OK; }
	aril_status status() const { return v.status; }
	Bytes bytes() const { return {v.bytes, v.size}; }
	aril_type type() const { return aril_type_of(v); }
	bool is_nil() const { return type() == ARIL_TYPE_NIL; }
	// Elements of an array, pairs of a map; 0 otherwise.
	size_t size() const { return aril_count(v); }

	// Parts; status ARIL_NOT_FOUND where there is none.
	Value operator[](const char *key) const { return aril_get(v, key); }
	Value operator[](Text key) const { return aril_get_str(v, key); }
	template <Integer I> Value operator[](I i) const {
		return aril_at(v, (unsigned long long)i < SIZE_MAX ? (size_t)i : SIZE_MAX);
	}

	// What it is, or x where it is no such thing or does not fit.
	template <Integer T> T otherwise(T x) const {
		if constexpr (T(-1) < T(0)) {
			int64_t got;
			return aril_as_int(v, &got) && (int64_t)(T)got == got ? (T)got : x;
		} else {
			uint64_t got;
			return aril_as_uint(v, &got) && (uint64_t)(T)got == got ? (T)got : x;
		}
	}
	bool otherwise(bool x) const { return aril_bool_or(v, x); }
	double otherwise(double x) const { return aril_float_or(v, x); }
	Text otherwise(Text x) const {
		aril_str got;
		return aril_as_str(v, &got) ? Text(got) : x;
	}
	Text otherwise(const char *x) const { return otherwise(Text(x)); }
	Text text() const { return otherwise(Text()); }
	Bytes binary() const {
		Bytes b{nullptr, 0};
		aril_as_bin(v, &b.data, &b.size);
		return b;
	}

	// A copy with x at a key, every other byte as it was.
	Value with(const char *key, Value x) const { return aril_set(v, key, x.v); }

	// The elements of an array, or the keys and values of a map in turn.
	class Iterator {
		aril_reader r;
		size_t left;

	public:
		Iterator(aril_reader r, size_t left) : r(r), left(left) {}
		Value operator*() const {
			aril_reader copy = r;
			return aril_read_value(&copy);
		}
		Iterator &operator++() {
			aril_read_value(&r);
			left--;
			return *this;
		}
		bool operator!=(const Iterator &) const { return left && !r.failed; }
	};
	Iterator begin() const {
		aril_reader r = aril_reader_on(v);
		size_t n = aril_peek(&r) == ARIL_TYPE_MAP ? aril_read_map(&r) * 2 : aril_read_array(&r);
		return {r, n}; // r is past the header now
	}
	Iterator end() const { return {aril_reader_on(v), 0}; }
};

// A Field is a key of a map, or an attribute of a log line.
struct Field {
	const char *key;
	Value value;
};

// A map and a list of what stands in braces: map({{"id", 7}, {"in", in}}).
template <size_t N> Value map(const Field (&fields)[N]) {
	aril_field f[N];
	for (size_t i = 0; i < N; i++)
		f[i] = {fields[i].key, fields[i].value};
	return aril_map_of(f, N);
}
template <size_t N> Value list(const Value (&values)[N]) {
	aril_value v[N];
	for (size_t i = 0; i < N; i++)
		v[i] = values[i];
	return aril_list_of(v, N);
}

// Writer makes a message of any size, part by part. It owns its first bytes
// and goes on in the arena.
class Writer {
	uint8_t first[256];
	aril_writer w;

public:
	Writer() : w(aril_writer_spilling(first, sizeof first)) {}
	Writer(const Writer &) = delete;
	Writer &operator=(const Writer &) = delete;
	// Headers; n elements, or n keys each with its value, must follow.
	Writer &array(size_t n) {
		aril_write_array(&w, n);
		return *this;
	}
	Writer &map(size_t n) {
		aril_write_map(&w, n);
		return *this;
	}
	Writer &operator<<(Value v) {
		aril_write_value(&w, v);
		return *this;
	}
	// A view, good as long as the Writer.
	Value value() const { return aril_written(&w); }
};

// A copy of v, read and written part by part in the shortest form.
inline Value transcode(Value v) {
	if (!v.ok())
		return v;
	aril_reader r = aril_reader_on(v);
	aril_writer w = aril_writer_spilling(nullptr, 0);
	return aril_transcode(&r, &w) && aril_read_end(&r) ? Value(aril_written(&w)) : Value::none(ARIL_INVALID);
}

// Scratch frees what is allocated while it lives, values included: for loops
// that make many. What is to outlive it must have been made before.
class Scratch {
	aril_arena_mark mark;

public:
	Scratch() : mark(aril_mark()) {}
	~Scratch() { aril_release(mark); }
	Scratch(const Scratch &) = delete;
	Scratch &operator=(const Scratch &) = delete;
};

// An Error is an operation error: one that next ended with, or one's own.
class Error {
	aril_error e;

public:
	Error(Text code, Text message) : e{} {
		e.code = code;
		e.message = message;
		e.data = e.cause = aril_none(ARIL_NOT_FOUND);
	}
	// What a value with a status says, such as that of a state that did not
	// answer.
	explicit Error(Value v) : e(aril_error_of(v)) {}

	Text code() const { return e.code; }
	Text message() const { return e.message; }
	Text kind() const { return e.kind; }
	bool retryable() const { return e.retryable; }
	Value data() const { return e.data; }
	// Whether there is a cause, and what it is.
	bool has_cause() const { return e.cause.size != 0; }
	Error cause() const { return Error(Value(e.cause)); }

	Error &with_message(Text text) {
		e.message = text;
		return *this;
	}
	Error &with_data(Value data) {
		e.data = data;
		return *this;
	}
	// With the cause's handle, so that errors.Is works in the host.
	Error &with_cause(const Error &cause) {
		e.cause = aril_of_error(&cause.e);
		return *this;
	}
	Error &with_retryable(bool retryable) {
		e.retryable = retryable;
		return *this;
	}
	const aril_error *get() const { return &e; }
};

// A Result is what one next ended with: a value, an error, or the status that
// kept it from running. It stays with the host until it is looked at; once
// next is called again, it can still be returned and no longer read.
class Result {
	aril_activation *a;
	uint32_t index;
	aril_status s;

public:
	Result(aril_activation *a, aril_status s) : a(a), index(a->next_calls - 1), s(s) {}
	bool ok() const { return s == ARIL_OK; }
	bool failed() const { return s == ARIL_FAILED; }
	bool ran() const { return ok() || failed(); }
	aril_status status() const { return s; }
	Value value() const {
		if (!ok())
			return failed() ? Value(aril_failure(a)) : Value::none(s);
		return index + 1 == a->next_calls ? Value(aril_result(a)) : Value::none(ARIL_STALE);
	}
	Error error() const {
		if (failed())
			return Error(index + 1 == a->next_calls ? Value(aril_failure(a)) : Value::none(ARIL_STALE));
		return Error(Value::none(s));
	}
	bool retryable() const { return failed() && error().retryable(); }
	aril_outcome give() const { return ran() ? aril_give(a, index) : aril_answer(aril_none(s)); }
};

struct pass_t {};
// Nothing to say; in wrap, what the last next ended with, or the rest without.
inline constexpr pass_t pass{};

// An Outcome is what a hook returns: pass, a Result as it was, an Error, a
// Value or what becomes one. Making one tells the host; the last one counts.
class Outcome {
	aril_outcome o;

	explicit Outcome(aril_outcome o, pass_t) : o(o) {}

public:
	Outcome(pass_t) : o(ARIL_PASS) {}
	Outcome(const Result &r) : o(r.give()) {}
	Outcome(const Error &e) : o(aril_fail_as(e.get())) {}
	Outcome(const Value &v) : o(aril_answer(v)) {}
	template <class T>
		requires requires(const T &x) { Value(x); }
	Outcome(const T &x) : Outcome(Value(x)) {}
	// What a function of aril.h gave.
	static Outcome of(aril_outcome o) { return Outcome(o, pass); }
	aril_outcome code() const { return o; }
};

// What every hook sees.
class Activation {
protected:
	aril_activation *a;

public:
	explicit Activation(aril_activation *a) : a(a) {}
	Value config() const { return aril_config(a); }
	// Not for keys: seeded anew in each activation.
	uint64_t random() { return aril_rand(a); }
	aril_activation *get() const { return a; }
};

// An Operation is what wrap is around.
class Operation : public Activation {
public:
	using Activation::Activation;
	Text kind() const { return aril_kind(a); }
	Text name() const { return aril_name(a); }
	Text key() const { return aril_key(a); }
	Value meta() const { return aril_meta(a); }
	uint32_t depth() const { return aril_depth(a); }
	uint32_t max_next() const { return aril_max_next(a); }
	uint32_t powers() const { return aril_powers(a); }
	Value input() const { return aril_input(a); }
	Value params() const { return aril_params(a); }
	// Runs the rest, with another input where there is one.
	Result next() { return {a, aril_next(a)}; }
	Result next(Value input) { return {a, aril_next_with(a, input)}; }
	// The outcome of the i-th next, from 0, as it was.
	Outcome give(uint32_t i) { return Outcome::of(aril_give(a, i)); }
};

// A Call is of a method, by its name.
class Call : public Activation {
public:
	using Activation::Activation;
	Text method() const { return aril_method(a); }
	Value args() const { return aril_input(a); }
};

class Event : public Activation {
public:
	using Activation::Activation;
	Text type() const { return aril_event_type(a); }
	Text name() const { return aril_name(a); }
	uint64_t scope() const { return aril_scope_id(a); }
	Value data() const { return aril_input(a); }
};

class Init : public Activation {
public:
	using Activation::Activation;
	Text name() const { return aril_name(a); }
};

// hook<f> is the aril_hook that calls f: a function or a lambda without
// captures, from Operation &, Call &, Event & or Init & to Outcome.
template <auto f> aril_outcome hook(aril_activation *a) {
	if constexpr (requires(Operation &x) { f(x); }) {
		Operation x(a);
		return Outcome(f(x)).code();
	} else if constexpr (requires(Call &x) { f(x); }) {
		Call x(a);
		return Outcome(f(x)).code();
	} else if constexpr (requires(Event &x) { f(x); }) {
		Event x(a);
		return Outcome(f(x)).code();
	} else {
		Init x(a);
		return Outcome(f(x)).code();
	}
}
// For ARIL_DISPOSE, from Activation & to void.
template <auto f> void dispose_hook(aril_activation *a) {
	Activation x(a);
	f(x);
}

// ---- What the host offers -------------------------------------------------

inline aril_status log(int32_t level, Text text) { return aril_log_fields(level, text, nullptr, 0); }
template <size_t N> aril_status log(int32_t level, Text text, const Field (&fields)[N]) {
	aril_field f[N];
	for (size_t i = 0; i < N; i++)
		f[i] = {fields[i].key, fields[i].value};
	return aril_log_fields(level, text, f, N);
}

// Wall clock and monotonic clock as values: an integer of nanoseconds, or the
// status that says why not.
inline Value now() {
	int64_t ns;
	aril_status s = aril_now(&ns);
	return s == ARIL_OK ? Value(ns) : Value::none(s);
}
inline Value monotonic() {
	int64_t ns;
	aril_status s = aril_monotonic(&ns);
	return s == ARIL_OK ? Value(ns) : Value::none(s);
}

// A Slot is one key of the state.
class Slot {
	Text key;

public:
	explicit Slot(Text key) : key(key) {}
	Value get() const { return aril_state_get(key); }
	aril_status put(Value x) { return aril_state_put(key, x); }
	aril_status remove() { return aril_state_delete(key); }
	// The sum, or the status that says why there is none.
	Value add(int64_t delta) {
		int64_t sum;
		aril_status s = aril_state_add(key, delta, &sum);
		return s == ARIL_OK ? Value(sum) : Value::none(s);
	}
	// The new length likewise.
	Value append(Bytes x) {
		size_t size;
		aril_status s = aril_state_append(key, aril_raw(x.data, x.size), &size);
		return s == ARIL_OK ? Value(size) : Value::none(s);
	}
	// Puts x if old is there; a Value() stands for none.
	aril_status swap(Value old, Value x) { return aril_state_swap(key, old, x); }
};

// A Context is one level of the call chain.
class Context {
	aril_level level;

public:
	explicit constexpr Context(aril_level level) : level(level) {}
	Value get(const char *key) const { return aril_context_get(level, key); }
	aril_status set(const char *key, Value x) const { return aril_context_set(level, key, x); }
	aril_status append(const char *key, Value x) const { return aril_context_append(level, key, x, nullptr); }
	Value swap(const char *key, Value x) const { return aril_context_swap(level, key, x); }
};
inline constexpr Context own{ARIL_OWN}, root{ARIL_ROOT}, per_scope{ARIL_SCOPE};

} // namespace aril

// ---- Without a C++ library --------------------------------------------------

#if defined(ARIL_IMPLEMENTATION) && defined(__wasm__) && !defined(__wasi__) && !defined(ARIL__CPP_IMPLEMENTED)
#define ARIL__CPP_IMPLEMENTED
// new takes from the arena, delete gives nothing back: a destructor runs, and
// the memory goes when the hook returns.
[[gnu::weak]] void *operator new(size_t n) { return aril_alloc(n); }
[[gnu::weak]] void *operator new[](size_t n) { return aril_alloc(n); }
[[gnu::weak]] void operator delete(void *) noexcept {}
[[gnu::weak]] void operator delete[](void *) noexcept {}
[[gnu::weak]] void operator delete(void *, size_t) noexcept {}
[[gnu::weak]] void operator delete[](void *, size_t) noexcept {}
extern "C" {
[[gnu::weak]] void *__dso_handle;
[[gnu::weak]] int __cxa_atexit(void (*)(void *), void *, void *) { return 0; } // nothing exits
[[gnu::weak]] int __cxa_guard_acquire(char *done) { return !*done; } // of static local variables
[[gnu::weak]] void __cxa_guard_release(char *done) { *done = 1; }
[[gnu::weak]] void __cxa_pure_virtual() { aril_panic("pure virtual function called"); }
// Constructors of globals run once, into the template. Without this, the linker
// would run them at every call of every hook.
void __wasm_call_ctors();
__attribute__((export_name("_initialize"))) void _initialize() { __wasm_call_ctors(); }
}
#endif
