---@meta xpm

-- What `require "xpm"` gives, for editors (LuaCATS). `xpm annotations` writes this file; a test compares it
-- with the module.

---@class xpm
local xpm = {}

-- Parameter types -------------------------------------------------------------------------------------------

--- A parameter type. Called with a table it gives the same type with attributes:
--- `xpm.int { default = 1, min = 0 }`.
---@class xpm.Type
---@overload fun(attributes: xpm.Attributes): xpm.Type

---@class xpm.Attributes
---@field default? any The value of an object that gives none. A function is called for each object.
---@field ignore_default? boolean Leave it out of the identity while it has its default value: results from before the parameter existed stay valid.
---@field help? string Shown by `xpm describe`.
---@field meta? boolean Leave it out of the identity.
---@field override? boolean It is meant to stand for a parameter of the base type.
---@field groups? string|string[] The groups that `xpm.partial` names.
---@field min? number The least number.
---@field max? number The greatest number.
---@field choices? any[] The values allowed.
---@field pattern? string A Lua pattern that the string matches.

--- What can stand for a type: `xpm.int`, or a config type.
---@alias xpm.AnyType xpm.Type|xpm.ConfigType

---@type xpm.Type A whole number; takes `3.0` too.
xpm.int = nil
---@type xpm.Type A number; takes `1` too.
xpm.float = nil
---@type xpm.Type
xpm.bool = nil
---@type xpm.Type
xpm.string = nil
---@type xpm.Type Any value: a scalar, a list, a map, an object.
xpm.any = nil
---@type xpm.Type A path given by the user, relative to the script. Not in the identity.
xpm.path = nil
---@type xpm.Type A file whose content is in the identity.
xpm.file = nil
---@type xpm.Type A file or folder that `xpm.save` copies along. Not in the identity.
xpm.data_path = nil

---@param element xpm.AnyType
---@return xpm.Type
function xpm.list(element) end

---@param element xpm.AnyType
---@return xpm.Type
function xpm.set(element) end

---@param key xpm.AnyType
---@param value xpm.AnyType
---@return xpm.Type
function xpm.map(key, value) end

--- A value or nil.
---@param type xpm.AnyType
---@return xpm.Type
function xpm.optional(type) end

--- The first of the types that takes the value.
---@param ... xpm.AnyType
---@return xpm.Type
function xpm.union(...) end

--- In a configuration: a value that may be several, one after the other; the file gives a list or a range of
--- them.
---@param type xpm.AnyType
---@return xpm.Type
function xpm.sweep(type) end

--- One of some names: `xpm.enum { "dev", "test", default = "test" }`. With `id = "package.module:Class"` it
--- is a Python enum.
---@param names table
---@return xpm.Type
function xpm.enum(names) end

--- A value that is part of the identity and that no object changes: change it when the behaviour changes.
---@param value string|number|boolean
---@return xpm.Type
function xpm.constant(value) end

--- A config type that is defined later, by its id; or a config type that is to have attributes:
--- `xpm.ref(Model) { meta = true }`.
---@param type string|xpm.ConfigType
---@return xpm.Type
function xpm.ref(type) end

--- A path made inside the job's folder; with `partial`, in a folder that jobs share. Of a `temporary` one the
--- content may go when all that needs it is done (`xpm gc`); it is made again when something new needs it.
---@param name string|{ [1]: string, partial?: xpm.Partial, temporary?: boolean, help?: string, groups?: string[] }
---@return xpm.Type
function xpm.job_path(name) end

--- Which parameters make the identity of a shared folder.
---@class xpm.Partial

---@param options { name?: string, exclude_groups?: string[], include_groups?: string[], exclude_all?: boolean, exclude_no_group?: boolean }
---@return xpm.Partial
function xpm.partial(options) end

--- In `params`: a former name of a parameter, or what a value of it means now.
---@param way string|fun(self: xpm.Object, value: any)
---@return xpm.Type
function xpm.renamed(way) end

