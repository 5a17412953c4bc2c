// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 of two messages at once, on one core.
//
// Each step of SHA-256 waits for the one before it. A processor's instructions for it therefore stand idle half of the time,
// and two messages whose steps alternate take hardly longer than one. libcrypto hashes one at a time, and its own
// code for several is not to be had from outside.

#ifndef CSHA256_H
#define CSHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Whether this processor can do it: x86-64 with its SHA extensions.
bool imagespec_sha256_has_pair(void);

/// Goes on with two digests, each by so many blocks of 64 bytes. Only where `imagespec_sha256_has_pair` is true.
///
/// A state is eight words, in the order of FIPS 180-4.
void imagespec_sha256_pair(
    uint32_t *first_state, const void *first_blocks, uint32_t *second_state, const void *second_blocks, size_t count);

#endif
