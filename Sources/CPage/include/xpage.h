#ifndef XPAGE_H
#define XPAGE_H

#include <stddef.h>

/// The style sheet of the page, embedded.
const char *_Nonnull xpage_style(size_t *_Nonnull count);
/// What keeps the page up to date, embedded.
const char *_Nonnull xpage_script(size_t *_Nonnull count);
/// What hears of changes for all tabs, embedded.
const char *_Nonnull xpage_events(size_t *_Nonnull count);

#endif