-- Config types ----------------------------------------------------------------------------------------------

--- A type. Called with a table of parameters it makes an object.
---@class xpm.ConfigType
---@field id string
---@field help? string
---@overload fun(parameters?: table): xpm.Object

---@class xpm.Definition
---@field id? string The type's name in identities and folders. May be left out where `python` is given.
---@field params? table<string, xpm.AnyType> The parameters.
---@field extends? xpm.ConfigType The type whose parameters and functions it has too.
---@field help? string Shown by `xpm describe`.
---@field python? string `"package.module:Class"`: the objects' class in Python; a task runs it with experimaestro.
---@field validate? fun(self: xpm.Object) Raises an error for values that do not go together. Called at submit.

---@class xpm.Retry
---@field reason? string What the exit code means.
---@field most? integer How often it is tried again; without it `max_retries`, or 5.
---@field delay? number Seconds before the first of these attempts; each further one waits twice as long, up to 5 minutes.

---@class xpm.Arguments
---@field style? "argparse"|"click"|"hydra" Whose conventions: `--lr 0.1 --layers 1 2`, `--lr 0.1 --layers 1 --layers 2`, `lr=0.1 layers=[1,2]`.
---@field skip? string[] Parameters that are not given, with what is in them.
---@field rename? table<string, string> What the program calls them: `{ learning_rate = "lr", ["model.hidden"] = "hidden" }`.
---@field dashes? boolean Whether underscores of names become hyphens: as click does by itself.
---@field no? boolean Whether a boolean that is false is given as `--no-name`.

---@class xpm.TaskDefinition: xpm.Definition
---@field execute? fun(self: xpm.RunningTask) Runs in the job's own process.
---@field command? string|string[]|fun(self: xpm.Object): string|string[] The program: a list is an argument vector, a string goes to `sh -c`; `{name}` is a value.
---@field outputs? fun(self: xpm.Object, dep: fun(object: xpm.Object): xpm.Object): any What `submit` returns; `dep(x)` marks x as made by this task.
---@field worker? string|string[] A program that does many jobs one after the other, instead of a command: `"python3 {here}/worker.py"`.
---@field interpreter? string Which Python runs a task with a class: `".venv/bin/python3"`.
---@field shell? string What runs a command that is a text, with its options: `"bash -euo pipefail"`.
---@field strict? boolean Of a command that is a text: false lets it go on after a command that fails.
---@field args? xpm.Arguments How `{args}` of the command is written.
---@field sources? string[] Files to keep with the run, besides those that the command names.
---@field requires? string What each of its jobs needs: `"duration=2h & cpu(cores=4, mem=8G) & cuda(mem=24G) * 2"`.
---@field results? table<string, string> Patterns of Lua for what its programs print, in which `{number}` is a number: the last match is a result.
---@field wrap? string[]|false Words before its program, such as `{ "apptainer", "exec", "lab.sif" }`, with `{workspace}`, `{folder}` and `{here}` in them.
---@field max_retries? integer How many attempts follow the first, where a failure is worth one: time, memory, a lost process.
---@field retry? table<integer|"failed"|"lost"|"memory"|"timeout", string|integer|xpm.Retry> What is tried again, how often, and what exit codes mean: `{ failed = 2, [29] = "HTTP 429" }`.
---@field is_prepared? fun(self: xpm.Object): boolean Of a step that prepares: whether what it makes is there.
---@field describe? fun(self: xpm.Object): string Of an action: what it does.

---@param definition xpm.Definition
---@return xpm.ConfigType
function xpm.config(definition) end

--- A config of which two equal ones in one object are told apart from one that is there twice.
---@param definition xpm.Definition
---@return xpm.ConfigType
function xpm.instance_config(definition) end

---@param definition xpm.TaskDefinition
---@return xpm.ConfigType
function xpm.task(definition) end

