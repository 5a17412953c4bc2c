// SPDX-License-Identifier: Apache-2.0
//
// Sources: FIPS 180-4, 5.3.3 and 6.2.2; Intel 64 and IA-32 Architectures Software Developer's Manual, SHA256RNDS2, SHA256MSG1
// and SHA256MSG2.

#include "CSHA256.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

bool imagespec_sha256_has_x2(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1)) return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

static const uint32_t constants[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

#define INLINE static inline __attribute__((always_inline, target("sha,sse4.1,ssse3")))

// A message that is being hashed: the working variables in the order of the instructions, and the next sixteen words of its
// schedule.
typedef struct {
    __m128i abef, cdgh;
    __m128i words[4];
    const __m128i *next;
} Lane;

INLINE Lane lane(const uint32_t *state, const void *blocks) {
    Lane lane;
    __m128i dcba = _mm_loadu_si128((const __m128i *)state), hgfe = _mm_loadu_si128((const __m128i *)state + 1);
    __m128i cdab = _mm_shuffle_epi32(dcba, _MM_SHUFFLE(2, 3, 0, 1)), efgh = _mm_shuffle_epi32(hgfe, _MM_SHUFFLE(0, 1, 2, 3));
    lane.abef = _mm_alignr_epi8(cdab, efgh, 8);
    lane.cdgh = _mm_blend_epi16(efgh, cdab, 0xF0);
    lane.next = blocks;
    return lane;
}

INLINE void store(const Lane *lane, uint32_t *state) {
    __m128i feba = _mm_shuffle_epi32(lane->abef, _MM_SHUFFLE(0, 1, 2, 3));
    __m128i dchg = _mm_shuffle_epi32(lane->cdgh, _MM_SHUFFLE(2, 3, 0, 1));
    _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(feba, dchg, 0xF0));
    _mm_storeu_si128((__m128i *)state + 1, _mm_alignr_epi8(dchg, feba, 8));
}

INLINE void load_block(Lane *lane) {
    const __m128i big_endian = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    for (int i = 0; i < 4; i++) lane->words[i] = _mm_shuffle_epi8(_mm_loadu_si128(lane->next + i), big_endian);
    lane->next += 4;
}

// Step `step` of sixteen: four rounds, and the four words of the schedule for four steps later.
INLINE void four_rounds(Lane *lane, int step, __m128i constant) {
    __m128i *oldest = &lane->words[step & 3];
    __m128i sum = _mm_add_epi32(*oldest, constant);
    lane->cdgh = _mm_sha256rnds2_epu32(lane->cdgh, lane->abef, sum);
    lane->abef = _mm_sha256rnds2_epu32(lane->abef, lane->cdgh, _mm_shuffle_epi32(sum, _MM_SHUFFLE(0, 0, 3, 2)));
    if (step >= 12) return;
    __m128i newest = lane->words[(step + 3) & 3];
    __m128i middle = _mm_alignr_epi8(newest, lane->words[(step + 2) & 3], 4);
    *oldest = _mm_sha256msg2_epu32(
        _mm_add_epi32(_mm_sha256msg1_epu32(*oldest, lane->words[(step + 1) & 3]), middle), newest);
}

__attribute__((target("sha,sse4.1,ssse3"))) void imagespec_sha256_x2(
    uint32_t *first_state, const void *first_blocks, uint32_t *second_state, const void *second_blocks, size_t count) {
    Lane first = lane(first_state, first_blocks), second = lane(second_state, second_blocks);
    for (; count > 0; count--) {
        const Lane first_before = first, second_before = second;
        load_block(&first);
        load_block(&second);
#pragma clang loop unroll(full)
        for (int step = 0; step < 16; step++) {
            const __m128i constant = _mm_load_si128((const __m128i *)constants + step);
            four_rounds(&first, step, constant);
            four_rounds(&second, step, constant);
        }
        first.abef = _mm_add_epi32(first.abef, first_before.abef);
        first.cdgh = _mm_add_epi32(first.cdgh, first_before.cdgh);
        second.abef = _mm_add_epi32(second.abef, second_before.abef);
        second.cdgh = _mm_add_epi32(second.cdgh, second_before.cdgh);
    }
    store(&first, first_state);
    store(&second, second_state);
}

#else

bool imagespec_sha256_has_x2(void) { return false; }

void imagespec_sha256_x2(
    uint32_t *first_state, const void *first_blocks, uint32_t *second_state, const void *second_blocks, size_t count) {
    (void)first_state, (void)first_blocks, (void)second_state, (void)second_blocks, (void)count;
    __builtin_trap();
}

#endif
