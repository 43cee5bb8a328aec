#define _GNU_SOURCE
#include "xsys.h"

#include <errno.h>
#include <pthread.h>
#include <pwd.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/// Moves `from` (or /dev/null) to descriptor `to`, open across exec.
static int place(int from, int to) {
    int source = from < 0 ? open("/dev/null", to == 0 ? O_RDONLY : O_WRONLY) : from;
    if (source < 0) return -errno;
    if (source == to) return fcntl(to, F_SETFD, 0) < 0 ? -errno : 0;
    if (dup2(source, to) < 0) return -errno;
    if (from < 0) close(source);
    return 0;
}

/// Closes the descriptors from `first` to `last`.
static void close_between(unsigned first, unsigned last) {
    if (first > last) return;
#ifdef SYS_close_range
    if (syscall(SYS_close_range, first, last, 0) == 0) return;
#endif
    for (unsigned number = first; number <= last && number < 4096; number++) close((int)number);
}

static int write_all(int descriptor, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t written = write(descriptor, bytes, count);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return -errno;
        bytes += written;
        count -= (size_t)written;
    }
    return 0;
}

/// The decimal digits of a number, at the end of `space`; returns where they begin.
static char *digits(unsigned long long number, char space[24]) {
    char *at = space + 23;
    *at = 0;
    do *--at = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    return at;
}

/// The start time of this process: field 22 of its stat, see proc(5); 0 where there is no /proc.
static unsigned long long start_time(void) {
    char text[1024];
    int descriptor = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return 0;
    ssize_t count = read(descriptor, text, sizeof text - 1);
    close(descriptor);
    if (count <= 0) return 0;
    text[count] = 0;
    char *at = strrchr(text, ')');
    for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
    unsigned long long time = 0;
    for (at = at ? at + 1 : text + count; *at >= '0' && *at <= '9'; at++) time = time * 10 + (unsigned)(*at - '0');
    return time;
}

/// Writes the record of this process.
static int note_self(const xsys_process *process) {
    int flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    int descriptor = open(process->record, flags, 0666);
    // A link or a device has no business there.
    struct stat status;
    if (descriptor < 0 ? errno == ELOOP || errno == ENXIO : fstat(descriptor, &status) == 0 && !S_ISREG(status.st_mode)) {
        if (descriptor >= 0) close(descriptor);
        if (unlink(process->record) < 0) return -errno;
        descriptor = open(process->record, flags | O_EXCL, 0666);
    }
    if (descriptor < 0) return -errno;
    char number[24], time[24], text[4096];
    const char *parts[] = {process->head, digits((unsigned long long)getpid(), number), process->middle,
                           digits(start_time(), time), process->tail};
    size_t length = 0;
    for (int part = 0; part < 5; part++) {
        size_t count = strlen(parts[part]);
        if (length + count > sizeof text) {
            close(descriptor);
            return -ENAMETOOLONG;
        }
        memcpy(text + length, parts[part], count);
        length += count;
    }
    int failure = ftruncate(descriptor, 0) < 0 ? -errno : write_all(descriptor, text, length);
    if (close(descriptor) < 0 && !failure) failure = -errno;
    return failure;
}

/// The child's side of a fork: only async-signal-safe calls.
static int become(const char *directory, xsys_process *process, pid_t parent) {
    if (process->session) setsid();
#ifdef __linux__
    if (process->dies_with_parent || process->record) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        // It may have died before it was asked.
        if (getppid() != parent) return -ESRCH;
    }
#endif
    if (process->record) {
        int failure = note_self(process);
        process->record_failed = failure < 0;
        if (failure < 0) return failure;
#ifdef __linux__
        if (!process->dies_with_parent) prctl(PR_SET_PDEATHSIG, 0);
#endif
    }
    // Niceness is a thread's on Linux, and the runtime gives its threads another one where it may.
    if (getpriority(PRIO_PROCESS, 0) != xsys_niceness()) setpriority(PRIO_PROCESS, 0, xsys_niceness());
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int number = 1; number < 32; number++)
        if (number != SIGKILL && number != SIGSTOP && !xsys_was_ignored(number)) sigaction(number, &standard, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    int failure;
    if ((failure = place(process->input, 0)) < 0) return failure;
    if ((failure = place(process->output, 1)) < 0) return failure;
    if ((failure = place(process->error, 2)) < 0) return failure;
    // What the parent had open, its own parent's included, is none of the child's business.
    unsigned after = 3;
    if (process->kept >= 0) {
        int as = process->kept_as >= 0 ? process->kept_as : process->kept;
        if ((failure = place(process->kept, as)) < 0) return failure;
        close_between(3, (unsigned)as - 1);
        after = (unsigned)(as > process->kept_last ? as : process->kept_last) + 1;
    }
    close_between(after, ~0u);
    if (directory && chdir(directory) < 0) return -errno;
    return 0;
}

/// A file that is no program for the kernel is one for the shell (execvp(3)): a script without a #! line.
static int execute_by_shell(const char *file, const char *const *arguments, const char *const *environment) {
    size_t count = 0;
    while (arguments[count]) count++;
    if (count > 1 << 16) return -ENOEXEC;
    const char *words[count + 2];
    words[0] = "/bin/sh";
    words[1] = file;
    // With the null at their end.
    memcpy(words + 2, arguments + 1, count * sizeof *words);
    execve(words[0], (char *const *)words, (char *const *)environment);
    return -errno;
}

