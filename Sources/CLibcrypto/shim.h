// SPDX-License-Identifier: Apache-2.0
//
// The low-level digest functions are marked deprecated since OpenSSL 3.0 in favour of EVP, but are part
// of libcrypto's stable ABI. They need no provider fetch (0.5 ms at the first call) and no allocated
// context, which is what a tool that answers in milliseconds wants.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/md5.h>
#include <openssl/sha.h>
