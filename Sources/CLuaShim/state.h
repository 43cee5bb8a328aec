/// What the files of the shim share. Not visible to Swift.
#ifndef XLUA_STATE_H
#define XLUA_STATE_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "xlua.h"

/// What a state knows of its host; found from every coroutine.
struct host {
    void *context;
    xlua_host call;
    xlua_release release;
    xlua_flag *flag;
    /// Whether Lua or the shim runs, above a `lua_pcall` and with no frame of the host in between: then, and
    /// only then, an error may be raised.
    bool may_raise;
};

static inline struct host *xlua_host_of(lua_State *L) { return *(struct host **)lua_getextraspace(L); }

/// What a userdata of the host holds.
struct object {
    /// Where it lies itself: a userdata of another library that was given our metatable, as
    /// debug.setmetatable(3) can, is none of ours.
    struct object *self;
    void *pointer;
    int kind;
};

/// The name of a chunk as messages show it, shortened to what there is room for.
void xlua_copy_source(const char *source, char *into, size_t capacity);

/// The name that the chunks of xpm's own Lua code begin with.
#define XLUA_OWN "=[xpm"

#endif
