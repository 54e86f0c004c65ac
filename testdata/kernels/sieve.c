// The sieve of Eratosthenes to 100,000 (n times): the tightest of loops, one
// store an iteration. Returns the number of primes, mixed with their sum.
#include "kernel.h"

enum { LIMIT = 100000 };

static u8 composite[LIMIT];

EXPORT(run) u64 run(u32 n) {
  u64 sum = 0;
  while (n--) {
    u32 count = 0;
    for (u32 i = 0; i < LIMIT; i++)
      composite[i] = i < 2;
    for (u32 i = 2; i < LIMIT; i++) {
      if (composite[i])
        continue;
      count++;
      sum += i;
      if ((u64)i * i < LIMIT)
        for (u32 j = i * i; j < LIMIT; j += i)
          composite[j] = 1;
    }
    sum = mix(sum, count);
  }
  return sum;
}
