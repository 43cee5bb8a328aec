#include "state.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct xlua_flag {
    atomic_bool raised;
};

xlua_flag *xlua_flag_new(void) {
    xlua_flag *flag = calloc(1, sizeof *flag);
    if (!flag) abort();
    return flag;
}

void xlua_flag_free(xlua_flag *flag) { free(flag); }
void xlua_flag_raise(xlua_flag *flag) { atomic_store(&flag->raised, true); }
void xlua_flag_lower(xlua_flag *flag) { atomic_store(&flag->raised, false); }
bool xlua_flag_is_raised(xlua_flag *flag) { return atomic_load(&flag->raised); }

/// The allocator of every state. A request that cannot be met is an error of the script where one may be
/// raised; under a frame of the host it ends the program, so that no call of the host can raise for want of
/// memory.
static void *allocate(void *context, void *block, size_t before, size_t after) {
    struct host *host = context;
    (void)before;
    if (after == 0) {
        free(block);
        return NULL;
    }
    void *result = realloc(block, after);
    if (!result && !host->may_raise) {
        fputs("xpm: out of memory\n", stderr);
        abort();
    }
    return result;
}

/// Runs every thousand instructions, in C only.
static void check_interrupt(lua_State *L, lua_Debug *record) {
    (void)record;
    if (!atomic_load_explicit(&xlua_host_of(L)->flag->raised, memory_order_relaxed)) return;
    // From now on at every instruction: a loop that catches errors does not get as far as to its next round.
    lua_sethook(L, check_interrupt, LUA_MASKCOUNT, 1);
    char source[256];
    int line = 0;
    if (xlua_where(L, source, sizeof source, &line)) lua_pushfstring(L, "%s:%d: interrupted", source, line);
    else lua_pushliteral(L, "interrupted");
    lua_error(L);
}

static int open_libraries(lua_State *L) {
    luaL_openlibs(L);
    return 0;
}

lua_State *xlua_new(void *context, xlua_host call, xlua_release release, xlua_flag *flag) {
    struct host *host = calloc(1, sizeof *host);
    if (!host) abort();
    *host = (struct host){context, call, release, flag, false};
    lua_State *L = lua_newstate(allocate, host);
    if (!L) abort();
    // Coroutines copy this pointer from the main thread.
    *(struct host **)lua_getextraspace(L) = host;
    lua_pushcfunction(L, open_libraries);
    if (lua_pcall(L, 0, 0, 0) != LUA_OK) abort();
    lua_sethook(L, check_interrupt, LUA_MASKCOUNT, 1000);
    return L;
}

/// The host while the state closes: finalizers of the script's may still call, but the host is going.
static int refuse(void *context, lua_State *L, int function) {
    (void)context, (void)function;
    lua_pushliteral(L, "the interpreter is closing");
    return XLUA_RAISE;
}

void xlua_close(lua_State *L) {
    struct host *host = xlua_host_of(L);
    host->call = refuse;
    lua_close(L);
    free(host);
}

void xlua_set_context(lua_State *L, void *context) { xlua_host_of(L)->context = context; }
