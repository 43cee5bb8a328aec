#define _GNU_SOURCE
#include "xsys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

int xsys_channel(int ends[2]) {
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0 ? -errno : 0;
}

int xsys_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC) < 0 ? -errno : 0; }

int xsys_send(int channel, const void *bytes, size_t count, int passed) {
    struct iovec part = {(void *)bytes, count};
    union { struct cmsghdr header; char space[CMSG_SPACE(sizeof(int))]; } control;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (passed >= 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = control.space;
        message.msg_controllen = sizeof control.space;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &passed, sizeof passed);
    }
    while (sendmsg(channel, &message, MSG_NOSIGNAL) < 0)
        if (errno != EINTR) return -errno;
    return 0;
}

ssize_t xsys_receive(int channel, void *buffer, size_t capacity, int *passed, bool block) {
    *passed = -1;
    struct iovec part = {buffer, capacity};
    union { struct cmsghdr header; char space[CMSG_SPACE(sizeof(int))]; } control;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space,
                             .msg_controllen = sizeof control.space};
    ssize_t count;
    while ((count = recvmsg(channel, &message, MSG_CMSG_CLOEXEC | (block ? 0 : MSG_DONTWAIT))) < 0)
        if (errno != EINTR) return -errno;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
        memcpy(passed, CMSG_DATA(header), sizeof *passed);
    return count;
}

int xsys_lock(int descriptor, bool exclusive) {
    while (flock(descriptor, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) < 0)
        if (errno != EINTR) return -errno;
    return 0;
}

int xsys_unlock(int descriptor) { return flock(descriptor, LOCK_UN) < 0 ? -errno : 0; }

int xsys_stat(int descriptor, const char *path, bool follow, xsys_status *result) {
    struct stat status;
    int failure = descriptor >= 0 ? fstat(descriptor, &status)
                  : follow        ? stat(path ? path : "", &status)
                                  : lstat(path ? path : "", &status);
    if (failure < 0) return -errno;
#ifdef __APPLE__
    struct timespec time = status.st_mtimespec, change = status.st_ctimespec;
#else
    struct timespec time = status.st_mtim, change = status.st_ctim;
#endif
    *result = (xsys_status){
        .kind = S_ISREG(status.st_mode)   ? 'f'
                : S_ISDIR(status.st_mode) ? 'd'
                : S_ISLNK(status.st_mode) ? 'l'
                                          : '?',
        .owner = status.st_uid,
        .mode = status.st_mode,
        .device = status.st_dev,
        .inode = status.st_ino,
        .links = status.st_nlink,
        .size = status.st_size,
        .modified = (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000,
        .changed = (int64_t)change.tv_sec * 1000000 + change.tv_nsec / 1000,
    };
    return 0;
}

void xsys_open_standard_streams(void) {
    for (int number = 0; number < 3; number++)
        if (fcntl(number, F_GETFD) < 0 && errno == EBADF) {
            int opened = open("/dev/null", O_RDWR);
            if (opened >= 0 && opened != number) {
                dup2(opened, number);
                close(opened);
            }
        }
}