--- A task that keeps its folder and its outputs when it starts again.
---@param definition xpm.TaskDefinition
---@return xpm.ConfigType
function xpm.resumable_task(definition) end

--- Runs in the process of the task that has it in `init_tasks`, before that one.
---@param definition xpm.TaskDefinition
---@return xpm.ConfigType
function xpm.lightweight_task(definition) end

--- Makes something ready, such as a data set: a config that is an ordinary parameter of tasks, and a job that
--- runs once before them.
---@param definition xpm.TaskDefinition
---@return xpm.ConfigType
function xpm.prepare(definition) end

--- Something to do later with what an experiment has made: `execute = function(self, ask) … end`;
--- `xp:add_action` offers it, `xpm actions run` does it.
---@param definition xpm.TaskDefinition
---@return xpm.ConfigType
function xpm.action(definition) end

--- What an action asks with; answers may be given beforehand, by their keys:
--- `xpm actions run NAME ACTION --set key=value`.
---@class xpm.Ask
local Ask = {}

---@param key string
---@param label string
---@param options? { default?: string }
---@return string
function Ask:text(key, label, options) end

---@param key string
---@param label string
---@param choices string[]
---@param options? { default?: string }
---@return string
function Ask:choice(key, label, choices, options) end

---@param key string
---@param label string
---@param options? { default?: boolean }
---@return boolean
function Ask:checkbox(key, label, options) end

--- A former definition, whose results count for what it is converted to.
---@param definition { id: string, params?: table, extends?: xpm.ConfigType, to?: xpm.ConfigType, convert?: (fun(self: xpm.Object): xpm.Object), replace?: boolean, help?: string, python?: string }
---@return xpm.ConfigType
function xpm.deprecate(definition) end

-- Objects ---------------------------------------------------------------------------------------------------

--- An object of a config type. Its parameters are its fields. `Outer {} .. Inner {}` puts an object into the
--- one parameter that takes it.
---@class xpm.Object
---@field jobdir string The job's folder, once submitted.
---@field taskdir string The same.
---@field here string The folder of the file that defined the type.
---@field type string The type's id.
---@operator concat(xpm.Object): xpm.Object
---@field [string] any
local Object = {}

--- Seals the object and gives the task's output.
---@param options? { env?: table<string, any>, init_tasks?: xpm.Object[], tokens?: table<string, integer>, requires?: string, max_retries?: integer, retry?: table<integer|"failed"|"lost"|"memory"|"timeout", string|integer|xpm.Retry>, priority?: integer, hold?: boolean, launcher?: string, slurm?: table<string, any>, sge?: table<string, any>, pack?: boolean|integer, wrap?: string[]|false }
---@return any
function Object:submit(options) end

---@return string identifier 64 hexadecimal digits
function Object:identifier() end

---@return table<string, any>
function Object:tags() end

---@param name string
---@param value any
---@return xpm.Object self
function Object:tag(name, value) end

--- A copy that can be changed.
---@param changes? table
---@return xpm.Object
function Object:copy(changes) end

--- Tasks to wait for beyond those in its values.
---@param ... xpm.Object
---@return xpm.Object self
function Object:add_dependencies(...) end

--- Calls a function when the task is done.
---@param callback fun(object: xpm.Object)
---@return xpm.Object self
function Object:on_completed(callback) end

--- Calls a function for each output that a resumable task makes while it runs, or has made; with an object,
--- for outputs of an object in the task. A function of that name in the type makes the value:
--- `checkpoint = function(self, dep, values) … end`.
---@param name string
---@param callback fun(value: any)
---@return xpm.Object self
---@overload fun(self: xpm.Object, object: xpm.Object, name: string, callback: fun(value: any)): xpm.Object
function Object:watch_output(name, callback) end

--- The object in `execute`.
---@class xpm.RunningTask: xpm.Object
local RunningTask = {}

---@param fraction number From 0 to 1.
---@param text? string
function RunningTask:progress(fraction, text) end

