#include "xsys.h"

#include <regex.h>
#include <stdlib.h>

struct xsys_regex {
    regex_t compiled;
};

xsys_regex *xsys_regex_new(const char *pattern) {
    xsys_regex *regex = malloc(sizeof *regex);
    if (regex == NULL) return NULL;
    if (regcomp(&regex->compiled, pattern, REG_EXTENDED | REG_NOSUB) == 0) return regex;
    free(regex);
    return NULL;
}

void xsys_regex_free(xsys_regex *regex) {
    regfree(&regex->compiled);
    free(regex);
}

bool xsys_regex_found(const xsys_regex *regex, const char *text) {
    return regexec(&regex->compiled, text, 0, NULL, 0) == 0;
}
