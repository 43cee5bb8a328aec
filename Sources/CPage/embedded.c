#include "xpage.h"

// The compiler embeds the files themselves; it is ahead of the C standard that the package asks for.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const char style[] = {
#embed "../xpm-page/Assets/page.css"
};

static const char script[] = {
#embed "../xpm-page/Assets/page.js"
};

static const char events[] = {
#embed "../xpm-page/Assets/events.js"
};

const char *xpage_style(size_t *count) {
    *count = sizeof style;
    return style;
}

const char *xpage_script(size_t *count) {
    *count = sizeof script;
    return script;
}

const char *xpage_events(size_t *count) {
    *count = sizeof events;
    return events;
}
