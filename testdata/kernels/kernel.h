// What the kernels share: fixed-width types, a deterministic generator, and a
// checksum. No libc.
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#define EXPORT(name) __attribute__((export_name(#name)))

static u32 next_random(u32 *state) {
  u32 x = *state;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return *state = x;
}

static u64 mix(u64 sum, u64 value) {
  return (sum ^ value) * 0x100000001b3ull;
}
