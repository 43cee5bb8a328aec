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
    if (depth > DEEPEST) return -ENAMETOOLONG;
    int inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (inner < 0) return errno == ENOTDIR ? failure : -errno;
    // What is mounted here belongs to another disk.
    struct stat outside, inside;
    if (fstatat(folder, ".", &outside, 0) == 0 && fstat(inner, &inside) == 0 && outside.st_dev != inside.st_dev) {
        close(inner);
        return -EXDEV;
    }
    failure = empty(inner, depth);
    if (failure) return failure;
    return unlinkat(folder, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -errno;
}

/// Takes the next name off a path, into `name`. Returns its length, 0 at the end, or a negative errno.
static int next_name(const char **path, char name[256]) {
    *path += strspn(*path, "/");
    size_t length = strcspn(*path, "/");
    if (length >= 256) return -ENAMETOOLONG;
    memcpy(name, *path, length);
    name[length] = 0;
    *path += length;
    return (int)length;
}

static bool is_end(const char *path) { return path[strspn(path, "/")] == 0; }

int xsys_remove_tree(const char *root, const char *path) {
    // The root may be a link: the user has named it.
    int folder = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return errno == ENOENT ? 0 : -errno;
    char name[256];
    int failure = 0;
    while (1) {
        int length = next_name(&path, name);
        if (length < 0) {
            failure = length;
            break;
        }
        // Nothing above the root, nor the root itself.
        if (length == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
            failure = -EINVAL;
            break;
        }
        if (is_end(path)) {
            failure = remove_at(folder, name, 0);
            break;
        }
        int inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inner < 0) {
            failure = errno == ENOENT ? 0 : errno == ENOTDIR ? -ELOOP : -errno;
            break;
        }
        close(folder);
        folder = inner;
    }
    close(folder);
    return failure;
}

int xsys_make_folder(const char *root, const char *path, bool trusts_first, bool *made) {
    *made = false;
    int folder = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return -errno;
    char name[256];
    int failure = 0;
    bool is_first = true;
    while (1) {
        int length = next_name(&path, name);
        if (length <= 0) {
            failure = length;
            break;
        }
        bool is_last = is_end(path);
        int follow = is_first && trusts_first ? 0 : O_NOFOLLOW;
        int inner = is_last ? -1 : openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | follow);
        if (is_last || (inner < 0 && errno == ENOENT)) {
            *made = mkdirat(folder, name, 0777) == 0;
            if (!*made && errno != EEXIST) {
                failure = -errno;
                break;
            }
            inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | follow);
        }
        if (inner < 0) {
            // A link is ELOOP with O_DIRECTORY too, or ENOTDIR.
            struct stat status;
            failure = -errno;
            if (errno == ENOTDIR && fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode))
                failure = -ELOOP;
            break;
        }
        close(folder);
        folder = inner;
        is_first = false;
    }
    close(folder);
    return failure;
}

int xsys_open_below(const char *root, const char *path) {
    // The root may be a link: the user has named it.
    int folder = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return -errno;
    char name[256];
    while (1) {
        int length = next_name(&path, name);
        if (length <= 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
            close(folder);
            return length < 0 ? length : -EINVAL;
        }
        bool is_last = is_end(path);
        int kind = O_DIRECTORY;
        if (is_last) {
            // A device is not even opened.
            struct stat status;
            int failure = fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0 ? -errno
                          : S_ISREG(status.st_mode)                              ? 0
                          : S_ISLNK(status.st_mode)                              ? -ELOOP
                          : S_ISDIR(status.st_mode)                              ? -EISDIR
                                                                                 : -ENXIO;
            if (failure) {
                close(folder);
                return failure;
            }
            kind = O_NONBLOCK;
        }
        int inner = openat(folder, name, O_RDONLY | kind | O_NOFOLLOW | O_CLOEXEC);
        int failure = errno;
        close(folder);
        if (inner < 0) return failure == ENOTDIR ? -ELOOP : -failure;
        if (is_last) return inner;
        folder = inner;
    }
}

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

bool xsys_notes_changes(const char *path) {
#ifdef __linux__
    struct statfs status;
    if (statfs(path, &status) < 0) return false;
    // ext2 to ext4, xfs, btrfs, tmpfs, zfs, nfs, overlay, f2fs, bcachefs, ceph, lustre, gpfs. Not vfat, exfat
    // and what goes through FUSE.
    const unsigned long known[] = {0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x2fc12fc1, 0x6969, 0x794c7630,
                                   0xf2f52010, 0xca451a4e, 0x00c36400, 0x0bd00bd0, 0x47504653};
    for (size_t index = 0; index < sizeof known / sizeof *known; index++)
        if ((unsigned long)(unsigned)status.f_type == known[index]) return true;
#else
    (void)path;
#endif
    return false;
}

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
