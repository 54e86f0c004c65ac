// Feeds the reader bytes that may be anything, under the sanitizers.
//
//	fuzz FOLDER [ROUNDS [SEED]]    mutates the goldens; 50,000 rounds
//	fuzz FILE                      one input, to look at what was found
//
// With -fsanitize=fuzzer -DARIL_LIBFUZZER it is a target of libFuzzer instead.
#define ARIL_IMPLEMENTATION
#include "../aril.h"
#include "../aril_test.h"
#include <dirent.h>

#define MUST(condition)                                                                                                \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "fuzz: %s\n", #condition);                                                     \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long long valid_inputs, transcoded_inputs;

// Whatever it is, reading it touches nothing else and ends.
static void read_everything(aril_value v) {
	aril_reader r = aril_reader_on(v);
	size_t size;
	for (int round = 0; !aril_read_end(&r) && !r.failed; round++) {
		const uint8_t *at = r.at;
		switch (aril_peek(&r)) {
		case ARIL_TYPE_NONE:
			aril_read_value(&r);
			MUST(r.failed);
			break;
		case ARIL_TYPE_NIL:
			aril_read_nil(&r);
			break;
		case ARIL_TYPE_BOOL:
			aril_read_bool(&r);
			break;
		case ARIL_TYPE_INT:
			if (*at >= 0xe0 || (*at >= 0xd0 && *at <= 0xd3))
				aril_read_int(&r);
			else
				aril_read_uint(&r);
			break;
		case ARIL_TYPE_FLOAT:
			aril_read_float(&r);
			break;
		case ARIL_TYPE_STR:
			MUST(aril_read_str(&r).n <= v.size);
			break;
		case ARIL_TYPE_BIN:
			aril_read_bin(&r, &size);
			MUST(size <= v.size);
			break;
		case ARIL_TYPE_ARRAY:
			MUST(aril_read_array(&r) <= v.size);
			break;
		case ARIL_TYPE_MAP:
			MUST(aril_read_map(&r) <= v.size / 2);
			break;
		case ARIL_TYPE_TIME:
			MUST(aril_read_time(&r).nanoseconds <= 999999999);
			break;
		case ARIL_TYPE_EXT:
			MUST(aril_read_ext(&r).size <= v.size);
			break;
		}
		MUST(r.at > at && r.at <= r.end);
	}
	aril_read_int(&r); // at the end, or after it failed
	MUST(r.failed && r.at == r.end && r.end == v.bytes + v.size);
	double d;
	int64_t i;
	uint64_t u;
	aril_as_float(v, &d);
	aril_as_int(v, &i);
	aril_as_uint(v, &u);
	aril_get(v, "code");
	aril_at(v, size = aril_count(v));
	aril_error e = aril_error_of(v);
	for (int depth = 0; e.cause.size && depth < 64; depth++)
		e = aril_error_of(e.cause);
	aril_of_error(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	uint8_t *exact = malloc(size ? size : 1); // so that a byte too far is seen
	if (size)
		memcpy(exact, data, size);
	aril_value v = aril_raw(exact, size);
	read_everything(v);
	bool valid = aril_valid(v);
	aril_reader r = aril_reader_on(v);
	aril_value whole = aril_read_value(&r);
	MUST(!valid || (whole.bytes == exact && whole.size == size && aril_read_end(&r)));
	r = aril_reader_on(v);
	aril_writer w = aril_writer_spilling(NULL, 0);
	if (aril_transcode(&r, &w) && aril_read_end(&r)) {
		aril_value once = aril_written(&w);
		MUST(once.status == ARIL_OK && once.size <= size);
		MUST(aril_valid(once) == valid); // a message deeper than 64 can be transcoded, and no other
		uint8_t *room = malloc(once.size ? once.size : 1);
		aril_writer again = aril_writer_on(room, once.size), small = aril_writer_on(room, once.size - 1);
		r = aril_reader_on(once);
		MUST(aril_transcode(&r, &again) && again.size == once.size && !memcmp(room, once.bytes, once.size));
		r = aril_reader_on(once);
		MUST(aril_transcode(&r, &small) && small.size == once.size);
		MUST(aril_written(&small).status == ARIL_TOO_LARGE);
		free(room);
		transcoded_inputs++;
	} else {
		// Only a time with too many nanoseconds is well-formed and no value.
		MUST(!valid || memchr(exact, 0xff, size));
	}
	valid_inputs += valid;
	aril_value set = aril_set(v, "key", aril_of_text("new"));
	if (valid && aril_type_of(v) == ARIL_TYPE_MAP)
		MUST(aril_valid(set) && aril_is(aril_str_or(aril_get(set, "key"), ""), "new"));
	aril_release(0);
	free(exact);
	return 0;
}

#ifndef ARIL_LIBFUZZER
static uint64_t seed = 1;
static uint32_t draw(uint32_t below) {
	seed = seed * 6364136223846793005 + 1442695040888963407;
	return below ? (uint32_t)(seed >> 33) % below : 0;
}

typedef struct input {
	uint8_t *p;
	size_t n;
} input;
static input inputs[512];
static size_t input_count;

static void load(const char *path) {
	FILE *f = fopen(path, "rb");
	if (!f || input_count == sizeof inputs / sizeof *inputs) {
		fprintf(stderr, "fuzz: %s\n", path);
		exit(2);
	}
	uint8_t *p = malloc(1 << 20);
	size_t n = fread(p, 1, 1 << 20, f);
	fclose(f);
	inputs[input_count].p = realloc(p, n ? n : 1);
	inputs[input_count++].n = n;
}

static size_t mutate(uint8_t *buf, size_t cap) {
	input in = inputs[draw((uint32_t)input_count)];
	size_t n = in.n < cap ? in.n : cap;
	memcpy(buf, in.p, n);
	static const uint8_t heads[] = {0x81, 0x9f, 0xbf, 0xc1, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xcb, 0xcf, 0xd3,
	                                0xd4, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xff, 0x00, 0x7f};
	for (uint32_t changes = 1 + draw(6); changes; changes--) {
		size_t at = draw((uint32_t)n);
		switch (n ? draw(6) : 4) {
		case 0:
			buf[at] = (uint8_t)draw(256);
			break;
		case 1:
			buf[at] = heads[draw(sizeof heads)];
			break;
		case 2:
			n = at;
			break;
		case 3: { // splice
			input other = inputs[draw((uint32_t)input_count)];
			size_t from = draw((uint32_t)other.n), k = other.n - from;
			k = k < cap - at ? k : cap - at;
			memcpy(buf + at, other.p + from, k);
			n = at + k;
			break;
		}
		case 4:
			if (n < cap)
				buf[n++] = heads[draw(sizeof heads)];
			break;
		default: // a deep or a repeated run
			for (uint32_t k = draw(100); k && at < cap; k--, at++)
				buf[at] = draw(2) ? 0x91 : 0x81;
			n = at > n ? at : n;
		}
	}
	return n;
}

int main(int argc, char **argv) {
	DIR *d = argc > 1 ? opendir(argv[1]) : NULL;
	if (!d) {
		if (argc < 2)
			return 2;
		load(argv[1]);
		return LLVMFuzzerTestOneInput(inputs[0].p, inputs[0].n);
	}
	for (struct dirent *e; (e = readdir(d));) {
		char path[4096];
		size_t n = strlen(e->d_name);
		if (n < 8 || strcmp(e->d_name + n - 8, ".msgpack"))
			continue;
		snprintf(path, sizeof path, "%s/%s", argv[1], e->d_name);
		load(path);
	}
	closedir(d);
	long rounds = argc > 2 ? atol(argv[2]) : 50000;
	if (argc > 3)
		seed = strtoull(argv[3], NULL, 10);
	if (!input_count) {
		fprintf(stderr, "fuzz: no goldens in %s\n", argv[1]);
		return 2;
	}
	enum { CAP = 4096 };
	uint8_t *buf = malloc(CAP);
	for (long i = 0; i < rounds; i++)
		LLVMFuzzerTestOneInput(buf, mutate(buf, CAP));
	printf("fuzz: %ld inputs, %llu valid, %llu transcoded\n", rounds, valid_inputs, transcoded_inputs);
	free(buf);
	for (size_t i = 0; i < input_count; i++)
		free(inputs[i].p);
	return 0;
}
#endif
