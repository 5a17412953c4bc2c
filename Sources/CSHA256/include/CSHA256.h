// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 of two messages at a time on one processor.
//
// Each step of SHA-256 depends on the previous one, so that the processor's instructions for it are idle half of the time.
// Two messages whose steps alternate take hardly longer than one. libcrypto hashes one message at a time; its own code for
// several is not available through its API.

#ifndef CSHA256_H
#define CSHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Whether this processor supports it: x86-64 with SHA extensions.
bool imagespec_sha256_has_x2(void);

/// Continues two digests, each with `count` blocks of 64 bytes. Requires `imagespec_sha256_has_x2`.
///
/// A state has eight words, in the order of FIPS 180-4.
void imagespec_sha256_x2(
    uint32_t *first_state, const void *first_blocks, uint32_t *second_state, const void *second_blocks, size_t count);

#endif
