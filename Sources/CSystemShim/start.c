#define _GNU_SOURCE
#include "xsys.h"

#include <signal.h>
#include <sys/resource.h>

static int argument_count;
static char *const *arguments;
static int niceness;
static bool ignored[32];

/// Called by the loader before main, with what main gets (glibc).
__attribute__((constructor)) static void note_start(int count, char **values) {
    argument_count = count;
    arguments = values;
    niceness = getpriority(PRIO_PROCESS, 0);
    const int asking[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    for (int index = 0; index < 4; index++) {
        struct sigaction now;
        ignored[asking[index]] = sigaction(asking[index], NULL, &now) == 0 && now.sa_handler == SIG_IGN;
    }
}

int xsys_argument_count(void) { return argument_count; }

const char *xsys_argument(int index) { return index < argument_count ? arguments[index] : (const char *)0; }

bool xsys_was_ignored(int signal) { return signal > 0 && signal < 32 && ignored[signal]; }

int xsys_niceness(void) { return niceness; }
