#include <string.h>

#include "state.h"

int xlua_top(lua_State *L) { return lua_gettop(L); }
int xlua_absolute(lua_State *L, int index) { return lua_absindex(L, index); }
void xlua_pop(lua_State *L, int count) { lua_pop(L, count); }
void xlua_copy(lua_State *L, int index) { lua_pushvalue(L, index); }
void xlua_insert(lua_State *L, int index) { lua_insert(L, index); }
void xlua_replace(lua_State *L, int index) { lua_replace(L, index); }
bool xlua_reserve(lua_State *L, int count) { return lua_checkstack(L, count); }

enum xlua_kind xlua_type(lua_State *L, int index) {
    switch (lua_type(L, index)) {
        case LUA_TNONE: return XLUA_NONE;
        case LUA_TNIL: return XLUA_NIL;
        case LUA_TBOOLEAN: return XLUA_BOOLEAN;
        case LUA_TNUMBER: return lua_isinteger(L, index) ? XLUA_INTEGER : XLUA_FLOAT;
        case LUA_TSTRING: return XLUA_STRING;
        case LUA_TTABLE: return XLUA_TABLE;
        case LUA_TFUNCTION: return XLUA_FUNCTION;
        case LUA_TUSERDATA: return XLUA_OBJECT;
        default: return XLUA_OTHER;
    }
}

const char *xlua_type_name(lua_State *L, int index) { return luaL_typename(L, index); }

void xlua_push_nil(lua_State *L) { lua_pushnil(L); }
void xlua_push_boolean(lua_State *L, bool value) { lua_pushboolean(L, value); }
void xlua_push_integer(lua_State *L, int64_t value) { lua_pushinteger(L, value); }
void xlua_push_number(lua_State *L, double value) { lua_pushnumber(L, value); }
void xlua_push_string(lua_State *L, const char *bytes, size_t count) { lua_pushlstring(L, bytes, count); }
void xlua_push_table(lua_State *L, int sequence, int fields) { lua_createtable(L, sequence, fields); }

bool xlua_boolean(lua_State *L, int index) { return lua_toboolean(L, index); }
int64_t xlua_integer(lua_State *L, int index) { return lua_tointeger(L, index); }
double xlua_number(lua_State *L, int index) { return lua_tonumber(L, index); }

const char *xlua_string(lua_State *L, int index, size_t *count) {
    *count = 0;
    return lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, count) : NULL;
}


size_t xlua_count(lua_State *L, int index) { return lua_rawlen(L, index); }

// Scripts may put anything where a table was: what is no table has no fields.
void xlua_get(lua_State *L, int index) {
    if (lua_istable(L, index)) {
        lua_rawget(L, index);
    } else {
        lua_pop(L, 1);
        lua_pushnil(L);
    }
}

void xlua_set(lua_State *L, int index) {
    // A key that is nil or NaN would raise.
    bool is_key = !lua_isnil(L, -2) && (lua_type(L, -2) != LUA_TNUMBER || lua_tonumber(L, -2) == lua_tonumber(L, -2));
    if (lua_istable(L, index) && is_key) lua_rawset(L, index);
    else lua_pop(L, 2);
}

void xlua_get_at(lua_State *L, int index, int64_t position) {
    if (lua_istable(L, index)) lua_rawgeti(L, index, position);
    else lua_pushnil(L);
}

void xlua_set_at(lua_State *L, int index, int64_t position) {
    if (lua_istable(L, index)) lua_rawseti(L, index, position);
    else lua_pop(L, 1);
}

void xlua_get_pointer(lua_State *L, int index, const void *key) { lua_rawgetp(L, index, key); }
void xlua_set_pointer(lua_State *L, int index, const void *key) { lua_rawsetp(L, index, key); }
bool xlua_next(lua_State *L, int index) { return lua_next(L, index); }
bool xlua_get_metatable(lua_State *L, int index) { return lua_getmetatable(L, index); }
void xlua_set_metatable(lua_State *L, int index) { lua_setmetatable(L, index); }
void xlua_globals(lua_State *L) { lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS); }
int xlua_keep(lua_State *L) { return luaL_ref(L, LUA_REGISTRYINDEX); }
void xlua_fetch(lua_State *L, int reference) { lua_rawgeti(L, LUA_REGISTRYINDEX, reference); }
bool xlua_fetch_field(lua_State *L, int reference, const char *name, size_t count) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, reference);
    lua_pushlstring(L, name, count);
    lua_rawget(L, -2);
    lua_remove(L, -2);
    if (!lua_isnil(L, -1)) return true;
    lua_pop(L, 1);
    return false;
}
void xlua_drop(lua_State *L, int reference) { luaL_unref(L, LUA_REGISTRYINDEX, reference); }
