// JavaScript values as messages (abi/ABI.md#values), both ways.
#ifndef ARIL_VALUE_H
#define ARIL_VALUE_H

#include "internal.h"

// A message that is being written. After a failure data is still to be freed.
struct buffer {
	uint8_t *data;
	size_t len, cap;
};

// Reserves n bytes more and returns where they go; NULL when there is no
// memory.
uint8_t *buffer_reserve(struct buffer *b, size_t n);
void buffer_free(struct buffer *b);

// Appends v. -1 with an exception where v, or something in it, is nothing
// that can cross; the exception says where it is.
int value_encode(JSContext *ctx, struct buffer *b, JSValueConst v);

// Appends pieces of messages.
int put_map(struct buffer *b, uint32_t n);
int put_str(struct buffer *b, const char *s, size_t len);

// The value of a whole message.
JSValue value_decode(JSContext *ctx, const uint8_t *data, size_t len);

// Whether v is still what the message says: 1, 0, or -1 with an exception.
int value_same(JSContext *ctx, const uint8_t *data, size_t len, JSValueConst v);

// Finds a key of a map: where its value begins, and the length of the value.
// NULL when it is not there.
const uint8_t *message_find(const uint8_t *data, size_t len, const char *key, size_t *vlen);

JSValue bytes_new(JSContext *ctx, const uint8_t *data, size_t len); // a Uint8Array
JSValue time_new(JSContext *ctx, int64_t seconds, uint32_t ns);

// A value that is encoded as the bytes that it holds, whatever they are.
JSValue raw_new(JSContext *ctx, const uint8_t *data, size_t len);

// Called once, before any other.
int value_begin(JSContext *ctx);
extern JSClassID opaque_class;

#endif
