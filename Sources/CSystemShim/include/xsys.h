/// The system calls that Swift cannot make itself: fork, exec, passing of descriptors, flock, pidfd, signals,
/// and a monitor (mutex and condition) for a thread that has to wait. Every function returns a negative errno
/// on failure unless it says otherwise.
#ifndef XSYS_H
#define XSYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#pragma clang assume_nonnull begin

// MARK: Processes

/// What a new process gets: these descriptors and no others. -1 means `/dev/null`.
typedef struct {
    int input, output, error;         ///< become 0, 1 and 2
    int kept;                         ///< a descriptor that stays open in the process, or -1
    int kept_as;                      ///< its number there, or -1 for the same number
    int kept_last;                    ///< up to here, those that are not close-on-exec stay open too; or -1
    bool session;                     ///< whether it starts a session of its own
    bool dies_with_parent;            ///< whether it gets SIGKILL when the thread that started it ends
    /// Where the process notes itself before it may run anything, or null: `head`, its pid, `middle`, its
    /// start time (proc(5), stat), `tail`. Where that fails it does not start, and `record_failed` is set.
    /// Until it has done so it dies with its parent, so that nothing runs of which there is no record.
    const char *_Nullable record;
    const char *_Nullable head, *_Nullable middle, *_Nullable tail;
    bool record_failed;
} xsys_process;

/// Starts a program, with default signal handlers and no signal blocked. The program is looked up along PATH
/// of `environment`, and starts in `directory` (null: the parent's). Returns its pid, or a negative errno
/// when the program cannot be executed.
pid_t xsys_spawn(const char *_Nonnull const *_Nonnull arguments, const char *_Nonnull const *_Nonnull environment,
                 const char *_Nullable directory, xsys_process *process);

/// fork(2), with what `xsys_process` says done in the child. Call only while the process has one thread. A
/// child that could not do it exits with `XSYS_NOT_STARTED`.
pid_t xsys_fork(const char *_Nullable directory, xsys_process *process);
#define XSYS_NOT_STARTED 127

/// Becomes another program, with default signal handlers and no signal blocked: execve(2). Returns an errno
/// where that does not work.
int xsys_become(const char *_Nonnull const *_Nonnull arguments, const char *_Nonnull const *_Nonnull environment);

/// Waits for a child. Returns 0 and stores the raw wait status, or a negative errno (-EAGAIN if `block` is
/// false and it still runs).
int xsys_wait(pid_t pid, bool block, int *status);

/// What a child has used that has ended, and those that it has waited for (wait4(2), getrusage(2)).
typedef struct {
    int64_t peak_memory;              ///< bytes of the largest of them; at least what its parent had when it began
    double cpu;                       ///< seconds of all of them
} xsys_usage;
/// `xsys_wait` without blocking, and what the child has used.
int xsys_wait_usage(pid_t pid, int *status, xsys_usage *usage);

/// Makes processes below this one that lose their parent its own children (Linux prctl(2),
/// PR_SET_CHILD_SUBREAPER).
void xsys_adopt_orphans(void);
/// Waits for any child that has ended, without blocking. Returns its pid, 0 if none has, or a negative errno.
pid_t xsys_reap(void);
/// Waits for all children that have ended, but one.
void xsys_reap_others(pid_t but);

/// The exit code of a raw wait status, or -1 if a signal ended the process.
int xsys_exit_code(int status);
/// The signal of a raw wait status, or 0 if the process exited.
int xsys_signal(int status);

/// A descriptor that becomes readable when the process ends (Linux pidfd_open(2)); -ENOSYS elsewhere.
int xsys_process_descriptor(pid_t pid);

// MARK: Descriptors

