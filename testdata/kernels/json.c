// Scan of about 64 KiB of JSON into tokens (n times): a switch over each
// byte, short inner loops, a few calls. Returns a checksum of the tokens.
#include "kernel.h"

enum { SIZE = 64 * 1024 };

static u8 text[SIZE + 512];
static u32 length;

static void put(const char *s) {
  while (*s)
    text[length++] = *s++;
}

static void put_number(u32 n) {
  u8 digits[10];
  int i = 0;
  do
    digits[i++] = '0' + n % 10;
  while (n /= 10);
  while (i)
    text[length++] = digits[--i];
}

static void make(void) {
  u32 seed = 42;
  length = 0;
  put("{\"orders\": [");
  while (length < SIZE) {
    put("\n  {\"id\": ");
    put_number(next_random(&seed));
    put(", \"customer\": {\"name\": \"Ada \\\"L\\\" \\u00e9\", \"vip\": ");
    put(next_random(&seed) & 1 ? "true" : "false");
    put("}, \"price\": -");
    put_number(next_random(&seed) % 1000);
    put(".");
    put_number(next_random(&seed) % 100);
    put("e+2, \"note\": null, \"tags\": [\"a\", \"bb\", \"ccc\"]},");
  }
  put("\n  {}]}");
}

enum { BAD, STRING, NUMBER, WORD, PUNCTUATION };

static u32 scan_string(u32 i, u32 *hash) {
  u32 h = 2166136261u;
  while (i < length) {
    u8 c = text[i++];
    if (c == '"')
      break;
    if (c == '\\') {
      c = text[i++];
      if (c == 'u')
        i += 4;
    }
    h = (h ^ c) * 16777619u;
  }
  *hash = h;
  return i;
}

static u32 scan_number(u32 i, u32 *value) {
  u32 v = 0;
  for (; i < length; i++) {
    u8 c = text[i];
    if (c >= '0' && c <= '9')
      v = v * 10 + (c - '0');
    else if (c != '.' && c != 'e' && c != 'E' && c != '+' && c != '-')
      break;
  }
  *value = v;
  return i;
}

static u64 scan(void) {
  u64 sum = 0;
  u32 depth = 0, value;
  for (u32 i = 0; i < length;) {
    u8 c = text[i];
    switch (c) {
    case ' ':
    case '\n':
    case '\t':
    case '\r':
      i++;
      continue;
    case '{':
    case '[':
      depth++;
      i++;
      sum = mix(sum, PUNCTUATION + depth);
      continue;
    case '}':
    case ']':
      sum = mix(sum, PUNCTUATION + depth);
      depth--;
      i++;
      continue;
    case ',':
    case ':':
      i++;
      sum = mix(sum, c);
      continue;
    case '"':
      i = scan_string(i + 1, &value);
      sum = mix(sum, (u64)STRING << 32 | value);
      continue;
    case 't':
    case 'f':
    case 'n':
      while (i < length && text[i] >= 'a' && text[i] <= 'z')
        i++;
      sum = mix(sum, WORD);
      continue;
    default:
      if (c != '-' && (c < '0' || c > '9'))
        return BAD;
      i = scan_number(i, &value);
      sum = mix(sum, (u64)NUMBER << 32 | value);
    }
  }
  return sum + depth;
}

EXPORT(run) u64 run(u32 n) {
  u64 sum = 0;
  make();
  while (n--)
    sum = mix(sum, scan());
  return sum;
}
