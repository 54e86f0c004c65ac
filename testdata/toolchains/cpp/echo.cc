// Reads the input, runs the rest with its outcome read at once, and answers
// 128 bytes of its own: byte i is byte (i mod n) of the input message,
// xor 0x5A, where n is the length of that message. Templates, a virtual call
// and a static constructor; no libc++.
#include "../c/aril.h"

namespace {

template <uint32_t Size> struct Buffer {
	static constexpr uint32_t size = Size;
	uint8_t bytes[Size];
};

struct Cipher {
	virtual uint8_t operator()(uint8_t b) const = 0;
};

struct Xor final : Cipher {
	uint8_t key;
	explicit Xor(uint8_t k) : key(k) {}
	uint8_t operator()(uint8_t b) const override { return b ^ key; }
};

Buffer<4096> mailbox, input;
Buffer<2 + 128> answer;
Xor xor5a{0x5a};
const Cipher *volatile cipher = &xor5a; // volatile keeps the call indirect

} // namespace

// Constructors run when this is called, and at no other time.
extern "C" void __wasm_call_ctors();
ARIL_EXPORT(_initialize) extern "C" void initialize() { __wasm_call_ctors(); }

ARIL_EXPORT(aril_abi_v1) extern "C" uint64_t abi() { return mailbox_at(mailbox.bytes, mailbox.size); }

ARIL_EXPORT(aril_wrap) extern "C" int32_t wrap(uint32_t) {
	const uint64_t r = aril_read(SLOT_INPUT, 0, input.bytes, input.size);
	if (status(r) != 0)
		return 0; // breaks the ABI, so that a test sees it
	const uint32_t n = uint32_t(r) < input.size ? uint32_t(r) : input.size;
	if (status(aril_next(nullptr, 0, NEXT_READ)) != 0)
		return PASS; // an error of the rest stands
	answer.bytes[0] = 0xc4;
	answer.bytes[1] = 128;
	const Cipher &c = *cipher;
	for (uint32_t i = 0; i < 128; i++)
		answer.bytes[2 + i] = c(input.bytes[i % n]);
	return aril_outcome(OUTCOME_VALUE, answer.bytes, answer.size) == 0 ? DONE : 0;
}
