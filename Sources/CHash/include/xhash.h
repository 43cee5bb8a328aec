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

/// A SHA-256 of which the bytes come one after the other.
typedef struct xhash_stream xhash_stream;

/// A new one; null for want of memory.
xhash_stream *xhash_begin(void);

/// Adds `count` bytes.
void xhash_add(xhash_stream *stream, const uint8_t *bytes, size_t count);

/// The SHA-256 of all that was added. Frees the stream.
xhash_digest xhash_end(xhash_stream *stream);

#endif
