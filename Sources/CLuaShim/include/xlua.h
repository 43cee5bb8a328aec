/// Lua, as Swift may see it. This header does not include lua.h, and nothing declared here can raise a Lua
/// error across the caller's frame: what can run Lua code goes through `xlua_call`, and a host function
/// reports its failure by returning `XLUA_RAISE`, so that `lua_error` (a longjmp) is only ever called when no
/// Swift frame is below. Under a frame of the host the allocator ends the program when memory is exhausted,
/// so calls that "raise only on memory" never raise there; in Lua code it is an ordinary error.
///
/// Stack effects are written as in the Lua manual: /* [-popped, +pushed, raises] */
#ifndef XLUA_H
#define XLUA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

typedef struct lua_State lua_State;

/// The kinds of Lua values.
enum xlua_kind {
    XLUA_NONE, XLUA_NIL, XLUA_BOOLEAN, XLUA_INTEGER, XLUA_FLOAT, XLUA_STRING, XLUA_TABLE, XLUA_FUNCTION, XLUA_OBJECT,
    XLUA_OTHER
};

/// A host function returns the number of its results on the stack, or this with the error value on top.
#define XLUA_RAISE (-1)

/// Called for every host function, `function` being the number it was pushed with.
typedef int (*xlua_host)(void *_Nullable context, lua_State *state, int function);
/// Called once for each object that Lua has collected. Must not touch the state.
typedef void (*xlua_release)(void *object);

// MARK: The state

/// A flag that another thread may set to interrupt a running script.
typedef struct xlua_flag xlua_flag;
xlua_flag *xlua_flag_new(void);
void xlua_flag_free(xlua_flag *flag);
void xlua_flag_raise(xlua_flag *flag);
void xlua_flag_lower(xlua_flag *flag);
bool xlua_flag_is_raised(xlua_flag *flag);

/// A new state with the standard libraries.
lua_State *xlua_new(void *_Nullable context, xlua_host host, xlua_release release, xlua_flag *flag);
/// Closes the state; every object is released.
void xlua_close(lua_State *state);
/// Gives the state another context.
void xlua_set_context(lua_State *state, void *_Nullable context);

// MARK: The stack

int xlua_top(lua_State *state);                       /* [-0, +0, -] */
int xlua_absolute(lua_State *state, int index);       /* [-0, +0, -] */
void xlua_pop(lua_State *state, int count);           /* [-n, +0, -] */
void xlua_copy(lua_State *state, int index);          /* [-0, +1, -] */
void xlua_insert(lua_State *state, int index);        /* [-1, +1, -] */
void xlua_replace(lua_State *state, int index);       /* [-1, +0, -] */
/// Makes room for `count` more values; false if there is none.
bool xlua_reserve(lua_State *state, int count);       /* [-0, +0, -] */
enum xlua_kind xlua_type(lua_State *state, int index);/* [-0, +0, -] */
/// What Lua's `type` says.
const char *xlua_type_name(lua_State *state, int index); /* [-0, +0, -] */

void xlua_push_nil(lua_State *state);                                          /* [-0, +1, -] */
void xlua_push_boolean(lua_State *state, bool value);                          /* [-0, +1, -] */
void xlua_push_integer(lua_State *state, int64_t value);                       /* [-0, +1, -] */
void xlua_push_number(lua_State *state, double value);                         /* [-0, +1, -] */
void xlua_push_string(lua_State *state, const char *bytes, size_t count);      /* [-0, +1, m] */
void xlua_push_function(lua_State *state, int function);                       /* [-0, +1, m] */
void xlua_push_table(lua_State *state, int sequence, int fields);              /* [-0, +1, m] */
/// An object of the host: a userdata whose class is `kind`. Released when collected.
void xlua_push_object(lua_State *state, int kind, void *object);               /* [-0, +1, m] */
/// The value attached to an object of the host, at first nil.
void xlua_get_attached(lua_State *state, int index);                           /* [-0, +1, -] */
void xlua_set_attached(lua_State *state, int index);                           /* [-1, +0, -] */
/// The metatable of a class of objects, made at the first call.
void xlua_push_class(lua_State *state, int kind);                              /* [-0, +1, m] */

bool xlua_boolean(lua_State *state, int index);                                /* [-0, +0, -] */
int64_t xlua_integer(lua_State *state, int index);                             /* [-0, +0, -] */
double xlua_number(lua_State *state, int index);                               /* [-0, +0, -] */
/// The bytes of a string (not converted from a number); null for another kind. They live as long as the
/// value.
const char *_Nullable xlua_string(lua_State *state, int index, size_t *count); /* [-0, +0, -] */
/// The host's object of that class, or null.
void *_Nullable xlua_object(lua_State *state, int index, int kind);            /* [-0, +0, -] */