--- Adds to the job's result.
---@param values table<string, any>
function RunningTask:result(values) end

--- Prints a line; of a table of numbers alone, `{ step = 10, loss = 0.3 }`, notes them for results and plots.
---@param ... any
function RunningTask:log(...) end

--- Tells the plan of something made while the resumable task runs.
---@param name string
---@param values table
function RunningTask:output(name, values) end

--- Seconds until the time limit, or nil where there is none.
---@return number?
function RunningTask:remaining_time() end

--- In `execute` of a resumable task: stops it before its time is over, to go on in another attempt.
---@param message? string
function xpm.graceful_timeout(message) end

-- Tags ------------------------------------------------------------------------------------------------------

--- A value that the experiment varies, under the name of its parameter or another.
---@generic T
---@param value T
---@return T
---@overload fun(name: string, value: any): any
function xpm.tag(value) end

--- The tags of an object as a file name: `lr=0.1_seed=1`.
---@param object xpm.Object
---@return string
function xpm.tagspath(object) end

--- The object as a value whose tags stay with it.
---@param object xpm.Object
---@return xpm.Object
function xpm.stop_tags(object) end

--- Leaves an object out of the identity of what contains it (true), or keeps it although its parameter is
--- meta (false).
---@param object xpm.Object
---@param flag boolean?
---@return xpm.Object object
function xpm.setmeta(object, flag) end

-- Jobs and files --------------------------------------------------------------------------------------------

---@class xpm.Job
---@field path string The job's folder.
---@field stdout string
---@field stderr string
---@field identifier string
local Job = {}

---@return "waiting"|"ready"|"held"|"running"|"done"|"failed"|"cancelled"|"blocked"|"not run"
function Job:state() end

--- Waits for the job's end.
---@return string state
function Job:wait() end

--- The job's result, or nil.
---@return table?
function Job:result() end

--- The submitted job of an output.
---@param output xpm.Object
---@return xpm.Job
function xpm.job(output) end

--- In a pattern of `results`: a number as programs print it.
---@type string
xpm.number = nil

--- The paths of the files that fit a pattern, from the folder of this Lua file, in natural order.
---@param pattern string `data/*.csv`, `**/*.json`
---@return string[]
function xpm.glob(pattern) end

--- The rows of a table with commas, by the names in its first line. The file is kept with the run.
---@param path string From the folder of this Lua file.
---@return table<string, any>[]
function xpm.csv(path) end

--- The value of a JSON file, which is kept with the run.
---@param path string From the folder of this Lua file.
---@return any
function xpm.json(path) end

--- Writes an object into a folder, and copies its data paths.
---@param object xpm.Object
---@param folder string
---@return xpm.Object object
function xpm.save(object, folder) end

--- Reads an object that `xpm.save`, or experimaestro, wrote.
---@param folder string
---@return xpm.Object
function xpm.load(folder) end

-- Experiments -----------------------------------------------------------------------------------------------

---@class xpm.XP
---@field workdir string The workspace's folder.
---@field results_path string A folder of the run for what the script writes itself.
---@field name string
---@field run_id string? The name of the run's folder; nil in a dry run.
---@field jobs xpm.Job[] The jobs that were submitted so far.
---@field tags table<string, table<string, any>> Their tags, by their identifiers.
---@field status "running"
local XP = {}

--- Waits for all jobs.
---@return boolean
function XP:wait() end

--- Launches nothing more.
function XP:stop() end

--- A variable for every job that is submitted after it.
---@param name string
---@param value any
---@param override? boolean false leaves a variable as it is that is set already, here or where xpm runs (default: true)
function XP:setenv(name, value, override) end

--- The results so far as a table, as `xpm results` makes it: rows with the parameters by their names, and for
--- each result `{ mean =, std =, n =, median =, min =, max =, ci95 = }`. Empty before there is one.
---@param request? { rows?: string|string[], metric?: string|string[], over?: string|string[], best?: "max"|"min" }
---@return table[]
function XP:results(request) end

