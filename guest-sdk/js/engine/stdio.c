// libc's printf has a way to stderr, for formats that nobody uses here. With
// these in place of what is behind it, the engine imports no files.
#include <stdio.h>
#include <string.h>

#include "host.h"

int __stdio_close(FILE *f) { return 0; }
off_t __stdio_seek(FILE *f, off_t offset, int whence) { return -1; }
size_t __stdio_write(FILE *f, const unsigned char *data, size_t len) { return len; }
size_t __stdout_write(FILE *f, const unsigned char *data, size_t len) { return len; }

// What assert calls in the libraries of QuickJS.
_Noreturn void __assert_fail(const char *condition, const char *file, int line, const char *function) {
	engine_panic(condition, strlen(condition), file, line);
}
