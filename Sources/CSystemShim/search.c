#define _GNU_SOURCE
#include "xsys.h"

#include <string.h>

static bool ends_line(uint8_t byte) { return byte == '\n' || byte == '\r'; }

/// Where some bytes stand last before `end`, or -1.
static long last(const uint8_t *text, size_t end, const uint8_t *bytes, size_t count) {
    // Mostly they are not there at all, and this way round is the fastest to see that.
    if (end < count || !memmem(text, end, bytes, count)) return -1;
    size_t left = end - count + 1;
    const uint8_t *found;
    while ((found = memrchr(text, bytes[0], left))) {
        if (memcmp(found, bytes, count) == 0) return found - text;
        left = (size_t)(found - text);
    }
    return -1;
}

bool xsys_last_line(const uint8_t *text, size_t end, const uint8_t *bytes, size_t count, long *start, long *stop) {
    while (end > 0) {
        long at = (long)end - 1;
        if (count > 0) {
            at = last(text, end, bytes, count);
            if (at < 0) return false;
        } else {
            while (at >= 0 && ends_line(text[at])) at--;
            if (at < 0) return false;
        }
        long first = at;
        while (first > 0 && !ends_line(text[first - 1])) first--;
        long behind = at;
        while (behind < (long)end && !ends_line(text[behind])) behind++;
        if (behind > first) {
            *start = first;
            *stop = behind;
            return true;
        }
        end = (size_t)first;
    }
    return false;
}
