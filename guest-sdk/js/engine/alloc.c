// Memory for QuickJS. Resetting an instance costs what an operation wrote to,
// in pages, so what an operation allocates should lie together, and not in the
// holes that loading the script left all over the heap: alloc_freeze.
#include "alloc.h"

#include <stdlib.h>
#include <string.h>

enum {
	STEP = 16,        // sizes of small blocks are multiples of it
	SMALL = 1024,     // the largest small block, header included
	CLASSES = SMALL / STEP,
	CHUNK = 32 << 10, // what small blocks are cut from
};

// A header precedes each block.
struct header {
	uint32_t size;  // usable bytes
	uint32_t class; // or CLASSES for one that malloc keeps
};

struct block {
	struct header h;
	struct block *next; // while it is free
};

static struct block *blocks[CLASSES]; // free ones
static struct block *frozen[CLASSES]; // free ones from before the freeze
static uint8_t *chunk, *chunk_end;

static struct block *cut(uint32_t class) {
	size_t size = (class + 1) * STEP;
	if ((size_t)(chunk_end - chunk) < size) {
		struct block *b = frozen[class];
		if (b) {
			frozen[class] = b->next;
			return b;
		}
		uint8_t *more = malloc(CHUNK);
		if (!more)
			return NULL;
		chunk = more;
		chunk_end = more + CHUNK;
	}
	struct block *b = (struct block *)chunk;
	chunk += size;
	b->h.size = size - sizeof(struct header);
	b->h.class = class;
	return b;
}

void *alloc(size_t size) {
	if (size > SMALL - sizeof(struct header)) {
		if (size > UINT32_MAX - 64)
			return NULL;
		struct header *h = malloc(sizeof(*h) + size);
		if (!h)
			return NULL;
		h->size = size;
		h->class = CLASSES;
		return h + 1;
	}
	uint32_t class = (size + sizeof(struct header) + STEP - 1) / STEP - 1;
	struct block *b = blocks[class];
	if (b)
		blocks[class] = b->next;
	else if (!(b = cut(class)))
		return NULL;
	return &b->h + 1;
}

void alloc_free(void *p) {
	if (!p)
		return;
	struct header *h = (struct header *)p - 1;
	if (h->class == CLASSES) {
		free(h);
		return;
	}
	struct block *b = (struct block *)h;
	b->next = blocks[h->class];
	blocks[h->class] = b;
}

size_t alloc_size(const void *p) { return p ? ((const struct header *)p - 1)->size : 0; }

void *alloc_again(void *p, size_t size) {
	if (!p)
		return alloc(size);
	struct header *h = (struct header *)p - 1;
	if (h->class == CLASSES && size > SMALL - sizeof(*h)) {
		if (size > UINT32_MAX - 64 || !(h = realloc(h, sizeof(*h) + size)))
			return NULL;
		h->size = size;
		return h + 1;
	}
	if (h->class != CLASSES && size <= h->size)
		return p;
	void *q = alloc(size);
	if (!q)
		return NULL;
	memcpy(q, p, size < h->size ? size : h->size);
	alloc_free(p);
	return q;
}

void alloc_freeze(void) {
	for (int i = 0; i < CLASSES; i++) {
		while (blocks[i]) {
			struct block *b = blocks[i];
			blocks[i] = b->next;
			b->next = frozen[i];
			frozen[i] = b;
		}
	}
	uint8_t *more = aligned_alloc(4096, CHUNK);
	if (more) {
		chunk = more;
		chunk_end = more + CHUNK;
	}
}