--- Makes a token of which there are so many; `submit { tokens = { name = 1 } }` holds some while the job
--- runs. All xpm on the workspace share it; with `scope = "user"` all of yours on this machine.
---@param name string
---@param count integer
---@param options? { scope?: "workspace"|"user" }
function XP:token(name, count, options) end

--- Adds a service to the run, and starts it. In a dry run, and where jobs are only written, nothing starts.
---@param service xpm.Service
---@return xpm.Service service
function XP:add_service(service) end

--- Tells a listener of every service of the run.
---@param listener xpm.ServiceListener
function XP:add_listener(listener) end

---@param listener xpm.ServiceListener
function XP:remove_listener(listener) end

--- Offers an action: `xpm actions run` does it later.
---@param action xpm.Object
---@param name? string Its type's last word, where nothing is said.
function XP:add_action(action, name) end

--- Saves an object, or a list or a map of some, with the run.
---@param object xpm.Object|table
---@param name? string Without one `default`.
function XP:save(object, name) end

--- Loads what the newest run of an experiment saved.
---@param experiment string
---@param name? string Without one `default`.
---@return xpm.Object|table
function XP:load(experiment, name) end

---@class xpm.Helper
---@field xp xpm.XP
---@field args string[] What follows `--`.
---@field run_mode "dry-run"|"generate"|"prepare"|"normal"
---@field configuration table
local Helper = {}

---@class xpm.Experiment

---@alias xpm.Run fun(helper: xpm.Helper, configuration: table)

--- What a script returns.
---@param definition { configuration?: xpm.Type, run: xpm.Run, once?: boolean }|xpm.Run
---@return xpm.Experiment
function xpm.experiment(definition) end

--- What the YAML file may contain.
---@param schema table<string, xpm.AnyType|table>
---@return xpm.Type
function xpm.configuration(schema) end

--- Derives a helper of one's own: its functions are there for every `run`.
---@param fields? table
---@return xpm.Helper
function xpm.helper(fields) end

--- An experiment whose helper is of this class.
---@param definition { configuration?: xpm.Type, run: xpm.Run, once?: boolean }|xpm.Run
---@return xpm.Experiment
function Helper:experiment(definition) end

--- The configurations of a sweep, one after the other, for an experiment with `once = true`; without a sweep
--- the only one.
---@return fun(): table?
function Helper:configurations() end

---@param fields? table
---@return xpm.Helper
function Helper:derive(fields) end

-- Services --------------------------------------------------------------------------------------------------

--- Something that lives beside the run.
---@class xpm.Service
---@field id string
---@field description string
---@field state "STOPPED"|"STARTING"|"RUNNING"|"STOPPING"|"ERROR"
---@field error string? Why it is in ERROR.
---@field url string? Where it is to be reached.
---@field log string? The file with what it writes.
---@field dir string? Its folder in the run: `{dir}`.
---@field parts table<string, xpm.Service> Its parts, by their names without its own.
---@field [string] any What its functions keep in it.
local Service = {}

--- Starts it again.
---@return xpm.Service self
function Service:start() end

---@return xpm.Service self
function Service:stop() end

--- Waits until it runs or has failed.
---@return xpm.Service self
function Service:wait() end

--- Links the folder of a task's job, or a path in it, into `{dir}/runs`, by the task's tags:
--- `runs/lr=0.001/seed=1`.
---@param task xpm.Object
---@param path? string
---@return xpm.Service self
function Service:add(task, path) end

---@param listener xpm.ServiceListener
---@return xpm.Service self
function Service:add_listener(listener) end

---@param listener xpm.ServiceListener
---@return xpm.Service self
function Service:remove_listener(listener) end

---@class xpm.ServiceListener

