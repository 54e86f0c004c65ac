// Reads the input, runs the rest with its outcome read at once, and answers
// 128 bytes of its own: byte i is byte (i mod n) of the input message,
// xor 0x5A, where n is the length of that message.
#include "aril.h"

static uint8_t mailbox[4096], input[4096], answer[2 + 128] = {0xc4, 128};

ARIL_EXPORT(aril_abi_v1) uint64_t abi(void) { return mailbox_at(mailbox, sizeof mailbox); }

ARIL_EXPORT(aril_wrap) int32_t wrap(uint32_t len) {
	uint64_t r = aril_read(SLOT_INPUT, 0, input, sizeof input);
	if (status(r) != 0)
		return 0; // breaks the ABI, so that a test sees it
	uint32_t n = (uint32_t)r < sizeof input ? (uint32_t)r : sizeof input;
	if (status(aril_next(0, 0, NEXT_READ)) != 0)
		return PASS; // an error of the rest stands
	for (uint32_t i = 0; i < 128; i++)
		answer[2 + i] = input[i % n] ^ 0x5a;
	if (aril_outcome(OUTCOME_VALUE, answer, sizeof answer) != 0)
		return 0;
	return DONE;
}
