#include "state.h"

// The compiler embeds the files themselves; it is ahead of the C standard that the package asks for.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const char module[] = {
#embed "../LuaBridge/Lua/xpm.lua"
};

static const char sweeps[] = {
#embed "../LuaBridge/Lua/sweeps.lua"
};

static const char annotations[] = {
#embed "../LuaBridge/Lua/xpm.meta.lua"
};

static const char python_worker[] = {
#embed "../LuaBridge/Worker/xpm_worker.py"
};

static const char python_task[] = {
#embed "../LuaBridge/Worker/xpm_python.py"
};

static const char describer[] = {
#embed "../LuaBridge/Worker/xpm_describe.py"
};

static const char r_worker[] = {
#embed "../LuaBridge/Worker/xpm_worker.R"
};

const char *xlua_embedded(size_t *count) {
    *count = sizeof module;
    return module;
}

const char *xlua_embedded_sweeps(size_t *count) {
    *count = sizeof sweeps;
    return sweeps;
}

const char *xlua_annotations(size_t *count) {
    *count = sizeof annotations;
    return annotations;
}

const char *xlua_python_worker(size_t *count) {
    *count = sizeof python_worker;
    return python_worker;
}

const char *xlua_python_task(size_t *count) {
    *count = sizeof python_task;
    return python_task;
}

const char *xlua_r_worker(size_t *count) {
    *count = sizeof r_worker;
    return r_worker;
}

const char *xlua_describer(size_t *count) {
    *count = sizeof describer;
    return describer;
}
