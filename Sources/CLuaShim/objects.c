#include "state.h"

/// Registry keys of the metatables: one address a class.
static char class_keys[16];

/// The object at an index, whatever its metatable is; NULL for a userdata of somebody else.
static struct object *own(lua_State *L, int index) {
    if (lua_type(L, index) != LUA_TUSERDATA || lua_rawlen(L, index) != sizeof(struct object)) return NULL;
    struct object *object = lua_touserdata(L, index);
    return object->self == object ? object : NULL;
}

static int collect(lua_State *L) {
    struct object *object = own(L, 1);
    if (object && object->pointer) {
        void *pointer = object->pointer;
        object->pointer = NULL;
        xlua_host_of(L)->release(pointer);
    }
    return 0;
}

void xlua_push_class(lua_State *L, int kind) {
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &class_keys[kind]) == LUA_TTABLE) return;
    lua_pop(L, 1);
    lua_createtable(L, 0, 8);
    lua_pushcfunction(L, collect);
    lua_setfield(L, -2, "__gc");
    // Scripts can neither read nor change the metatable, so a userdata of ours is always what it says.
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &class_keys[kind]);
}

void xlua_push_object(lua_State *L, int kind, void *pointer) {
    struct object *object = lua_newuserdatauv(L, sizeof *object, 1);
    object->self = object;
    object->pointer = NULL;
    object->kind = kind;
    xlua_push_class(L, kind);
    lua_setmetatable(L, -2);
    object->pointer = pointer;
}

void xlua_get_attached(lua_State *L, int index) { lua_getiuservalue(L, index, 1); }
void xlua_set_attached(lua_State *L, int index) { lua_setiuservalue(L, index, 1); }

void *xlua_object(lua_State *L, int index, int kind) {
    if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index)) return NULL;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &class_keys[kind]);
    int same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    struct object *object = same ? own(L, index) : NULL;
    return object && object->kind == kind ? object->pointer : NULL;
}

/// The one way from Lua into the host. When the host's frames are gone, and only then, its error is raised.
static int trampoline(lua_State *L) {
    struct host *host = xlua_host_of(L);
    bool may_raise = host->may_raise;
    host->may_raise = false;
    int results = host->call(host->context, L, (int)lua_tointeger(L, lua_upvalueindex(1)));
    host->may_raise = may_raise;
    return results == XLUA_RAISE ? lua_error(L) : results;
}

void xlua_push_function(lua_State *L, int function) {
    lua_pushinteger(L, function);
    lua_pushcclosure(L, trampoline, 1);
}
