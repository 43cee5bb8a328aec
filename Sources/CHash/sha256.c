#include "xhash.h"

#include <nettle/sha2.h>

xhash_digest xhash_sha256(const uint8_t *bytes, size_t count) {
    struct sha256_ctx context;
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_init(&context);
    sha256_update(&context, count, bytes);
    sha256_digest(&context, sizeof digest, digest);
    xhash_digest result = {{0, 0, 0, 0}};
    for (size_t index = 0; index < sizeof digest; index++) {
        result.words[index / 8] = result.words[index / 8] << 8 | digest[index];
    }
    return result;
}
