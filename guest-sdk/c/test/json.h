// Reads the JSON of testdata/messages and gives what it means as msgpack.
#include <ctype.h>

static const char *json_at;
static bool json_bad;

static void json_space(void) {
	while (isspace((unsigned char)*json_at))
		json_at++;
}
static bool json_take(char c) {
	json_space();
	if (*json_at != c)
		return false;
	json_at++;
	return true;
}
static void json_need(char c) {
	if (!json_take(c))
		json_bad = true;
}

static unsigned json_hex4(void) {
	unsigned x = 0;
	for (int i = 0; i < 4 && isxdigit((unsigned char)*json_at); i++, json_at++)
		x = x << 4 | (unsigned)(isdigit((unsigned char)*json_at) ? *json_at - '0' : (*json_at | 32) - 'a' + 10);
	return x;
}

// A string, in the arena.
static aril_str json_string(void) {
	aril_str s;
	json_need('"');
	char *out = aril_alloc(strlen(json_at) + 1);
	s.p = out;
	while (*json_at && *json_at != '"') {
		if (*json_at != '\\') {
			*out++ = *json_at++;
			continue;
		}
		static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
		const char *escape = strchr(from, *++json_at);
		if (escape) {
			*out++ = to[escape - from];
			json_at++;
			continue;
		}
		json_at++; // u
		unsigned c = json_hex4();
		if (c >> 10 == 0x36 && json_at[0] == '\\' && json_at[1] == 'u') {
			json_at += 2;
			c = 0x10000 + ((c & 0x3ff) << 10 | (json_hex4() & 0x3ff));
		}
		if (c < 0x80) {
			*out++ = (char)c;
		} else if (c < 0x800) {
			*out++ = (char)(0xc0 | c >> 6);
			*out++ = (char)(0x80 | (c & 63));
		} else if (c < 0x10000) {
			*out++ = (char)(0xe0 | c >> 12);
			*out++ = (char)(0x80 | (c >> 6 & 63));
			*out++ = (char)(0x80 | (c & 63));
		} else {
			*out++ = (char)(0xf0 | c >> 18);
			*out++ = (char)(0x80 | (c >> 12 & 63));
			*out++ = (char)(0x80 | (c >> 6 & 63));
			*out++ = (char)(0x80 | (c & 63));
		}
	}
	*out = 0;
	s.n = (size_t)(out - s.p);
	json_need('"');
	return s;
}

static size_t json_bytes(aril_str hex) {
	char *p = (char *)hex.p;
	for (size_t i = 0; i + 1 < hex.n; i += 2) {
		unsigned x;
		sscanf(hex.p + i, "%2x", &x);
		p[i / 2] = (char)x;
	}
	return hex.n / 2;
}

static void json_value(aril_writer *w);

// {"$int": "…"} and its kin; false where it is an ordinary map.
static bool json_special(aril_writer *w) {
	const char *start = json_at;
	aril_str key = {"", 0};
	if (json_take('{')) {
		json_space();
		if (*json_at == '"')
			key = json_string();
		json_take(':');
	}
	if (aril_is(key, "$int")) {
		aril_str s = json_string();
		if (*s.p == '-')
			aril_write_int(w, strtoll(s.p, NULL, 10));
		else
			aril_write_uint(w, strtoull(s.p, NULL, 10));
	} else if (aril_is(key, "$float64")) {
		aril_write_float(w, strtod(json_string().p, NULL));
	} else if (aril_is(key, "$float32")) {
		aril_write_float32(w, strtof(json_string().p, NULL));
	} else if (aril_is(key, "$bin")) {
		aril_str s = json_string();
		aril_write_bin(w, s.p, json_bytes(s));
	} else if (aril_is(key, "$time")) {
		aril_time t;
		json_need('[');
		t.seconds = strtoll(json_at, (char **)&json_at, 10);
		json_need(',');
		t.nanoseconds = (uint32_t)strtoul(json_at, (char **)&json_at, 10);
		json_need(']');
		aril_write_time(w, t);
	} else if (aril_is(key, "$ext")) {
		int8_t type = (int8_t)strtol(json_at, (char **)&json_at, 10);
		json_need(',');
		json_string();
		json_need(':');
		aril_str s = json_string();
		aril_write_ext(w, type, s.p, json_bytes(s));
	} else {
		json_at = start;
		return false;
	}
	json_need('}');
	return true;
}

// An array or a map: its elements, then its header before them.
static void json_elements(aril_writer *w, char close) {
	aril_writer inner = aril_writer_spilling(NULL, 0);
	size_t n = 0;
	json_at++;
	for (; !json_take(close) && *json_at && !json_bad; n++) {
		if (n)
			json_need(',');
		if (close == '}') {
			json_space();
			aril_write_str(&inner, json_string());
			json_need(':');
		}
		json_value(&inner);
	}
	if (close == '}')
		aril_write_map(w, n);
	else
		aril_write_array(w, n);
	aril_write_value(w, inner.size ? aril_written(&inner) : aril_raw(NULL, 0));
}

static void json_value(aril_writer *w) {
	json_space();
	if (*json_at == '{' && json_special(w))
		return;
	switch (*json_at) {
	case '{':
		json_elements(w, '}');
		return;
	case '[':
		json_elements(w, ']');
		return;
	case '"':
		aril_write_str(w, json_string());
		return;
	}
	if (!strncmp(json_at, "null", 4)) {
		aril_write_nil(w);
		json_at += 4;
	} else if (!strncmp(json_at, "true", 4)) {
		aril_write_bool(w, true);
		json_at += 4;
	} else if (!strncmp(json_at, "false", 5)) {
		aril_write_bool(w, false);
		json_at += 5;
	} else {
		const char *from = json_at;
		aril_write_int(w, strtoll(json_at, (char **)&json_at, 10));
		if (json_at == from)
			json_bad = true;
	}
}

// The value of a JSON text, in the arena.
static aril_value json_read(const char *text) {
	aril_writer w = aril_writer_spilling(NULL, 0);
	json_at = text;
	json_bad = false;
	json_value(&w);
	json_space();
	if (json_bad || *json_at)
		return aril_none(ARIL_INVALID);
	return aril_written(&w);
}
