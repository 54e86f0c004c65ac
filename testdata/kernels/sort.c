// Quicksort of 20,000 random integers (n times): data-dependent branches and
// recursion. Returns a checksum of the sorted array.
#include "kernel.h"

enum { COUNT = 20000 };

static int values[COUNT];

static void insertion(int *a, int n) {
  for (int i = 1; i < n; i++) {
    int x = a[i], j = i;
    for (; j > 0 && a[j - 1] > x; j--)
      a[j] = a[j - 1];
    a[j] = x;
  }
}

__attribute__((noinline)) static void quicksort(int *a, int n) {
  while (n > 12) {
    int lo = a[0], mid = a[n / 2], hi = a[n - 1];
    int pivot = lo < mid ? (mid < hi ? mid : lo < hi ? hi : lo) : (lo < hi ? lo : mid < hi ? hi : mid);
    int i = 0, j = n - 1;
    while (i <= j) {
      while (a[i] < pivot)
        i++;
      while (a[j] > pivot)
        j--;
      if (i <= j) {
        int t = a[i];
        a[i++] = a[j];
        a[j--] = t;
      }
    }
    quicksort(a, j + 1);
    a += i;
    n -= i;
  }
  insertion(a, n);
}

EXPORT(run) u64 run(u32 n) {
  u64 sum = 0;
  u32 seed = 1;
  while (n--) {
    for (int i = 0; i < COUNT; i++)
      values[i] = (int)next_random(&seed);
    quicksort(values, COUNT);
    for (int i = 0; i < COUNT; i++)
      sum = mix(sum, (u32)values[i]);
  }
  return sum;
}
