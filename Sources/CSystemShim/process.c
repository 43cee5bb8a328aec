#define _GNU_SOURCE
#include "xsys.h"

#include <errno.h>
#include <pthread.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
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

/// The child's side of a fork: only async-signal-safe calls.
static int become(const char *directory, const xsys_process *process) {
    if (process->session) setsid();
#ifdef __linux__
    if (process->dies_with_parent) prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int number = 1; number < 32; number++)
        if (number != SIGKILL && number != SIGSTOP) sigaction(number, &standard, NULL);
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

/// The program along PATH, as execvp(3) finds it, without allocating.
static int execute(const char *const *arguments, const char *const *environment) {
    const char *name = arguments[0];
    if (strchr(name, '/')) {
        execve(name, (char *const *)arguments, (char *const *)environment);
        return -errno;
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
            if (errno == EACCES) denied = 1;
            else if (errno != ENOENT && errno != ENOTDIR) return -errno;
        }
        if (path[part] == 0) break;
        path += part + 1;
    }
    return denied ? -EACCES : -ENOENT;
}

pid_t xsys_spawn(const char *const *arguments, const char *const *environment, const char *directory,
                 const xsys_process *process) {
    // vfork: the child borrows our memory until exec, so that a large parent costs nothing, and `failure` is shared.
    volatile int failure = 0;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    pid_t pid = vfork();
    if (pid == 0) {
        int result = become(directory, process);
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

pid_t xsys_fork(const char *directory, const xsys_process *process) {
    pid_t pid = fork();
    if (pid < 0) return -errno;
    if (pid == 0 && become(directory, process) < 0) _exit(127);
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

int xsys_process_descriptor(pid_t pid) {
#ifdef SYS_pidfd_open
    long descriptor = syscall(SYS_pidfd_open, pid, 0);
    return descriptor < 0 ? -errno : (int)descriptor;
#else
    (void)pid;
    return -ENOSYS;
#endif
}