---@class xpm.ServiceDefinition
---@field id string
---@field description? string
---@field command? string|string[] With `{port}`, `{dir}`, `{run}` and `{here}` in it.
---@field env? table<string, any>
---@field port? integer 0, the default, picks a free one.
---@field path? string Where its pages begin; `/` where nothing is said.
---@field ready? { http: string }|{ output: string }|"tcp"|fun(service: xpm.Service): boolean
---@field timeout? string|number How long it may take to be ready: `"30s"`.
---@field restart? "never"|"on-failure"|"always"
---@field keep? boolean Whether it stays when the run ends.
---@field required? boolean Whether the run fails with it.
---@field services? xpm.Service[] Parts, named `id/part`.
---@field start? fun(service: xpm.Service) Of a service written in Lua.
---@field stop? fun(service: xpm.Service)
---@field state? fun(service: xpm.Service): string? Anything but `"running"` and nil is an error.
---@field describe? fun(service: xpm.Service): string

---@param definition xpm.ServiceDefinition
---@return xpm.Service
function xpm.service(definition) end

--- A service with an address.
---@param definition xpm.ServiceDefinition
---@return xpm.Service
function xpm.web_service(definition) end

--- Follows services: `xp:add_listener(listener)` all of them, `service:add_listener(listener)` one.
---@param definition { state_changed: fun(service: xpm.Service, old: string, new: string, id: string) }
---@return xpm.ServiceListener
function xpm.service_listener(definition) end

--- Services that are there already: `tensorboard`, `files`, `command`. Each takes the keys of
--- `xpm.web_service`.
---@type { tensorboard: fun(options?: xpm.ServiceDefinition): xpm.Service, files: fun(options?: xpm.ServiceDefinition): xpm.Service, command: fun(options: xpm.ServiceDefinition): xpm.Service }
xpm.services = nil

-- Sweeps ----------------------------------------------------------------------------------------------------

--- Many tables of parameters: `for p in sweep do Task(p):submit() end`. What varies is tagged.
---@class xpm.Sweep
---@overload fun(): table?

--- Every combination of the values of each name. A value may be a sweep, whose points lie below the name; a
--- sweep without a name gives its points beside the others.
---@param axes table<string|integer, any>
---@return xpm.Sweep
function xpm.grid(axes) end

--- The first values of all names, then the second ones, and so on.
---@param axes table<string|integer, any>
---@return xpm.Sweep
function xpm.zip(axes) end

--- The points of one sweep after those of the other.
---@param ... xpm.Sweep
---@return xpm.Sweep
function xpm.chain(...) end

--- The points for which a function says true.
---@param sweep xpm.Sweep
---@param accepts fun(p: table): boolean
---@return xpm.Sweep
function xpm.where(sweep, accepts) end

--- So many of the points, picked without repetition; the same for a seed.
---@param sweep xpm.Sweep
---@param count integer
---@param seed? integer
---@return xpm.Sweep
function xpm.sample(sweep, count, seed) end

--- `n` points at random: of lists one value, of distributions a number; the same for a seed.
---@param options table<string, any> `n`, `seed`, and by name lists, distributions or what is the same in each.
---@return xpm.Sweep
function xpm.random(options) end

--- A latin hypercube: each of `n` equal parts of each range has one point.
---@param options table<string, any>
---@return xpm.Sweep
function xpm.latin(options) end

--- Sobol's sequence: `n` points that fill the ranges evenly; up to 21 parameters. With a seed it is shifted
--- as a whole.
---@param options table<string, any>
---@return xpm.Sweep
function xpm.sobol(options) end

---@class xpm.Distribution

--- Any number between two.
---@param low number
---@param high number
---@return xpm.Distribution
function xpm.uniform(low, high) end

--- Any number between two, each order of magnitude as often as another.
---@param low number
---@param high number
---@return xpm.Distribution
function xpm.loguniform(low, high) end

--- Any whole number from one to another.
---@param low integer
---@param high integer
---@return xpm.Distribution
function xpm.integers(low, high) end

