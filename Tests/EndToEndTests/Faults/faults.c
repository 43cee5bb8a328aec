// A disk with faults, for LD_PRELOAD: XPM_FAULTS is a list of `CALL:ERRNO:PART`, separated by blanks. CALL is
// open, write, read, rename, link, symlink or flock; a call on a path that has PART in it fails with that
// errno. PART may be empty.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int fault(const char *call, const char *path) {
    const char *entry = getenv("XPM_FAULTS");
    size_t length = strlen(call);
    while (entry && *entry) {
        const char *end = strchrnul(entry, ' ');
        if (strncmp(entry, call, length) == 0 && entry[length] == ':') {
            char *part;
            int code = (int)strtol(entry + length + 1, &part, 10);
            char wanted[256] = "";
            if (*part == ':') snprintf(wanted, sizeof wanted, "%.*s", (int)(end - part - 1), part + 1);
            if (strstr(path, wanted)) return code;
        }
        entry = *end ? end + 1 : end;
    }
    return 0;
}

static int fault_of(const char *call, int descriptor) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t count = readlink(link, path, sizeof path - 1);
    if (count < 0) return 0;
    path[count] = 0;
    return fault(call, path);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAIL_IF(code) do { int failure = (code); if (failure) { errno = failure; return -1; } } while (0)

int open(const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    mode_t mode = va_arg(list, mode_t);
    va_end(list);
    FAIL_IF(flags & (O_WRONLY | O_RDWR) ? fault("open", path) : 0);
    return NEXT(open)(path, flags, mode);
}
ssize_t write(int descriptor, const void *bytes, size_t count) {
    if (getenv("XPM_FAULTS")) FAIL_IF(fault_of("write", descriptor));
    return NEXT(write)(descriptor, bytes, count);
}
ssize_t read(int descriptor, void *bytes, size_t count) {
    if (getenv("XPM_FAULTS")) FAIL_IF(fault_of("read", descriptor));
    return NEXT(read)(descriptor, bytes, count);
}
int rename(const char *from, const char *to) {
    FAIL_IF(fault("rename", to));
    return NEXT(rename)(from, to);
}
int link(const char *from, const char *to) {
    FAIL_IF(fault("link", to));
    return NEXT(link)(from, to);
}
int symlink(const char *target, const char *path) {
    FAIL_IF(fault("symlink", path));
    return NEXT(symlink)(target, path);
}
int flock(int descriptor, int operation) {
    FAIL_IF(fault_of("flock", descriptor));
    return NEXT(flock)(descriptor, operation);
}
