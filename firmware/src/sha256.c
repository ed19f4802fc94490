/* SHA-256 after FIPS 180-4; names follow the standard (sections 4.1.2, 4.2.2, 6.2). */
#include "sha256.h"
#include "optimize.h"

KWS_COLD_BEGIN

enum { BLOCK_BYTES = 64, LENGTH_BYTES = 8, ROUNDS = 64 };

/* First 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t k[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotated(uint32_t x, int bits) {
  return x >> bits | x << (32 - bits);
}

static void schedule(const uint8_t *block, uint32_t w[ROUNDS]) {
  for (int t = 0; t < 16; t++, block += 4)
    w[t] = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 | (uint32_t)block[2] << 8 | block[3];
  for (int t = 16; t < ROUNDS; t++) {
    uint32_t s0 = rotated(w[t - 15], 7) ^ rotated(w[t - 15], 18) ^ w[t - 15] >> 3;
    uint32_t s1 = rotated(w[t - 2], 17) ^ rotated(w[t - 2], 19) ^ w[t - 2] >> 10;
    w[t] = s1 + w[t - 7] + s0 + w[t - 16];
  }
}

static void compress(uint32_t h[8], const uint8_t *block) {
  uint32_t w[ROUNDS], v[8]; /* v holds the standard's a..h */
  schedule(block, w);
  for (int i = 0; i < 8; i++)
    v[i] = h[i];
  for (int t = 0; t < ROUNDS; t++) {
    uint32_t sum1 = rotated(v[4], 6) ^ rotated(v[4], 11) ^ rotated(v[4], 25);
    uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
    uint32_t t1 = v[7] + sum1 + choice + k[t] + w[t];
    uint32_t sum0 = rotated(v[0], 2) ^ rotated(v[0], 13) ^ rotated(v[0], 22);
    uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
    for (int i = 7; i > 0; i--)
      v[i] = v[i - 1];
    v[4] += t1;
    v[0] = t1 + sum0 + majority;
  }
  for (int i = 0; i < 8; i++)
    h[i] += v[i];
}

/* The last bytes, a one bit, zeros and the message's length in bits: one block, or two. Returns how many. */
static uint32_t pad(const uint8_t *rest, uint32_t rest_bytes, uint64_t message_bits, uint8_t blocks[2 * BLOCK_BYTES]) {
  uint32_t count = rest_bytes + 1 + LENGTH_BYTES <= BLOCK_BYTES ? 1 : 2;
  for (uint32_t i = 0; i < count * BLOCK_BYTES; i++)
    blocks[i] = i < rest_bytes ? rest[i] : i == rest_bytes ? 0x80 : 0;
  for (uint32_t i = 1; i <= LENGTH_BYTES; i++, message_bits >>= 8)
    blocks[count * BLOCK_BYTES - i] = (uint8_t)message_bits;
  return count;
}

void sha256(const void *data, uint32_t bytes, uint8_t digest[SHA256_BYTES]) {
  uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  uint8_t tail[2 * BLOCK_BYTES];
  const uint8_t *next = data;
  uint32_t rest = bytes % BLOCK_BYTES;
  for (uint32_t block = 0; block < bytes / BLOCK_BYTES; block++, next += BLOCK_BYTES)
    compress(h, next);
  uint32_t tail_blocks = pad(next, rest, (uint64_t)bytes * 8, tail);
  for (uint32_t block = 0; block < tail_blocks; block++)
    compress(h, tail + block * BLOCK_BYTES);
  for (int i = 0; i < SHA256_BYTES; i++)
    digest[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}

KWS_COLD_END
