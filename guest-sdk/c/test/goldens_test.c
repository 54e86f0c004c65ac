// Reads and writes every wire golden of testdata/messages, and reads each
// prefix of each: the reader must never leave its buffer.
#define ARIL_IMPLEMENTATION
#include "../aril.h"
#include "../aril_test.h"

#include "json.h"
#include <dirent.h>

static char *folder;

static uint8_t *slurp(const char *name, const char *suffix, size_t *n) {
	char path[4096];
	snprintf(path, sizeof path, "%s/%s%s", folder, name, suffix);
	FILE *f = fopen(path, "rb");
	if (!f) {
		perror(path);
		exit(2);
	}
	uint8_t *p = NULL;
	*n = 0;
	for (size_t got = 1; got;) {
		p = realloc(p, *n + 65536 + 1);
		got = fread(p + *n, 1, 65536, f);
		*n += got;
	}
	fclose(f);
	p = realloc(p, *n + 1);
	p[*n] = 0;
	return p;
}

static bool same(aril_value a, aril_value b) {
	return a.status == b.status && a.size == b.size && !memcmp(a.bytes, b.bytes, a.size);
}

static aril_value transcoded(aril_value v) {
	aril_reader r = aril_reader_on(v);
	aril_writer w = aril_writer_spilling(NULL, 0);
	if (!aril_transcode(&r, &w) || !aril_read_end(&r))
		return aril_none(ARIL_INVALID);
	return aril_written(&w);
}

// Whether the part of want at a key is what was read.
static bool says_str(aril_value want, const char *key, aril_str got) {
	return aril_str_equal(aril_str_or(aril_get(want, key), ""), got);
}
static bool says_uint(aril_value want, const char *key, uint64_t got) {
	return aril_uint_or(aril_get(want, key), 0) == got;
}
static bool says_value(aril_value want, const char *key, aril_value got) {
	aril_value part = aril_get(want, key);
	if (aril_type_of(part) == ARIL_TYPE_NIL)
		part = aril_none(ARIL_NOT_FOUND);
	if (part.status == ARIL_NOT_FOUND)
		return got.status == ARIL_NOT_FOUND;
	return same(transcoded(got), part);
}

static void check_error(aril_value v, aril_value want, bool canonical) {
	aril_error e = aril_error_of(v);
	aril_str code = aril_str_or(aril_get(want, "code"), "");
	TEST(aril_str_equal(e.code, code.n ? code : aril_text("error")));
	TEST(says_str(want, "message", e.message));
	TEST(says_str(want, "kind", e.kind));
	TEST(says_value(want, "data", e.data));
	TEST(e.retryable == aril_bool_or(aril_get(want, "retryable"), false));
	const uint8_t *handle = NULL;
	size_t n = 0;
	aril_as_bin(aril_get(want, "handle"), &handle, &n);
	TEST((handle != NULL) == (e.handle != NULL));
	TEST(!handle || (n == ARIL_HANDLE_SIZE && !memcmp(handle, e.handle, n)));
	aril_value cause = aril_get(want, "cause");
	bool has = aril_type_of(cause) == ARIL_TYPE_MAP;
	TEST(has == (e.cause.size != 0));
	if (has)
		check_error(e.cause, cause, canonical);
	if (canonical && code.n)
		TEST(same(aril_of_error(&e), v));
}

