// SHA-256 by Debian's nettle.
#ifndef XHASH_H
#define XHASH_H

#include <stddef.h>
#include <stdint.h>

/// The 32 bytes of a SHA-256 as four words, big-endian.
typedef struct {
    uint64_t words[4];
} xhash_digest;

/// The SHA-256 of `count` bytes.
xhash_digest xhash_sha256(const uint8_t *bytes, size_t count);

#endif