// MARK: Tables, without metamethods

size_t xlua_count(lua_State *state, int index);                                /* [-0, +0, -] */
void xlua_get(lua_State *state, int index);                                    /* [-1, +1, -] */
void xlua_set(lua_State *state, int index);                                    /* [-2, +0, m] */
void xlua_get_at(lua_State *state, int index, int64_t position);               /* [-0, +1, -] */
void xlua_set_at(lua_State *state, int index, int64_t position);               /* [-1, +0, m] */
void xlua_get_pointer(lua_State *state, int index, const void *key);           /* [-0, +1, -] */
void xlua_set_pointer(lua_State *state, int index, const void *key);           /* [-1, +0, m] */
/// The pair after the key on top. The table must not have been changed since the last call, nor the key.
bool xlua_next(lua_State *state, int index);                                   /* [-1, +(2|0), -] */
/// Pushes the metatable, if there is one.
bool xlua_get_metatable(lua_State *state, int index);                          /* [-0, +(0|1), -] */
void xlua_set_metatable(lua_State *state, int index);                          /* [-1, +0, -] */
void xlua_globals(lua_State *state);                                           /* [-0, +1, -] */
/// Keeps the value on top alive and gives it a number; `xlua_fetch` pushes it, `xlua_drop` forgets it.
int xlua_keep(lua_State *state);                                               /* [-1, +0, m] */
void xlua_fetch(lua_State *state, int reference);                              /* [-0, +1, -] */
/// Pushes a field of a table that is kept, unless it is nil.
bool xlua_fetch_field(lua_State *state, int reference, const char *name, size_t count);
void xlua_drop(lua_State *state, int reference);                               /* [-0, +0, -] */

// MARK: Running Lua

/// Compiles text (never byte code). False: the message is on the stack instead of the function.
bool xlua_load(lua_State *state, const char *bytes, size_t count, const char *name); /* [-0, +1, -] */
/// Calls a function with its arguments. False: the error value and, above it, the traceback (a string of Lua
/// frames only, or nil) are on the stack instead of the results. `results` of -1 means all.
bool xlua_call(lua_State *state, int arguments, int results);                  /* [-(n+1), +(results|2), -] */
/// `tostring(value)`, with metamethods; false leaves an error value.
bool xlua_describe(lua_State *state, int index);                               /* [-0, +1, -] */

/// Where the user's code is: the source name and line of the innermost Lua frame whose source is not xpm's
/// own. False if there is none.
bool xlua_where(lua_State *state, char *source, size_t capacity, int *line);   /* [-0, +0, m] */
/// The same place without a copy: an address that stands for the source as long as its functions live.
const void *_Nullable xlua_line(lua_State *state, int *line);                  /* [-0, +0, m] */
/// Whether a function of the module was called in place of the user's own frame: `return xpm.task { … }`.
bool xlua_replaced_caller(lua_State *state);   /* [-0, +0, m] */
/// Source name and line of the definition of the Lua function at `index`; false for a C function.
bool xlua_definition(lua_State *state, int index, char *source, size_t capacity, int *line); /* [-0, +0, m] */

// MARK: Strict globals

/// Has a function of the host called, as an `__index`, with the table of globals and a name that nobody has
/// defined. `_G` becomes a view in which such a name is nil.
void xlua_make_strict(lua_State *state, int function);                         /* [-0, +0, m] */
/// The source name of the Lua function that called the host's one; false if none did.
bool xlua_caller(lua_State *state, char *source, size_t capacity);             /* [-0, +0, -] */
/// Pushes a table whose keys are the local names that this function sees.
void xlua_visible_names(lua_State *state);                                     /* [-0, +1, m] */

/// The source of the module `xpm`, embedded.
const char *xlua_embedded(size_t *count);
/// The source of its sweeps, embedded.
const char *xlua_embedded_sweeps(size_t *count);
/// The annotations of the module for editors, embedded.
const char *xlua_annotations(size_t *count);
/// The Python and R sides of warm workers, embedded.
const char *xlua_python_worker(size_t *count);
const char *xlua_r_worker(size_t *count);
/// What runs a Python class of experimaestro, embedded.
const char *xlua_python_task(size_t *count);
/// What lets a Python program tell its options, embedded.
const char *xlua_describer(size_t *count);

#pragma clang assume_nonnull end
#endif