/// A pair of connected sockets that keep message borders, both close-on-exec.
int xsys_channel(int ends[_Nonnull 2]);
/// A pipe, both ends close-on-exec.
int xsys_pipe(int ends[_Nonnull 2]);
/// Sends one message, and a descriptor with it unless `passed` is -1. Returns 0; never raises SIGPIPE.
int xsys_send(int channel, const void *_Nullable bytes, size_t count, int passed);
/// Receives one message, and the descriptor that came with it (else -1), close-on-exec. Returns the byte
/// count, 0 at the end. Without `block`, -EAGAIN where there is none yet.
ssize_t xsys_receive(int channel, void *buffer, size_t capacity, int *passed, bool block);

/// flock(2), exclusive or shared, without waiting. -EWOULDBLOCK if another open file holds one that excludes
/// it.
int xsys_lock(int descriptor, bool exclusive);
/// Gives the lock back, for every process that shares this open file.
int xsys_unlock(int descriptor);

// MARK: The loopback network

/// A TCP port of 127.0.0.1 that nobody has at the moment.
int xsys_free_port(void);
/// A connection to a TCP port of 127.0.0.1, whose reads and writes wait that long too.
int xsys_connect(int port, int milliseconds);

// MARK: Signals

/// Blocks SIGINT, SIGTERM and SIGHUP, but those that were ignored when this process began, and SIGWINCH, in
/// this thread and those it will start, ignores SIGPIPE, and returns a descriptor from which
/// `xsys_next_signal` reads them.
int xsys_signals(void);
/// Opens /dev/null in place of standard streams that are closed, so that no other file gets their numbers.
void xsys_open_standard_streams(void);
/// Lets writes beyond the limit of file sizes fail with EFBIG (setrlimit(2)) instead of ending the process.
void xsys_survive_file_limit(void);
/// Lets the signals come that ask a program to stop, also where the thread that started this process had
/// blocked them.
void xsys_admit_signals(void);
/// Lets children be waited for, whatever the parent of this process thinks of SIGCHLD.
void xsys_expect_children(void);
/// The next signal number, or -EAGAIN when none is pending.
int xsys_next_signal(int descriptor);

// MARK: Waiting

/// A mutex with a condition, for a thread that waits for a change.
typedef struct xsys_monitor xsys_monitor;
xsys_monitor *xsys_monitor_new(void);
void xsys_monitor_free(xsys_monitor *monitor);
void xsys_monitor_lock(xsys_monitor *monitor);
void xsys_monitor_unlock(xsys_monitor *monitor);
/// Waits until notified, at most `milliseconds` (negative: for ever). The monitor must be locked.
void xsys_monitor_wait(xsys_monitor *monitor, long milliseconds);
void xsys_monitor_notify(xsys_monitor *monitor);

/// Runs `body(context)` on a new detached thread with a stack of `stack` bytes.
int xsys_thread(void (*body)(void *), void *context, size_t stack);

/// Tells this thread from every other that lives.
unsigned long xsys_thread_number(void);

// MARK: Facts

/// The arguments of this process, the program first.
int xsys_argument_count(void);
const char *_Nullable xsys_argument(int index);
/// Whether a signal that asks to stop (SIGHUP, SIGINT, SIGQUIT, SIGTERM) was ignored when this process began,
/// as nohup(1) does: it stays so, here and in children.
bool xsys_was_ignored(int signal);
/// The niceness of this process when it began: threads of the runtime may have another one later.
int xsys_niceness(void);

/// Nanoseconds since an unspecified start, never going back.
uint64_t xsys_monotonic(void);
/// Microseconds since 1970.
int64_t xsys_now(void);
/// Writes out what C's standard output holds back; no other stream is touched.
void xsys_flush_output(void);
/// Notes that standard output cannot be written, and why.
void xsys_output_failed(int code);
/// Makes exit(3) end with exit code 2 and a message on standard error where standard output could not be
/// written.
void xsys_check_output_at_exit(void);
/// Makes C's standard output, which Lua's `print` uses, write at each line end.
void xsys_buffer_by_line(void);
/// Columns of the terminal at `descriptor`, or 0.
int xsys_columns(int descriptor);

