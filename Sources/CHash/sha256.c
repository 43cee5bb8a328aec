#include "xhash.h"

#include <nettle/sha2.h>
#include <stdlib.h>

struct xhash_stream {
    struct sha256_ctx context;
};

static xhash_digest end(struct sha256_ctx *context) {
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_digest(context, sizeof digest, digest);
    xhash_digest result = {{0, 0, 0, 0}};
    for (size_t index = 0; index < sizeof digest; index++) {
        result.words[index / 8] = result.words[index / 8] << 8 | digest[index];
    }
    return result;
}

xhash_digest xhash_sha256(const uint8_t *bytes, size_t count) {
    struct sha256_ctx context;
    sha256_init(&context);
    sha256_update(&context, count, bytes);
    return end(&context);
}

xhash_stream *xhash_begin(void) {
    xhash_stream *stream = malloc(sizeof *stream);
    if (stream != NULL) sha256_init(&stream->context);
    return stream;
}

void xhash_add(xhash_stream *stream, const uint8_t *bytes, size_t count) {
    sha256_update(&stream->context, count, bytes);
}

xhash_digest xhash_end(xhash_stream *stream) {
    xhash_digest result = end(&stream->context);
    free(stream);
    return result;
}
