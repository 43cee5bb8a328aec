-- The Lua part of the module `xpm`. Run once in each state, with the table of the host's functions; what the
-- host needs from here (`resolve`, `start`) is put into that table.
local host = ...

-- The script may change its globals; this module keeps its own.
local getmetatable, ipairs, pairs, rawget, setmetatable, tostring, type =
  getmetatable, ipairs, pairs, rawget, setmetatable, tostring, type
local string, table, globals = string, table, _G

--- Raises an error at the user's line.
local function fail(message, ...)
  host.fail(string.format(message, ...))
end

-- Parameter types -------------------------------------------------------------------------------------------

local M = {
  int = host.scalar "int",
  float = host.scalar "float",
  bool = host.scalar "bool",
  string = host.scalar "string",
  any = host.scalar "any",
  path = host.scalar "path",
  data_path = host.scalar "data_path",
  file = host.scalar "file",
  list = host.list,
  sweep = host.sweep,
  set = host.set,
  map = host.map,
  optional = host.optional,
  union = host.union,
  enum = host.enum,
  constant = host.constant,
  ref = host.ref,
  job_path = host.job_path,
  partial = host.partial,
  renamed = host.renamed,
}

-- Config types ----------------------------------------------------------------------------------------------

for _, word in ipairs {
  "config", "instance_config", "task", "resumable_task", "lightweight_task", "prepare", "action", "deprecate",
} do
  M[word] = function(definition)
    -- No tail call: `host.define` looks whether the frame below this one is gone.
    local type = host.define(word, definition)
    return type
  end
end

-- Objects ---------------------------------------------------------------------------------------------------

-- In a pattern of results: a number as programs print it.
M.number = "{number}"
M.tag = host.tag
M.tagspath = host.tagspath
M.stop_tags = host.stop_tags
M.setmeta = host.setmeta
M.save = host.save
M.load = host.load
M.job = host.job
M.glob = host.glob
M.csv = host.csv
M.json = host.json
M.graceful_timeout = host.graceful_timeout

-- Read-only tables ------------------------------------------------------------------------------------------

