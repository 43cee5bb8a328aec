#define _GNU_SOURCE
#include "xsys.h"

#include <string.h>

/// How common a byte is in what programs print, roughly.
static int commonness(uint8_t byte) {
    if (byte == ' ') return 5;
    if (byte && strchr("etaoinsrlcd", byte)) return 4;
    if (byte >= 'a' && byte <= 'z') return 3;
    if ((byte >= '0' && byte <= '9') || byte == '.') return 2;
    return byte >= 'A' && byte <= 'Z' ? 1 : 0;
}

/// Where some bytes stand last before `end`, or -1.
static long last(const uint8_t *text, size_t end, const uint8_t *bytes, size_t count) {
    // Mostly they are not there at all, and this way round is the fastest to see that.
    if (end < count || !memmem(text, end, bytes, count)) return -1;
    size_t rare = 0;
    for (size_t index = 1; index < count; index++)
        if (commonness(bytes[index]) < commonness(bytes[rare])) rare = index;
    size_t left = end - count + 1;
    const uint8_t *found;
    while ((found = memrchr(text + rare, bytes[rare], left))) {
        const uint8_t *start = found - rare;
        if (memcmp(start, bytes, count) == 0) return start - text;
        left = (size_t)(start - text);
    }
    return -1;
}

/// The end of the line before a place.
static size_t line_start(const uint8_t *text, size_t place) {
    const uint8_t *feed = memrchr(text, '\n', place);
    size_t start = feed ? (size_t)(feed - text) + 1 : 0;
    const uint8_t *back = memrchr(text + start, '\r', place - start);
    return back ? (size_t)(back - text) + 1 : start;
}

static size_t line_end(const uint8_t *text, size_t place, size_t end) {
    const uint8_t *feed = memchr(text + place, '\n', end - place);
    size_t stop = feed ? (size_t)(feed - text) : end;
    const uint8_t *back = memchr(text + place, '\r', stop - place);
    return back ? (size_t)(back - text) : stop;
}

bool xsys_last_line(const uint8_t *text, size_t end, const uint8_t *bytes, size_t count, long *start, long *stop) {
    size_t place;
    if (count > 0) {
        long at = last(text, end, bytes, count);
        if (at < 0) return false;
        place = (size_t)at;
    } else {
        while (end > 0 && (text[end - 1] == '\n' || text[end - 1] == '\r')) end--;
        if (end == 0) return false;
        place = end - 1;
    }
    *start = (long)line_start(text, place);
    *stop = (long)line_end(text, place, end);
    return true;
}