/// The program along PATH, as execvp(3) finds it, without allocating.
static int execute(const char *const *arguments, const char *const *environment) {
    const char *name = arguments[0];
    if (strchr(name, '/')) {
        execve(name, (char *const *)arguments, (char *const *)environment);
        return errno == ENOEXEC ? execute_by_shell(name, arguments, environment) : -errno;
    }
    const char *path = NULL;
    for (const char *const *entry = environment; *entry; entry++)
        if (strncmp(*entry, "PATH=", 5) == 0) path = *entry + 5;
    if (!path) path = "/usr/local/bin:/usr/bin:/bin";
    int denied = 0;
    char full[4096];
    size_t length = strlen(name);
    while (1) {
        size_t part = strcspn(path, ":");
        if (part + length + 2 <= sizeof full) {
            memcpy(full, path, part);
            size_t at = part;
            if (part > 0) full[at++] = '/';
            memcpy(full + at, name, length + 1);
            execve(full, (char *const *)arguments, (char *const *)environment);
            if (errno == ENOEXEC) return execute_by_shell(full, arguments, environment);
            if (errno == EACCES) denied = 1;
            else if (errno != ENOENT && errno != ENOTDIR) return -errno;
        }
        if (path[part] == 0) break;
        path += part + 1;
    }
    return denied ? -EACCES : -ENOENT;
}

pid_t xsys_spawn(const char *const *arguments, const char *const *environment, const char *directory,
                 xsys_process *process) {
    // vfork: the child borrows our memory until exec, so that a large parent costs nothing, and `failure` is
    // shared.
    volatile int failure = 0;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    pid_t parent = getpid();
    pid_t pid = vfork();
    if (pid == 0) {
        int result = become(directory, process, parent);
        failure = result < 0 ? result : execute(arguments, environment);
        _exit(127);
    }
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (pid < 0) return -error;
    if (failure < 0) {
        int status;
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
        return failure;
    }
    return pid;
}

pid_t xsys_fork(const char *directory, xsys_process *process) {
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid < 0) return -errno;
    if (pid == 0 && become(directory, process, parent) < 0) _exit(XSYS_NOT_STARTED);
    return pid;
}

int xsys_wait(pid_t pid, bool block, int *status) {
    while (1) {
        pid_t result = waitpid(pid, status, block ? 0 : WNOHANG);
        if (result == pid) return 0;
        if (result == 0) return -EAGAIN;
        if (errno != EINTR) return -errno;
    }
}

static double seconds_of(struct timeval time) { return (double)time.tv_sec + (double)time.tv_usec * 1e-6; }

int xsys_wait_usage(pid_t pid, int *status, xsys_usage *usage) {
    while (1) {
        struct rusage used;
        pid_t result = wait4(pid, status, WNOHANG, &used);
        if (result == pid) {
            // Linux counts in KiB.
            usage->peak_memory = (int64_t)used.ru_maxrss * 1024;
            usage->cpu = seconds_of(used.ru_utime) + seconds_of(used.ru_stime);
            return 0;
        }
        if (result == 0) return -EAGAIN;
        if (errno != EINTR) return -errno;
    }
}

void xsys_adopt_orphans(void) {
#ifdef __linux__
    prctl(PR_SET_CHILD_SUBREAPER, 1);
#endif
}

void xsys_reap_others(pid_t but) {
    siginfo_t info;
    while (1) {
        info.si_pid = 0;
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0) return;
        if (info.si_pid == 0 || info.si_pid == but) return;
        waitpid(info.si_pid, NULL, WNOHANG);
    }
}

pid_t xsys_reap(void) {
    pid_t pid = waitpid(-1, NULL, WNOHANG);
    return pid < 0 ? -errno : pid;
}

int xsys_exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }
int xsys_signal(int status) { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }

int xsys_user_name(uint32_t user, char *name, size_t capacity) {
    struct passwd entry, *found = NULL;
    char space[16384];
    if (getpwuid_r(user, &entry, space, sizeof space, &found) != 0 || !found) return 0;
    size_t length = strlen(found->pw_name);
    if (length == 0 || length > capacity) return 0;
    memcpy(name, found->pw_name, length);
    return (int)length;
}

long xsys_process_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NPROC, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY) return -1;
    return (long)limit.rlim_cur;
}

int xsys_processors(void) {
#ifdef __linux__
    // More processors than fit: asked again with more room.
    for (size_t count = 1024; count <= 1 << 20; count *= 4) {
        cpu_set_t *set = CPU_ALLOC(count);
        if (!set) break;
        size_t size = CPU_ALLOC_SIZE(count);
        int failure = sched_getaffinity(0, size, set), found = failure ? 0 : CPU_COUNT_S(size, set);
        CPU_FREE(set);
        if (!failure) return found > 0 ? found : 1;
        if (errno != EINVAL) break;
    }
#endif
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int)online : 1;
}

int xsys_process_descriptor(pid_t pid) {
#ifdef SYS_pidfd_open
    long descriptor = syscall(SYS_pidfd_open, pid, 0);
    return descriptor < 0 ? -errno : (int)descriptor;
#else
    (void)pid;
    return -ENOSYS;
#endif
}

int xsys_become(const char *const *arguments, const char *const *environment) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    execve(arguments[0], (char *const *)arguments, (char *const *)environment);
    return errno;
}