--- What a parameter may have only where others have certain values: `xpm.given({ optimizer = "sgd" }, …)`.
---@param condition table<string, any> A value, or a list of them, by the names of other parameters.
---@param values any A list or a distribution.
---@return any
function xpm.given(condition, values) end

---@class xpm.Trial
---@field number integer Its number, from 1.
---@field [string] any The values of the point; nil for a parameter that is not there.
local Trial = {}

--- Says which jobs decide about the trial: what `submit` has returned (of several the mean counts), or a number.
---@param ... any
function Trial:tell(...) end

---@class xpm.Search
---@field best table The values of the best trial, its result by the metric's name, `trial` and `job`.
---@overload fun(): xpm.Trial?
local Search = {}

--- No further trial begins.
function Search:stop() end

--- A search: `for trial in search do trial:tell(Train { lr = trial.lr }:submit()) end`.
---@param options { name: string, space: table<string, any>, minimize?: string, maximize?: string, trials?: integer, parallel?: integer, sampler?: any, seed?: integer, order?: "fixed"|"arrival", first?: table[], failed?: "worst"|"left"|number, patience?: integer, time?: number, prior?: table, halving?: table, budget?: table }
---@return xpm.Search
function xpm.search(options) end

--- The tree-structured Parzen estimator, which xpm.search uses by itself.
---@param options? { startup?: integer, candidates?: integer }
---@return any
function xpm.tpe(options) end

--- A Gaussian process: for few and expensive trials.
---@param options? { startup?: integer }
---@return any
function xpm.gp(options) end

--- `n` numbers at equal distances.
---@param first number
---@param last number
---@param n integer
---@return number[]
function xpm.linspace(first, last, n) end

--- `n` numbers with equal ratios.
---@param first number
---@param last number
---@param n integer
---@return number[]
function xpm.geomspace(first, last, n) end

--- `n` powers of ten, from 10^first to 10^last.
---@param first number
---@param last number
---@param n integer
---@return number[]
function xpm.logspace(first, last, n) end

--- The numbers from `first` to `last`, which is among them.
---@param first number
---@param last number
---@param step? number
---@return number[]
function xpm.range(first, last, step) end

---@class xpm.Launcher

---@class xpm.Partition
---@field name string
---@field cores? integer Of a node.
---@field memory? string Of a node: `"256G"`.
---@field gpus? integer|string[] Of a node: how many, or the memory of each.
---@field duration? string The longest that a job may take: `"2d"`.
---@field options? table<string, any> Of the command that submits.

---@alias xpm.BatchLauncher { name?: string, partitions?: xpm.Partition[], setup?: string, max_submitted?: integer, export?: "all"|"none", options?: table<string, any>, duration?: string, pack?: boolean|integer, pilots?: integer, pilot_duration?: string, wrap?: string[], detached?: string }

---@class xpm.Launchers
local Launchers = {}

--- This machine.
---@param options? { name?: string, wrap?: string[] }
---@return xpm.Launcher
function Launchers.direct(options) end

--- Slurm.
---@param options xpm.BatchLauncher
---@return xpm.Launcher
function Launchers.slurm(options) end

--- The xpm of another host, which takes whole runs: `xpm run --launcher NAME`.
---@param options { name?: string, host: string, workspace: string, launcher?: string, program?: string }
---@return xpm.Launcher
function Launchers.ssh(options) end

--- Sun Grid Engine.
---@param options xpm.BatchLauncher
---@return xpm.Launcher
function Launchers.sge(options) end

--- A batch system by commands for `sh`, with the keys of the others.
---@param options xpm.BatchLauncher|{ submit: string, status: string, cancel: string, index: string, array?: integer }
---@return xpm.Launcher
function Launchers.batch(options) end

--- In `launchers.lua`: where jobs may run.
---@type xpm.Launchers
xpm.launchers = nil

return xpm
