// The engine's memory. NULL means that there is none left.
#ifndef ARIL_ALLOC_H
#define ARIL_ALLOC_H

#include <stddef.h>
#include <stdint.h>

void *alloc(size_t size);
void *alloc_again(void *p, size_t size);
void alloc_free(void *p);
size_t alloc_size(const void *p); // usable bytes

// From here on blocks come from fresh pages, side by side.
void alloc_freeze(void);

#endif
