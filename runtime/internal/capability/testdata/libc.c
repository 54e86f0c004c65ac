// A guest of wasi-libc, with the same deeds as goguest.
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static char mailbox[4096];

__attribute__((export_name("aril_abi_v1"))) int64_t abi(void) {
	return (int64_t)(uintptr_t)mailbox << 32 | sizeof mailbox;
}

static int nap(time_t sec, long nsec) {
	struct timespec t = {sec, nsec};
	return clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}

__attribute__((export_name("aril_wrap"))) int32_t wrap(int32_t what) {
	struct timespec a, b;
	unsigned char x[200] = {0};
	switch (what) {
	case 0:
		printf("hello %d\n", 1);
		fprintf(stderr, "care");
		fprintf(stderr, "ful\n");
		printf("no end");
		fflush(stdout);
		return 1;
	case 1:
		clock_gettime(CLOCK_MONOTONIC, &a);
		if (nap(0, 20000000) != 0) return 10;
		clock_gettime(CLOCK_MONOTONIC, &b);
		if ((b.tv_sec - a.tv_sec) * 1000000000ll + b.tv_nsec - a.tv_nsec < 20000000) return 11;
		if (time(NULL) < 1700000000) return 12;
		return 1;
	case 2:
		if (getentropy(x, sizeof x) != 0) return 20;
		for (size_t i = 100; i < sizeof x; i++)
			if (x[i] != 0) return 1;
		return 21;
	case 3:
		if (open("/etc/passwd", O_RDONLY) >= 0) return 30;
		if (getenv("PATH") != NULL) return 31;
		if (getchar() != EOF) return 32;
		if (!isatty(1)) return 33;
		if (lseek(1, 1, SEEK_SET) != -1) return 34;
		if (errno != ESPIPE) return 100 + errno;
		return 1;
	case 5:
		abort();
	case 6:
		_Exit(3);
	case 7:
		return nap(3600, 0) == 0 ? 1 : 70;
	}
	return 99;
}
