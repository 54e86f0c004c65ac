// Reads the input, runs the rest with its outcome read at once, and answers
// 128 bytes of its own: byte i is byte (i mod n) of the input message,
// xor 0x5A, where n is the length of that message. Uses what a libc brings:
// the heap, stdio (a line on stderr, which the host logs), the clock and the
// environment (empty).
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../c/aril.h"

enum { MAILBOX = 4096, INPUT = 4096, ANSWER = 2 + 128 };

static uint8_t *mailbox;

__attribute__((constructor)) static void start(void) { mailbox = malloc(MAILBOX); }

ARIL_EXPORT(aril_abi_v1) uint64_t abi(void) { return mailbox_at(mailbox, MAILBOX); }

ARIL_EXPORT(aril_wrap) int32_t wrap(uint32_t len) {
	uint8_t *input = malloc(INPUT), *answer = malloc(ANSWER);
	struct timespec now;
	int32_t result = 0; // breaks the ABI, so that a test sees it
	uint64_t r = aril_read(SLOT_INPUT, 0, input, INPUT);
	if (status(r) != 0 || clock_gettime(CLOCK_MONOTONIC, &now) != 0 || getenv("HOME") != NULL)
		goto out;
	uint32_t n = (uint32_t)r < INPUT ? (uint32_t)r : INPUT;
	fprintf(stderr, "echo of %u bytes\n", (unsigned)n);
	if (status(aril_next(0, 0, NEXT_READ)) != 0) {
		result = PASS; // an error of the rest stands
		goto out;
	}
	answer[0] = 0xc4;
	answer[1] = 128;
	for (uint32_t i = 0; i < 128; i++)
		answer[2 + i] = input[i % n] ^ 0x5a;
	if (aril_outcome(OUTCOME_VALUE, answer, ANSWER) == 0)
		result = DONE;
out:
	free(answer);
	free(input);
	return result;
}
