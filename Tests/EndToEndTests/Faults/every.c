// A fault at one call, for LD_PRELOAD: XPM_EVERY is `COUNTER NUMBER KIND`. All processes of xpm and xpm-job
// count their system calls in the file COUNTER; at call NUMBER this one is killed (KIND `kill`), reads or
// writes half (`short`), or fails with the errno KIND.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static uint64_t *counter;
static uint64_t number;
static int failure, is_kill, is_short;

__attribute__((constructor)) static void begin(void) {
    char self[4096], file[4096], kind[32];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    const char *wish = getenv("XPM_EVERY");
    if (length <= 0 || !wish || sscanf(wish, "%4095s %lu %31s", file, &number, kind) != 3) return;
    self[length] = 0;
    const char *name = strrchr(self, '/') + 1;
    if (strcmp(name, "xpm") != 0 && strcmp(name, "xpm-job") != 0) return;
    is_kill = strcmp(kind, "kill") == 0;
    is_short = strcmp(kind, "short") == 0;
    failure = atoi(kind);
    int descriptor = NEXT(open)(file, O_RDWR | O_CLOEXEC);
    if (descriptor < 0) return;
    void *shared = mmap(NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    NEXT(close)(descriptor);
    if (shared != MAP_FAILED) counter = shared;
}

/// Whether this is the call. Those of libdispatch do not count: it looks at its threads in /proc when they
/// are slow, and gives up where it cannot.
static int hit(void *caller) {
    Dl_info place;
    if (!counter) return 0;
    if (dladdr(caller, &place) && place.dli_fname && strstr(place.dli_fname, "libdispatch")) return 0;
    if (__atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST) != number) return 0;
    if (is_kill) kill(getpid(), SIGKILL);
    return 1;
}

#define HIT() hit(__builtin_return_address(0))
#define FAULT(result) do { if (HIT() && failure) { errno = failure; return result; } } while (0)

int open(const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    mode_t mode = va_arg(list, mode_t);
    va_end(list);
    FAULT(-1);
    return NEXT(open)(path, flags, mode);
}
ssize_t write(int descriptor, const void *bytes, size_t count) {
    int is_hit = HIT();
    if (is_hit && failure) {
        errno = failure;
        return -1;
    }
    return NEXT(write)(descriptor, bytes, is_hit && is_short && count > 1 ? count / 2 : count);
}
ssize_t read(int descriptor, void *bytes, size_t count) {
    int is_hit = HIT();
    if (is_hit && failure) {
        errno = failure;
        return -1;
    }
    return NEXT(read)(descriptor, bytes, is_hit && is_short && count > 1 ? count / 2 : count);
}
int rename(const char *from, const char *to) { FAULT(-1); return NEXT(rename)(from, to); }
int link(const char *from, const char *to) { FAULT(-1); return NEXT(link)(from, to); }
int symlink(const char *from, const char *to) { FAULT(-1); return NEXT(symlink)(from, to); }
int unlink(const char *path) { FAULT(-1); return NEXT(unlink)(path); }
int mkdir(const char *path, mode_t mode) { FAULT(-1); return NEXT(mkdir)(path, mode); }
int ftruncate(int descriptor, off_t size) { FAULT(-1); return NEXT(ftruncate)(descriptor, size); }
int fsync(int descriptor) { FAULT(-1); return NEXT(fsync)(descriptor); }
int fdatasync(int descriptor) { FAULT(-1); return NEXT(fdatasync)(descriptor); }
int flock(int descriptor, int operation) { FAULT(-1); return NEXT(flock)(descriptor, operation); }
int fstat(int descriptor, struct stat *status) { FAULT(-1); return NEXT(fstat)(descriptor, status); }
ssize_t readlink(const char *path, char *text, size_t count) { FAULT(-1); return NEXT(readlink)(path, text, count); }
ssize_t sendmsg(int channel, const struct msghdr *message, int flags) {
    FAULT(-1);
    return NEXT(sendmsg)(channel, message, flags);
}
ssize_t recvmsg(int channel, struct msghdr *message, int flags) {
    FAULT(-1);
    return NEXT(recvmsg)(channel, message, flags);
}
