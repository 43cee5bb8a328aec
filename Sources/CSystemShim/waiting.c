#define _GNU_SOURCE
#include "xsys.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

void xsys_expect_children(void) { signal(SIGCHLD, SIG_DFL); }

void xsys_survive_file_limit(void) { signal(SIGXFSZ, SIG_IGN); }

void xsys_admit_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    const int asking[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    for (int index = 0; index < 4; index++) sigaddset(&set, asking[index]);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

int xsys_signals(void) {
    signal(SIGPIPE, SIG_IGN);
    xsys_expect_children();
    sigset_t set;
    sigemptyset(&set);
    // SIGUSR2 is Grid Engine's word before it kills a job.
    const int asking[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR2};
    for (int index = 0; index < 4; index++)
        if (!xsys_was_ignored(asking[index])) sigaddset(&set, asking[index]);
    sigaddset(&set, SIGWINCH);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    int descriptor = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return descriptor < 0 ? -errno : descriptor;
}

int xsys_next_signal(int descriptor) {
    struct signalfd_siginfo info;
    return read(descriptor, &info, sizeof info) == sizeof info ? (int)info.ssi_signo : -EAGAIN;
}

struct xsys_monitor {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
};

xsys_monitor *xsys_monitor_new(void) {
    xsys_monitor *monitor = malloc(sizeof *monitor);
    if (!monitor) abort();
    pthread_mutex_init(&monitor->mutex, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&monitor->condition, &attributes);
    pthread_condattr_destroy(&attributes);
    return monitor;
}

void xsys_monitor_free(xsys_monitor *monitor) {
    pthread_cond_destroy(&monitor->condition);
    pthread_mutex_destroy(&monitor->mutex);
    free(monitor);
}

void xsys_monitor_lock(xsys_monitor *monitor) { pthread_mutex_lock(&monitor->mutex); }
void xsys_monitor_unlock(xsys_monitor *monitor) { pthread_mutex_unlock(&monitor->mutex); }
void xsys_monitor_notify(xsys_monitor *monitor) { pthread_cond_broadcast(&monitor->condition); }

void xsys_monitor_wait(xsys_monitor *monitor, long milliseconds) {
    if (milliseconds < 0) {
        pthread_cond_wait(&monitor->condition, &monitor->mutex);
        return;
    }
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += milliseconds / 1000;
    until.tv_nsec += (milliseconds % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec += 1;
        until.tv_nsec -= 1000000000;
    }
    pthread_cond_timedwait(&monitor->condition, &monitor->mutex, &until);
}

struct start {
    void (*body)(void *);
    void *context;
};

static void *run(void *argument) {
    struct start start = *(struct start *)argument;
    free(argument);
    start.body(start.context);
    return NULL;
}

int xsys_thread(void (*body)(void *), void *context, size_t stack) {
    struct start *start = malloc(sizeof *start);
    if (!start) abort();
    *start = (struct start){body, context};
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_t thread;
    int failure = pthread_create(&thread, &attributes, run, start);
    pthread_attr_destroy(&attributes);
    if (failure) free(start);
    return -failure;
}

unsigned long xsys_thread_number(void) { return (unsigned long)pthread_self(); }

uint64_t xsys_monotonic(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int64_t xsys_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int xsys_columns(int descriptor) {
    struct winsize size;
    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

int xsys_rows(int descriptor) {
    struct winsize size;
    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}

static struct termios terminal;
static int is_raw;

int xsys_terminal_raw(int descriptor) {
    if (is_raw) return 0;
    if (tcgetattr(descriptor, &terminal) != 0) return -errno;
    struct termios raw = terminal;
    cfmakeraw(&raw);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    if (tcsetattr(descriptor, TCSADRAIN, &raw) != 0) return -errno;
    is_raw = 1;
    return 0;
}

void xsys_terminal_restore(int descriptor) {
    if (is_raw) tcsetattr(descriptor, TCSADRAIN, &terminal);
    is_raw = 0;
}

static int output_failure;

void xsys_output_failed(int code) {
    if (!output_failure) output_failure = code;
}

void xsys_flush_output(void) {
    if (fflush(stdout) != 0) xsys_output_failed(errno);
}

static void check_output(void) {
    xsys_flush_output();
    if (!output_failure) return;
    dprintf(2, "error: cannot write to standard output: %s\n", strerror(output_failure));
    _exit(2);
}

void xsys_check_output_at_exit(void) { atexit(check_output); }

void xsys_buffer_by_line(void) { setvbuf(stdout, NULL, _IOLBF, 0); }