--- A view of a table that cannot be written. With `strict`, an unknown name is an error that suggests a known
--- one. `defaults` are there where the table has nothing, and are not among its pairs.
local function readonly(target, name, strict, defaults)
  if type(target) ~= "table" then
    return target
  end
  local views = {}
  local function view(key)
    local value = target[key]
    if type(value) ~= "table" then
      return value
    end
    if not views[key] then
      local path = type(key) == "number" and ("%s[%d]"):format(name, key) or ("%s.%s"):format(name, key)
      views[key] = readonly(value, path, strict)
    end
    return views[key]
  end
  local is_list = #target > 0
  return setmetatable({}, {
    __xpm_target = target,
    __index = function(_, key)
      local value = view(key)
      if value == nil and defaults and defaults[key] ~= nil then
        return defaults[key]
      end
      if value == nil and not is_list and type(key) == "string" then
        if not strict then
          host.missed(name, key, target)
        elseif not strict[name .. "." .. key] then
          host.unknown(name, key, target)
        end
      end
      return value
    end,
    __newindex = function(_, key)
      fail("%s is read-only: '%s' cannot be set", name, tostring(key))
    end,
    __len = function()
      return #target
    end,
    __pairs = function()
      local keys = {}
      for key in pairs(target) do
        keys[#keys + 1] = key
      end
      table.sort(keys, function(a, b)
        return tostring(a) < tostring(b)
      end)
      local position = 0
      if is_list then
        return function()
          position = position + 1
          if target[position] ~= nil then
            return position, view(position)
          end
        end
      end
      return function()
        position = position + 1
        local key = keys[position]
        if key ~= nil then
          return key, view(key)
        end
      end
    end,
  })
end

-- What a configuration without them has.
local titles = { title = "", subtitle = "", description = "", paper = "" }

-- The experiment --------------------------------------------------------------------------------------------

local xp_fields = {
  workdir = host.workdir, results_path = host.results_path, name = host.experiment_name, run_id = host.run_id,
  jobs = host.submitted_jobs, tags = host.submitted_tags, status = host.run_status,
}

local xp_methods = {
  wait = function()
    return host.wait()
  end,
  stop = function()
    host.stop()
  end,
  setenv = function(_, name, value, override)
    host.setenv(name, value, override)
  end,
  token = function(_, name, count, options)
    host.token(name, count, options)
  end,
  results = function(_, request)
    return host.results(request)
  end,
  add_service = function(_, service)
    return host.add_service(service)
  end,
  add_listener = function(_, listener)
    host.add_listener(listener)
  end,
  remove_listener = function(_, listener)
    host.remove_listener(listener)
  end,
  add_action = function(_, action, name)
    host.add_action(action, name)
  end,
  save = function(_, object, name)
    host.xp_save(object, name)
  end,
  load = function(_, experiment, name)
    return host.xp_load(experiment, name)
  end,
}

-- All names of the experiment, for what is said of others.
local xp_names = {}
for _, names in ipairs { xp_fields, xp_methods } do
  for name in pairs(names) do
    xp_names[name] = true
  end
end

local xp = setmetatable({}, {
  __name = "experiment",
  __xpm_names = xp_names,
  __index = function(_, key)
    if xp_methods[key] then
      return xp_methods[key]
    end
    if xp_fields[key] then
      return xp_fields[key]()
    end
    host.unknown("xp", key, xp_names)
  end,
  __newindex = function()
    fail("the experiment cannot be changed")
  end,
})

-- Helpers ---------------------------------------------------------------------------------------------------

local Experiment = {}
local Helper = {}
Helper.__index = Helper

local experiment_keys = { run = true, configuration = true, sources = true, once = true }

--- Marks what a script returns: `{ configuration = schema, run = function(helper, cfg) … end }`, or the
--- function alone.
local function experiment_of(class, definition)
  if type(definition) == "function" then
    definition = { run = definition }
  end
  if type(definition) ~= "table" then
    fail("xpm.experiment needs a table with run, or a function")
  end
  for key in pairs(definition) do
    if not experiment_keys[key] then
      host.unknown("xpm.experiment", key, experiment_keys)
    end
  end
  if type(definition.run) ~= "function" then
    fail("xpm.experiment: run needs a function")
  end
  if definition.configuration ~= nil and type(definition.configuration) ~= "userdata" then
    fail("xpm.experiment: configuration needs what xpm.configuration gives")
  end
  if definition.once ~= nil and type(definition.once) ~= "boolean" then
    fail("xpm.experiment: once needs true or false")
  end
  return setmetatable({
    run = definition.run,
    configuration = definition.configuration,
    once = definition.once,
    class = class,
  }, Experiment)
end

function M.experiment(definition)
  return experiment_of(Helper, definition)
end

--- Derives a class of helpers: what its table holds, every helper of an experiment made by it has.
function Helper:derive(fields)
  local class = setmetatable(fields or {}, self)
  class.__index = class
  return class
end

--- The configurations of a sweep, one after the other; without a sweep the only one. For an experiment with
--- `once = true`.
function Helper:configurations()
  local position = 0
  return function()
    position = position + 1
    local configuration = host.configuration_at(position)
    return configuration and host.view(configuration)
  end
end

function Helper:experiment(definition)
  return experiment_of(self, definition)
end

function M.helper(fields)
  if type(fields) ~= "table" and fields ~= nil then
    fail("xpm.helper needs a table")
  end
  return Helper:derive(fields)
end

function M.configuration(schema)
  return host.record(schema)
end

-- Services --------------------------------------------------------------------------------------------------

function M.service(definition)
  local service = host.service(false, definition)
  return service
end

function M.web_service(definition)
  local service = host.service(true, definition)
  return service
end

M.service_listener = host.service_listener

--- A copy of a table with defaults for what is not in it.
local function with_defaults(options, defaults, word)
  if options ~= nil and type(options) ~= "table" then
    fail("xpm.services.%s needs a table", word)
  end
  local all = {}
  for key, value in pairs(defaults) do
    all[key] = value
  end
  for key, value in pairs(options or {}) do
    all[key] = value
  end
  return all
end

M.services = setmetatable({
  --- TensorBoard on what `service:add(task, path)` links.
  tensorboard = function(options)
    return host.service(true, with_defaults(options, {
      id = "tensorboard",
      description = "TensorBoard",
      command = { "tensorboard", "--logdir", "{dir}", "--host", "127.0.0.1", "--port", "{port}" },
      ready = { http = "/" },
      timeout = "60s",
    }, "tensorboard"))
  end,
  --- The run's folder in a browser.
  files = function(options)
    return host.service(true, with_defaults(options, {
      id = "files",
      description = "The files of the run",
      command = { "python3", "-m", "http.server", "--bind", "127.0.0.1", "--directory", "{run}", "{port}" },
      ready = { http = "/" },
    }, "files"))
  end,
  --- A program that has nothing to show.
  command = function(options)
    return host.service(false, with_defaults(options, {}, "command"))
  end,
}, {
  __index = function(_, key)
    host.unknown("xpm.services", key, { tensorboard = true, files = true, command = true })
  end,
})

-- Of `launchers.lua`, where the host puts the real one.
M.launchers = setmetatable({}, {
  __index = function(_, key)
    fail("xpm.launchers.%s belongs into launchers.lua; a script names a launcher: submit { launcher = \"…\" }", key)
  end,
})

-- Sweeps: a file of their own, which is read when the first of its functions is called.
local sweeps

for _, name in ipairs {
  "chain", "geomspace", "given", "gp", "grid", "integers", "latin", "linspace", "logspace",
  "loguniform", "random", "range", "sample", "search", "sobol", "tpe", "uniform", "where", "zip",
} do
  M[name] = function(...)
    sweeps = sweeps or host.sweeps()(host, fail)
    return sweeps[name](...)
  end
end

-- What the host calls ---------------------------------------------------------------------------------------

--- What the script returned, or the global `run`, as an experiment.
function host.resolve(result)
  if getmetatable(result) == Experiment then
    return result
  end
  local run = rawget(globals, "run")
  if getmetatable(run) == Experiment then
    return run
  end
  if type(run) == "function" then
    return experiment_of(Helper, run)
  end
  if type(result) == "function" then
    return experiment_of(Helper, result)
  end
  host.no_run(result)
end

--- What an action asks with.
local Ask = {}
Ask.__index = Ask

--- A text. `options.default` is the answer of somebody who says nothing.
function Ask:text(key, label, options)
  return host.answer("text", key, label, options and options.default)
end

--- One of some texts.
function Ask:choice(key, label, choices, options)
  return host.answer("choice", key, label, options and options.default, choices)
end

--- Yes or no, as a boolean.
function Ask:checkbox(key, label, options)
  return host.answer("checkbox", key, label, options and options.default or false)
end

function host.make_ask()
  return setmetatable({}, Ask)
end

--- The class of an experiment's helper: who writes `run(cfg)` has that in hand, and asks it for what is in the
--- configuration.
local function helper_class(experiment)
  local class = {}
  for key, value in pairs(experiment.class) do
    class[key] = value
  end
  function class.__index(_, key)
    local value = experiment.class[key]
    if value == nil and type(key) == "string" and rawget(experiment.given, key) ~= nil then
      fail("helper has no '%s', and cfg has: it is the second argument of run(helper, cfg)", key)
    end
    return value
  end
  return class
end

--- Calls the experiment's `run`.
function host.start(experiment, configuration, has_schema, run_mode, arguments)
  if has_schema and not experiment.optional_keys then
    experiment.optional_keys = host.optional_keys(experiment.configuration)
  end
  function host.view(values)
    return readonly(values, "cfg", experiment.optional_keys, titles)
  end
  local cfg = host.view(configuration)
  experiment.given = configuration
  experiment.helper_class = experiment.helper_class or helper_class(experiment)
  local fields = { xp = xp, args = arguments, run_mode = run_mode, configuration = cfg }
  local helper = setmetatable(fields, experiment.helper_class)
  experiment.run(helper, cfg)
end

return setmetatable(M, {
  __index = function(_, key)
    host.unknown("xpm", key, M)
  end,
})
