#include <string.h>

#include "state.h"

/// lua_pcall(3), during which errors may be raised.
static int protected_call(lua_State *L, int arguments, int results, int handler) {
    struct host *host = xlua_host_of(L);
    bool may_raise = host->may_raise;
    host->may_raise = true;
    int status = lua_pcall(L, arguments, results, handler);
    host->may_raise = may_raise;
    return status;
}

bool xlua_load(lua_State *L, const char *bytes, size_t count, const char *name) {
    struct host *host = xlua_host_of(L);
    bool may_raise = host->may_raise;
    // lua_load protects itself.
    host->may_raise = true;
    int status = luaL_loadbufferx(L, bytes, count, name, "t");
    host->may_raise = may_raise;
    return status == LUA_OK;
}

/// Whether a frame is the user's Lua code.
static bool is_users(lua_State *L, lua_Debug *record) {
    return lua_getinfo(L, "Sl", record) && record->currentline > 0
        && strncmp(record->source, XLUA_OWN, sizeof XLUA_OWN - 1) != 0;
}

/// How many levels of the stack are looked at for a traceback: so many innermost and outermost ones.
enum { INNERMOST = 8, OUTERMOST = 4 };

/// The outermost level. Each look costs as much as the level, so it is found by halving.
static int last_level(lua_State *L) {
    lua_Debug record;
    int known = 0, beyond = 1;
    while (lua_getstack(L, beyond, &record)) {
        known = beyond;
        beyond *= 2;
    }
    while (beyond - known > 1) {
        int middle = (known + beyond) / 2;
        if (lua_getstack(L, middle, &record)) known = middle;
        else beyond = middle;
    }
    return known;
}

/// Adds one frame to a traceback.
static void add_frame(lua_State *L, luaL_Buffer *buffer, lua_Debug *record) {
    lua_getinfo(L, "n", record);
    lua_pushfstring(L, "  %s:%d:", *record->source == '@' ? record->source + 1 : record->short_src, record->currentline);
    luaL_addvalue(buffer);
    if (strcmp(record->what, "main") == 0) {
        luaL_addstring(buffer, " in the main chunk");
    } else if (record->name) {
        lua_pushfstring(L, " in %s '%s'", *record->namewhat ? record->namewhat : "function", record->name);
        luaL_addvalue(buffer);
    } else {
        lua_pushfstring(L, " in the function of line %d", record->linedefined);
        luaL_addvalue(buffer);
    }
}

/// Message handler: turns the error value into a pair { value, traceback }.
static int handle(lua_State *L) {
    lua_Debug record;
    luaL_Buffer buffer;
    int last = last_level(L);
    int hidden = last + 1 - INNERMOST - OUTERMOST;
    bool is_first = true;
    luaL_buffinit(L, &buffer);
    for (int level = 0; level <= last; level++) {
        if (hidden > 1 && level == INNERMOST) {
            lua_pushfstring(L, "\n  ... (%d more)", hidden);
            luaL_addvalue(&buffer);
            level += hidden;
        }
        if (!lua_getstack(L, level, &record) || !is_users(L, &record)) continue;
        if (!is_first) luaL_addchar(&buffer, '\n');
        is_first = false;
        add_frame(L, &buffer, &record);
    }
    luaL_pushresult(&buffer);
    lua_createtable(L, 2, 0);
    lua_pushvalue(L, 1);
    lua_rawseti(L, -2, 1);
    lua_insert(L, -2);
    lua_rawseti(L, -2, 2);
    return 1;
}

bool xlua_call(lua_State *L, int arguments, int results) {
    int handler = lua_gettop(L) - arguments;
    lua_pushcfunction(L, handle);
    lua_insert(L, handler);
    int status = protected_call(L, arguments, results, handler);
    lua_remove(L, handler);
    if (status == LUA_OK) return true;
    if (lua_type(L, -1) == LUA_TTABLE && (status == LUA_ERRRUN)) {
        lua_rawgeti(L, -1, 1);
        lua_rawgeti(L, -2, 2);
        lua_remove(L, -3);
    } else {
        lua_pushnil(L);
    }
    return false;
}

static int describe(lua_State *L) {
    luaL_tolstring(L, 1, NULL);
    return 1;
}

bool xlua_describe(lua_State *L, int index) {
    index = lua_absindex(L, index);
    lua_pushcfunction(L, describe);
    lua_pushvalue(L, index);
    return protected_call(L, 1, 1, 0) == LUA_OK;
}

void xlua_copy_source(const char *source, char *into, size_t capacity) {
    if (*source == '@' || *source == '=') source++;
    size_t count = strlen(source);
    if (count >= capacity) count = capacity - 1;
    memcpy(into, source, count);
    into[count] = 0;
}

/// The source of the innermost frame of the user's, and its line; NULL if there is none.
static const char *innermost(lua_State *L, int *line) {
    lua_Debug record;
    for (int level = 0; lua_getstack(L, level, &record); level++) {
        if (!is_users(L, &record)) continue;
        *line = record.currentline;
        return record.source;
    }
    return NULL;
}

bool xlua_where(lua_State *L, char *source, size_t capacity, int *line) {
    const char *found = innermost(L, line);
    if (found) xlua_copy_source(found, source, capacity);
    return found;
}

const void *xlua_line(lua_State *L, int *line) { return innermost(L, line); }

bool xlua_replaced_caller(lua_State *L) {
    lua_Debug record;
    for (int level = 0; lua_getstack(L, level, &record); level++) {
        if (is_users(L, &record)) return false;
        if (lua_getinfo(L, "t", &record) && record.istailcall) return true;
    }
    return false;
}

bool xlua_definition(lua_State *L, int index, char *source, size_t capacity, int *line) {
    lua_Debug record;
    lua_pushvalue(L, index);
    if (!lua_getinfo(L, ">S", &record) || record.linedefined <= 0) return false;
    xlua_copy_source(record.source, source, capacity);
    *line = record.linedefined;
    return true;
}