// The rows of a terminal; 0 where it is none.
int xsys_rows(int descriptor);

// Gives each key to the program as it is pressed (termios(3), raw mode), until xsys_terminal_restore. Returns 0 or a negative errno.
int xsys_terminal_raw(int descriptor);

// As it was before.
void xsys_terminal_restore(int descriptor);
/// What stat(2) tells of a file.
typedef struct {
    char kind;                        ///< 'f' a file, 'd' a folder, 'l' a link (only without follow), '?' another kind
    uint32_t owner;                   ///< the user's number
    uint32_t mode;                    ///< who may do what with it: st_mode of stat(2)
    uint64_t device, inode;
    uint64_t links;                   ///< how many names it has
    int64_t size;                     ///< bytes
    int64_t modified;                 ///< microseconds since 1970
    int64_t changed;                  ///< the same of the file itself, which no program can set (st_ctime)
} xsys_status;
/// Whether a file system notes each change of a file with a time that no program can set: those that are
/// known to (statfs(2)).
bool xsys_notes_changes(const char *path);
/// The status of a descriptor's file, or of a path (when descriptor is -1).
int xsys_stat(int descriptor, const char *_Nullable path, bool follow, xsys_status *status);
/// Removes a file, or a folder with all in it, by names relative to their open folders, from an open root on;
/// links are not followed, neither in it nor on the way to it (-ELOOP). What is not there is removed. `path`
/// is relative to the root, without `.` and `..`.
int xsys_remove_tree(const char *root, const char *path);
/// Opens a regular file to read it, by names relative to their open folders, from an open root on; a link, in its
/// place or on the way to it, is -ELOOP, a pipe or a device -ENXIO. `path` is relative to the root, without `.`
/// and `..` (-EINVAL).
int xsys_open_below(const char *root, const char *path);
/// Makes a folder and those above it, below a root that has to be there; a link on the way is -ELOOP. `path`
/// is relative to the root, without `.` and `..`; with `trusts_first` its first component may be a link.
/// Stores whether this call made the folder.
int xsys_make_folder(const char *root, const char *path, bool trusts_first, bool *made);
/// Brings a file's data to the disk, so that what is renamed after it never stands before it there: by
/// sync_file_range(2) where the file system keeps the order of data and names (ext4, xfs), by fdatasync(2)
/// elsewhere, not at all in memory (tmpfs).
int xsys_settle(int descriptor);
/// fsync(2) of a file that was given its name just before, and of its folder where the file system does not
/// bring the name along (all but ext4 and xfs); not at all in memory.
int xsys_sync(int descriptor, const char *folder);
/// Writes the name of a user (getpwuid_r(3)) to `name`, without a NUL; returns its length, 0 where none is
/// known.
int xsys_user_name(uint32_t user, char *name, size_t capacity);
/// How many processes and threads this user may have (getrlimit(2), RLIMIT_NPROC); -1 for any number.
long xsys_process_limit(void);
/// Processors that this process may use, by its affinity mask (sched_getaffinity(2)); at least 1.
int xsys_processors(void);

/// Finds the last line of `text[0..<end]` that is not empty and has `bytes` in it (with `count` 0: any), and
/// stores where it begins and ends. A line ends with a line feed or a carriage return. Returns whether there
/// is one.
bool xsys_last_line(const uint8_t *text, size_t end, const uint8_t *_Nullable bytes, size_t count, long *start, long *stop);

/// A POSIX extended regular expression, or NULL for a text that is none.
typedef struct xsys_regex xsys_regex;
xsys_regex *_Nullable xsys_regex_new(const char *pattern);
void xsys_regex_free(xsys_regex *regex);
/// Whether it is found in a text.
bool xsys_regex_found(const xsys_regex *regex, const char *text);

#pragma clang assume_nonnull end
#endif
