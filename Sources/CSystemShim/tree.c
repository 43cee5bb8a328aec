#define _GNU_SOURCE
#include "xsys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/vfs.h>
#endif

/// How deep folders may nest: each level is an open folder.
enum { DEEPEST = 256 };

static int remove_at(int folder, const char *name, int depth);

/// Removes what is in an open folder, which it closes.
static int empty(int descriptor, int depth) {
    DIR *stream = fdopendir(descriptor);
    if (!stream) {
        int failure = -errno;
        close(descriptor);
        return failure;
    }
    int failure = 0;
    struct dirent *entry;
    while (!failure && (errno = 0, entry = readdir(stream)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            failure = remove_at(dirfd(stream), entry->d_name, depth + 1);
    if (!failure && errno) failure = -errno;
    closedir(stream);
    return failure;
}

static int remove_at(int folder, const char *name, int depth) {
    if (unlinkat(folder, name, 0) == 0 || errno == ENOENT) return 0;
    // EISDIR is Linux's word for a folder, EPERM POSIX's.
    if (errno != EISDIR && errno != EPERM) return -errno;
    int failure = -errno;
    if (depth > DEEPEST) return -ELOOP;
    int inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (inner < 0) return errno == ENOTDIR ? failure : -errno;
    failure = empty(inner, depth);
    if (failure) return failure;
    return unlinkat(folder, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -errno;
}

int xsys_remove_tree(const char *path) { return remove_at(AT_FDCWD, path, 0); }

#ifdef __linux__
/// What a file system keeps by itself.
enum order { NOTHING, ORDER, MEMORY };

static enum order order_of(int descriptor) {
    struct statfs status;
    if (fstatfs(descriptor, &status) < 0) return NOTHING;
    switch ((unsigned long)status.f_type) {
        // statfs(2): ext2 to ext4, xfs; tmpfs, ramfs.
        case 0xef53: case 0x58465342: return ORDER;
        case 0x01021994: case 0x858458f6: return MEMORY;
        default: return NOTHING;
    }
}
#endif

int xsys_settle(int descriptor) {
#ifdef __linux__
    enum order order = order_of(descriptor);
    if (order == MEMORY) return 0;
    unsigned flags = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    if (order == ORDER) return sync_file_range(descriptor, 0, 0, flags) < 0 ? -errno : 0;
    return fdatasync(descriptor) < 0 ? -errno : 0;
#else
    return fsync(descriptor) < 0 ? -errno : 0;
#endif
}

int xsys_sync(int descriptor, const char *folder) {
#ifdef __linux__
    enum order order = order_of(descriptor);
    if (order == MEMORY) return 0;
    if (fsync(descriptor) < 0) return -errno;
    if (order == ORDER) return 0;
#else
    if (fsync(descriptor) < 0) return -errno;
#endif
    int opened = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0) return -errno;
    // Some network file systems have nothing to sync of a folder.
    int failure = fsync(opened) < 0 && errno != EINVAL ? -errno : 0;
    close(opened);
    return failure;
}