static void check_header(aril_value v, aril_value want) {
	aril_activation a;
	memset(&a, 0, sizeof a);
	a.header = v;
	TEST(says_str(want, "kind", aril_kind(&a)));
	TEST(says_str(want, "name", aril_name(&a)));
	TEST(says_str(want, "key", aril_key(&a)));
	TEST(says_str(want, "method", aril_method(&a)));
	TEST(says_str(want, "event", aril_event_type(&a)));
	TEST(says_uint(want, "id", aril_id(&a)));
	TEST(says_uint(want, "root", aril_root(&a)));
	TEST(says_uint(want, "depth", aril_depth(&a)));
	TEST(says_uint(want, "max_next", aril_max_next(&a)));
	TEST(says_uint(want, "powers", aril_powers(&a)));
	TEST(says_uint(want, "scope", aril_scope_id(&a)));
	TEST(says_value(want, "meta", aril_meta(&a)));
	const uint8_t *entropy = NULL;
	size_t n = 0;
	if (aril_as_bin(aril_get(want, "entropy"), &entropy, &n)) {
		uint64_t first = aril_rand(&a);
		memset(&a, 0, sizeof a);
		a.header = aril_set(v, "entropy", aril_of_bin("\1", 1));
		TEST(aril_rand(&a) != first);
	}
}

// Everything that reads, on bytes that may be anything.
static void read_all(aril_value v) {
	aril_reader r = aril_reader_on(v);
	aril_read_value(&r);
	aril_valid(v);
	transcoded(v);
	aril_error_of(v);
	aril_count(v);
	aril_at(v, 3);
	aril_set(v, "message", aril_of_int(1));
	aril_activation a;
	memset(&a, 0, sizeof a);
	a.header = v;
	aril_name(&a);
	aril_meta(&a);
	aril_rand(&a);
}

static void check(const char *name) {
	size_t n, text_size;
	uint8_t *padded = slurp(name, ".msgpack", &n);
	char *text = (char *)slurp(name, ".json", &text_size);
	uint8_t *bytes = malloc(n ? n : 1); // exactly, for the sanitizer
	memcpy(bytes, padded, n);
	aril_value v = aril_raw(bytes, n), about = json_read(text);
	TEST(about.status == ARIL_OK);
	aril_str type = aril_str_or(aril_get(about, "type"), "");
	aril_value want = aril_get(about, "content");
	bool canonical = aril_bool_or(aril_get(about, "canonical"), false);
	int before = test_host_failures;
	bool refused = aril_get(about, "refused").status == ARIL_OK;
	if (refused) {
		// A guest may refuse less than the host; not what is no message at all.
		static const char *const malformed[] = {"empty", "truncated", "trailing", "reserved", "too-deep", "huge-map"};
		for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++)
			TEST(!strstr(name, malformed[i]) || !aril_valid(v) || strstr(name, "error-too-deep"));
	} else {
		TEST(aril_valid(v));
		TEST(!canonical || same(v, transcoded(v)));
		if (aril_is(type, "value"))
			TEST(same(transcoded(v), want));
		else if (aril_is(type, "error"))
			check_error(v, want, canonical);
		else if (!aril_is(type, "manifest"))
			check_header(v, want);
		if (canonical)
			TEST(same(v, want));
	}
	read_all(v);
	for (size_t cut = n > 300 ? 300 : n; cut--;) {
		uint8_t *part = malloc(cut ? cut : 1);
		memcpy(part, bytes, cut);
		TEST(refused || !aril_valid(aril_raw(part, cut)));
		read_all(aril_raw(part, cut));
		aril_release(0);
		free(part);
	}
	if (test_host_failures != before)
		fprintf(stderr, "golden %s\n", name);
	aril_release(0);
	free(bytes);
	free(padded);
	free(text);
}

int main(int argc, char **argv) {
	folder = argc > 1 ? argv[1] : "../../testdata/messages";
	DIR *d = opendir(folder);
	if (!d) {
		perror(folder);
		return 2;
	}
	int cases = 0;
	for (struct dirent *e; (e = readdir(d));) {
		char name[256];
		snprintf(name, sizeof name, "%s", e->d_name);
		char *dot = strstr(name, ".msgpack");
		if (!dot)
			continue;
		*dot = 0;
		check(name);
		cases++;
	}
	closedir(d);
	TEST(cases > 0);
	printf("goldens: %d cases, %d failures\n", cases, test_host_failures);
	return test_host_failures != 0;
}
