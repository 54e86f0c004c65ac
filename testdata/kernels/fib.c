// fib(22) by recursion (n times): nothing but calls.
#include "kernel.h"

__attribute__((noinline)) static u32 fib(u32 n) {
  if (n < 2)
    return n;
  // The barrier keeps the compiler from making one of the calls a loop.
  u32 a = fib(n - 1), b = fib(n - 2);
  __asm__ volatile("" : "+r"(a), "+r"(b));
  return a + b;
}

EXPORT(run) u64 run(u32 n) {
  u64 sum = 0;
  while (n--)
    sum = mix(sum, fib(22));
  return sum;
}
