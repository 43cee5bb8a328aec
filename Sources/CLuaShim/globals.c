#include <string.h>

#include "state.h"

// Strict globals. The table of globals gets an `__index` that asks the host about a name that nobody has
// defined. `_G` becomes a view of that table in which such a name is nil, and the functions that do without
// metamethods take the view for the table itself. So `_G.x ~= nil` and `rawget(_G, "x")` stay tests, and
// setmetatable(_G, nil) ends the strictness. A name that is defined costs what it always has.

/// Registry keys of the view and of the host's function.
static char view_key, handler_key;

/// Puts the table of globals in place of its view, as the first argument.
static void unwrap(lua_State *L) {
    if (lua_type(L, 1) != LUA_TTABLE) return;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &view_key);
    bool is_view = lua_rawequal(L, 1, -1);
    lua_pop(L, 1);
    if (!is_view) return;
    xlua_globals(L);
    lua_replace(L, 1);
}

static int raw_get(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 2);
    lua_settop(L, 2);
    unwrap(L);
    lua_rawget(L, 1);
    return 1;
}

static int raw_set(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 2);
    luaL_checkany(L, 3);
    lua_settop(L, 3);
    // The table is returned as it was given.
    lua_pushvalue(L, 1);
    lua_insert(L, 2);
    unwrap(L);
    lua_rawset(L, 1);
    return 1;
}

static int get_metatable(lua_State *L) {
    luaL_checkany(L, 1);
    unwrap(L);
    if (!lua_getmetatable(L, 1)) {
        lua_pushnil(L);
    } else {
        luaL_getmetafield(L, 1, "__metatable");
    }
    return 1;
}

static int set_metatable(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argexpected(L, lua_isnil(L, 2) || lua_istable(L, 2), 2, "nil or table");
    lua_settop(L, 2);
    lua_pushvalue(L, 1);
    unwrap(L);
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL) return luaL_error(L, "cannot change a protected metatable");
    lua_pushvalue(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

static int next_pair(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    unwrap(L);
    if (lua_next(L, 1)) return 2;
    lua_pushnil(L);
    return 1;
}

static const luaL_Reg functions[] = {
    {"rawget", raw_get},     {"rawset", raw_set}, {"getmetatable", get_metatable},
    {"setmetatable", set_metatable}, {"next", next_pair}, {NULL, NULL},
};

/// `_G.name`: nil where nobody has defined it, unless the script has given its globals an `__index` of its
/// own.
static int view_get(lua_State *L) {
    lua_settop(L, 2);
    xlua_globals(L);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, 3) != LUA_TNIL) return 1;
    lua_pop(L, 1);
    if (luaL_getmetafield(L, 3, "__index") == LUA_TNIL) lua_pushnil(L);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &handler_key);
    bool is_own = lua_rawequal(L, -1, -2);
    lua_settop(L, 3);
    lua_pushvalue(L, 2);
    if (is_own) lua_pushnil(L);
    else lua_gettable(L, 3);
    return 1;
}

static int view_pairs(lua_State *L) {
    lua_pushcfunction(L, next_pair);
    xlua_globals(L);
    lua_pushnil(L);
    return 3;
}

void xlua_make_strict(lua_State *L, int function) {
    xlua_globals(L);

    lua_createtable(L, 0, 4);
    lua_pushcfunction(L, view_get);
    lua_setfield(L, -2, "__index");
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, "__newindex");
    lua_pushcfunction(L, view_pairs);
    lua_setfield(L, -2, "__pairs");
    lua_createtable(L, 0, 0);
    lua_insert(L, -2);
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &view_key);

    // Of the globals, and of what `require "_G"` gives.
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, LUA_GNAME);
    lua_pop(L, 1);
    lua_setfield(L, -2, LUA_GNAME);
    luaL_setfuncs(L, functions, 0);

    lua_createtable(L, 0, 1);
    xlua_push_function(L, function);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &handler_key);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

bool xlua_caller(lua_State *L, char *source, size_t capacity) {
    lua_Debug record;
    if (!lua_getstack(L, 1, &record) || !lua_getinfo(L, "Sl", &record) || record.currentline <= 0) return false;
    xlua_copy_source(record.source, source, capacity);
    return true;
}

/// Marks a name in the table on top.
static void mark(lua_State *L, const char *name) {
    // `(temporary)` and its like are no names.
    if (!name || *name == '(' || !*name) return;
    lua_pushboolean(L, true);
    lua_setfield(L, -2, name);
}

void xlua_visible_names(lua_State *L) {
    lua_Debug record;
    lua_createtable(L, 0, 16);
    if (!lua_getstack(L, 1, &record)) return;
    const char *name;
    for (int index = 1; (name = lua_getlocal(L, &record, index)); index++) {
        lua_pop(L, 1);
        mark(L, name);
    }
    if (!lua_getinfo(L, "f", &record)) return;
    for (int index = 1; (name = lua_getupvalue(L, -1, index)); index++) {
        lua_pop(L, 1);
        lua_insert(L, -2);
        if (strcmp(name, "_ENV") != 0) mark(L, name);
        lua_insert(L, -2);
    }
    lua_pop(L, 1);
}
