-- Sweeps: many tables of parameters from a few lines. `xpm.lua` runs this file, when the first is asked for,
-- with the host's functions and the function that raises at the user's line; it gives the functions of the
-- module.
local host, fail = ...

local getmetatable, ipairs, math, next, pairs, rawget, select, setmetatable, table, tostring, type =
  getmetatable, ipairs, math, next, pairs, rawget, select, setmetatable, table, tostring, type

local M = {}

-- A sweep is made of points: flat tables `{ [way] = value }`, whose ways are names joined by dots, as
-- `model.hidden`. `iterate` gives a new iterator over them; `varies` says which ways have more than one
-- value. Called, a sweep gives its next point as the user sees it, and the host knows what varies in it: a
-- parameter of that name that gets that value gets the tag.
local Sweep = {}
Sweep.__name = "sweep"

local function is_no_list()
  fail("a sweep is no list: for p in sweep do … end goes through its points")
end

Sweep.__len = is_no_list
Sweep.__pairs = is_no_list

function Sweep.__index(_, key)
  if type(key) == "number" then
    is_no_list()
  end
end

--- Makes a value of a number in [0, 1).
local Distribution = {}

local function is_sweep(value)
  return getmetatable(value) == Sweep
end

--- Whether a value is a table of data: one of a point too, which says what varies in it.
local function is_plain(value)
  if type(value) ~= "table" then
    return false
  end
  local mark = getmetatable(value)
  return mark == nil or type(mark) == "table" and rawget(mark, "__xpm_swept") ~= nil
end

--- A copy of plain data: what a script changes in one point is not changed in the next.
local function copy(value, seen)
  if not is_plain(value) then
    return value
  end
  seen = seen or {}
  if not seen[value] then
    local new = {}
    seen[value] = new
    for key, inner in pairs(value) do
      new[key] = copy(inner, seen)
    end
  end
  return seen[value]
end

--- The point as parameters: nested where ways have dots.
local function parameters(point)
  local result, below = {}, {}
  for way, value in pairs(point) do
    if way:find(".", 1, true) then
      below[#below + 1] = way
    else
      result[way] = copy(value)
    end
  end
  -- The shorter way comes first: the table at its end takes what lies below it.
  table.sort(below, function(a, b)
    return #a < #b or #a == #b and a < b
  end)
  for _, way in ipairs(below) do
    local place, rest = result, way
    while true do
      local name, more = rest:match "^([^.]+)%.(.+)$"
      if not name then
        break
      end
      if place[name] == nil then
        place[name] = {}
      elseif not is_plain(place[name]) then
        fail("'%s' lies in '%s', which is no plain table", way, way:sub(1, #way - #more - 1))
      end
      place, rest = place[name], more
    end
    place[rest] = copy(point[way])
  end
  return result
end

--- A name that no point of the sweep has is an error.
local function missing(place, key)
  if type(key) ~= "string" then
    return nil
  end
  local known = {}
  for way in pairs(getmetatable(place).__xpm_varies) do
    for name in way:gmatch "[^.]+" do
      known[name] = true
    end
  end
  if known[key] then
    return nil
  end
  for name in pairs(place) do
    known[name] = true
  end
  host.unknown("the point of the sweep", key, known)
end

--- Says to the host what varies in a point, and in the tables in it: `Train(p)` is tagged wherever that is.
local function marked(point, swept, varies, index)
  local mark = { __xpm_swept = swept, __xpm_varies = varies, __index = index or missing }
  local function go(place)
    setmetatable(place, mark)
    for _, value in pairs(place) do
      if type(value) == "table" and getmetatable(value) == nil then
        go(value)
      end
    end
  end
  if next(swept) then
    go(point)
  end
  return point
end

-- The iterations that go on, by the point that they gave last: each loop has one of its own.
local running = setmetatable({}, { __mode = "k" })
local count = 0

--- The next point. `for` gives the last one; who calls a sweep without arguments has one iteration of it.
function Sweep:__call(...)
  local is_loop = select("#", ...) >= 2
  local last = select(2, ...)
  local iteration
  if not is_loop then
    iteration = self.single
  elseif last ~= nil then
    -- Who has made another table of a point gives that one.
    iteration, running[last] = running[last] or self.latest, nil
  end
  if not iteration then
    -- One of this sweep that was left early is over.
    if is_loop and self.begun then
      host.at_point(self.begun)
    end
    count = count + 1
    iteration = { next = self.iterate(), number = count }
    self.begun = is_loop and count or self.begun
  end
  local point = iteration.next()
  if point == nil then
    self.single, self.latest = nil, nil
    host.at_point(iteration.number)
    return nil
  end
  local swept = {}
  for way in pairs(self.varies) do
    swept[way] = point[way]
  end
  local result = marked(parameters(point), swept, self.varies)
  host.at_point(iteration.number, swept, is_loop)
  self.latest = iteration
  if is_loop then
    running[result] = iteration
  else
    self.single = iteration
  end
  return result
end

local function new(iterate, varies)
  return setmetatable({ iterate = iterate, varies = varies }, Sweep)
end

local function points_of(sweep)
  local points = {}
  for point in sweep.iterate() do
    points[#points + 1] = point
  end
  return points
end

--- The names of a table in byte order, and what it has by position: sweeps whose points are laid into those
--- of the others.
local function names_of(word, axes)
  if type(axes) ~= "table" or is_sweep(axes) then
    fail("%s takes lists by name: %s { lr = { 0.1, 0.01 } }", word, word)
  end
  local names, merged = {}, {}
  for key, value in pairs(axes) do
    if type(key) == "string" then
      if key == "" or key:find "%.%." or key:find "^%." or key:find "%.$" then
        fail("%s: '%s' names no parameter", word, key)
      end
      names[#names + 1] = key
    elseif is_sweep(value) then
      merged[#merged + 1] = value
    else
      fail("%s takes lists by name: %s { lr = { 0.1, 0.01 } }", word, word)
    end
  end
  table.sort(names)
  return names, merged
end

--- Whether a value is a list, which may be a read-only one.
local function is_list(value)
  return type(value) == "table" and not is_sweep(value) and (#value > 0 or next(value) == nil)
end

--- What an axis consists of: `{ points = list of points, varies = … }`. The points of a sweep lie below the
--- axis's name.
local function axis_of(word, name, axis)
  if is_sweep(axis) then
    local points, varies = {}, {}
    for way in pairs(axis.varies) do
      varies[name .. "." .. way] = true
    end
    for point in axis.iterate() do
      local moved = {}
      for way, value in pairs(point) do
        moved[name .. "." .. way] = value
      end
      points[#points + 1] = moved
    end
    return { points = points, varies = varies }
  end
  if getmetatable(axis) == Distribution then
    fail("%s: '%s' is drawn at random: xpm.random, latin and sobol do that", word, name)
  end
  if not is_list(axis) then
    return { points = { { [name] = axis } }, varies = {}, is_constant = true }
  end
  if #axis == 0 then
    fail("%s: '%s' has no values", word, name)
  end
  local points = {}
  for position = 1, #axis do
    points[position] = { [name] = axis[position] }
  end
  -- A list of one is a list that may grow.
  return { points = points, varies = { [name] = true } }
end

local function axes_of(word, axes)
  local names, merged = names_of(word, axes)
  local all, varies = {}, {}
  for _, name in ipairs(names) do
    all[#all + 1] = axis_of(word, name, axes[name])
  end
  for _, sweep in ipairs(merged) do
    all[#all + 1] = { points = points_of(sweep), varies = sweep.varies }
  end
  local places = {}
  for place, axis in ipairs(all) do
    for way in pairs(axis.varies) do
      varies[way] = true
    end
    for _, point in ipairs(axis.points) do
      for way in pairs(point) do
        if places[way] and places[way] ~= place then
          fail("%s: '%s' has its values from two places", word, way)
        end
        places[way] = place
      end
    end
  end
  return all, varies
end

local function join(points)
  local joined = {}
  for _, point in ipairs(points) do
    for way, value in pairs(point) do
      joined[way] = value
    end
  end
  return joined
end

--- Every combination of the values of each name; the last name in byte order varies fastest. A value that is
--- no list is the same in each; one that is a sweep gives its points below its name; a sweep without a name
--- gives them beside the others.
function M.grid(axes)
  local all, varies = axes_of("xpm.grid", axes)
  return new(function()
    local counters = {}
    for position = 1, #all do
      counters[position] = 1
    end
    local is_over = false
    for _, axis in ipairs(all) do
      is_over = is_over or #axis.points == 0
    end
    return function()
      if is_over then
        return nil
      end
      local chosen = {}
      for position, axis in ipairs(all) do
        chosen[position] = axis.points[counters[position]]
      end
      local position = #all
      while position > 0 do
        counters[position] = counters[position] + 1
        if counters[position] <= #all[position].points then
          break
        end
        counters[position] = 1
        position = position - 1
      end
      is_over = position == 0
      return join(chosen)
    end
  end, varies)
end

--- The first values of all names, then the second ones, and so on. Lists have the same length; what is no
--- list is the same in each.
function M.zip(axes)
  local all, varies = axes_of("xpm.zip", axes)
  local count
  for _, axis in ipairs(all) do
    if not axis.is_constant then
      if count and count ~= #axis.points then
        fail("xpm.zip: lists of %d and of %d values", count, #axis.points)
      end
      count = #axis.points
    end
  end
  return new(function()
    local position = 0
    return function()
      position = position + 1
      if position > (count or 1) then
        return nil
      end
      local chosen = {}
      for index, axis in ipairs(all) do
        chosen[index] = axis.is_constant and axis.points[1] or axis.points[position]
      end
      return join(chosen)
    end
  end, varies)
end

local function sweeps_of(word, ...)
  local sweeps = { ... }
  for position = 1, select("#", ...) do
    if not is_sweep(sweeps[position]) then
      fail("%s: argument %d is no sweep such as xpm.grid { … }", word, position)
    end
  end
  return sweeps
end

--- The points of one sweep after those of the other.
function M.chain(...)
  local sweeps = sweeps_of("xpm.chain", ...)
  local varies, first = {}, nil
  for _, sweep in ipairs(sweeps) do
    for way in pairs(sweep.varies) do
      varies[way] = true
    end
    -- What is constant in each may differ from one to the other.
    local point = sweep.iterate()() or {}
    for way, value in pairs(point) do
      if first and first[way] ~= value then
        varies[way] = true
      end
    end
    for way in pairs(first or {}) do
      if point[way] == nil then
        varies[way] = true
      end
    end
    first = first or point
  end
  return new(function()
    local number, iterator = 0, nil
    return function()
      while true do
        local point = iterator and iterator()
        if point ~= nil then
          return point
        end
        number = number + 1
        if not sweeps[number] then
          return nil
        end
        iterator = sweeps[number].iterate()
      end
    end
  end, varies)
end

--- The points for which a function says true; it gets each as parameters without tags.
function M.where(sweep, accepts)
  sweeps_of("xpm.where", sweep)
  if type(accepts) ~= "function" then
    fail("xpm.where(sweep, function(p) … end) needs a function")
  end
  return new(function()
    local iterator = sweep.iterate()
    return function()
      while true do
        local point = iterator()
        if point == nil or accepts(parameters(point)) then
          return point
        end
      end
    end
  end, sweep.varies)
end

-- Random numbers: the same for a seed on every machine, whatever else the plan draws (splitmix64, Steele et
-- al. 2014).

local function generator(seed)
  local number = 0
  return function()
    number = number + 1
    return host.fraction(seed, number)
  end
end

local function whole(word, name, value, least)
  local number = type(value) == "number" and math.tointeger(value)
  if not number or number < least then
    fail("%s: %s needs a whole number from %d", word, name, least)
  end
  return number
end

local function shuffled(count, random)
  local order = {}
  for position = 1, count do
    order[position] = position
  end
  for position = count, 2, -1 do
    local other = 1 + math.floor(random() * position)
    order[position], order[other] = order[other], order[position]
  end
  return order
end

--- `count` of the points, picked without repetition; in their order.
function M.sample(sweep, count, seed)
  sweeps_of("xpm.sample", sweep)
  count = whole("xpm.sample", "the number of points", count, 1)
  seed = whole("xpm.sample", "seed", seed or 0, 0)
  local points = points_of(sweep)
  local picked = host.picked(math.min(count, #points), #points, seed)
  return new(function()
    local position = 0
    return function()
      position = position + 1
      return points[picked[position]]
    end
  end, sweep.varies)
end

-- Distributions ---------------------------------------------------------------------------------------------

local function distribution(kind, low, high, of)
  return setmetatable({ kind = kind, low = low, high = high, of = of }, Distribution)
end

local function bounds(word, low, high)
  if type(low) ~= "number" or type(high) ~= "number" or not (low < high) then
    fail("%s(low, high) needs two numbers, the lower one first", word)
  end
end

--- Any number from `low` to `high`.
function M.uniform(low, high)
  bounds("xpm.uniform", low, high)
  if high - low == math.huge then
    fail("xpm.uniform: from %s to %s is further than a float can tell", low, high)
  end
  return distribution("uniform", low, high, function(u)
    return host.uniform(low, high, u)
  end)
end

--- Any number from `low` to `high`, each order of magnitude as often as another.
function M.loguniform(low, high)
  bounds("xpm.loguniform", low, high)
  if low <= 0 or high == math.huge then
    fail("xpm.loguniform: the lower bound is more than 0, the upper one finite")
  end
  return distribution("loguniform", low, high, function(u)
    return host.loguniform(low, high, u)
  end)
end

--- Any whole number from `low` to `high`.
function M.integers(low, high)
  low = type(low) == "number" and math.tointeger(low)
  high = type(high) == "number" and math.tointeger(high)
  if not low or not high or low > high then
    fail("xpm.integers(low, high) needs two whole numbers, the lower one first")
  end
  if high - low < 0 or high - low >= 1 << 53 then
    fail("xpm.integers(low, high): more than 2^53 numbers")
  end
  return distribution("integers", low, high, function(u)
    return host.integer(low, high, u)
  end)
end

--- A sweep of `n` points of a design: `numbers(dimensions, n, seed)` gives the coordinates of each.
local function design(word, options, numbers)
  local names, merged = names_of(word, options)
  if #merged > 0 then
    fail("%s takes values and distributions by name", word)
  end
  local count = whole(word, "n", options.n, 1)
  local seed = whole(word, "seed", options.seed or 0, 0)
  local drawn, constants, varies = {}, {}, {}
  for _, name in ipairs(names) do
    local axis = options[name]
    if name == "n" or name == "seed" then
      -- Said above.
    elseif getmetatable(axis) == Distribution then
      drawn[#drawn + 1] = { name = name, of = axis.of }
      varies[name] = true
    elseif is_list(axis) then
      if #axis == 0 then
        fail("%s: '%s' has no values", word, name)
      end
      drawn[#drawn + 1] = {
        name = name,
        of = function(u)
          return axis[host.place(#axis, u)]
        end,
      }
      varies[name] = true
    elseif is_sweep(axis) then
      fail("%s: '%s' cannot be a sweep: give a list or a distribution such as xpm.uniform(0, 1)", word, name)
    else
      constants[name] = axis
    end
  end
  local coordinates = numbers(#drawn, count, seed)
  return new(function()
    local position = 0
    return function()
      position = position + 1
      if position > count then
        return nil
      end
      local place = coordinates[position]
      local point = join { constants }
      for index, axis in ipairs(drawn) do
        point[axis.name] = axis.of(place[index])
      end
      return point
    end
  end, varies)
end

--- `n` points at random: of lists one value, of distributions a number.
function M.random(options)
  return design("xpm.random", options, function(dimensions, count, seed)
    local random, all = generator(seed), {}
    for position = 1, count do
      all[position] = {}
      for index = 1, dimensions do
        all[position][index] = random()
      end
    end
    return all
  end)
end

--- A latin hypercube (McKay et al. 1979): each of `n` equal parts of each range has exactly one point.
function M.latin(options)
  return design("xpm.latin", options, function(dimensions, count, seed)
    local random, all = generator(seed), {}
    for position = 1, count do
      all[position] = {}
    end
    for index = 1, dimensions do
      for position, part in ipairs(shuffled(count, random)) do
        all[position][index] = (part - 1 + random()) / count
      end
    end
    return all
  end)
end

--- Sobol's sequence (1967): `n` points that fill the ranges evenly, whatever `n`. With a seed it is shifted
--- as a whole (a digital shift).
function M.sobol(options)
  return design("xpm.sobol", options, function(dimensions, count, seed)
    local all = {}
    for position = 1, count do
      all[position] = host.sobol(dimensions, position, seed)
        or fail("xpm.sobol: %d parameters vary, and it has %d dimensions at most", dimensions, host.sobol())
    end
    return all
  end)
end

-- Lists of numbers ------------------------------------------------------------------------------------------

local function numbers(word, low, high, count)
  if type(low) ~= "number" or type(high) ~= "number" then
    fail("%s(first, last, n) needs numbers", word)
  end
  if low - low ~= 0 or high - high ~= 0 then
    fail("%s(first, last, n) needs finite numbers", word)
  end
  count = whole(word, "n", count, 1)
  if count > 1000000 then
    fail("%s: more than %d numbers", word, 1000000)
  end
  return count
end

--- `count` numbers at equal distances, the first and the last among them.
function M.linspace(first, last, count)
  count = numbers("xpm.linspace", first, last, count)
  return host.linspace(first, last, count)
end

--- `count` numbers with equal ratios, the first and the last among them.
function M.geomspace(first, last, count)
  count = numbers("xpm.geomspace", first, last, count)
  if not (first > 0 and last > 0 or first < 0 and last < 0) then
    fail("xpm.geomspace: both ends have one sign, and none is 0")
  end
  return host.geomspace(first, last, count)
end

--- `count` powers of ten, from 10^first to 10^last.
function M.logspace(first, last, count)
  count = numbers("xpm.logspace", first, last, count)
  return host.logspace(first, last, count)
end

--- The numbers from `first` to `last`, which is among them where a step meets it; the step is 1 if there is
--- none.
function M.range(first, last, step)
  step = step or 1
  if type(first) ~= "number" or type(last) ~= "number" or type(step) ~= "number" then
    fail("xpm.range(first, last, step) needs numbers")
  end
  if step == 0 or step ~= step then
    fail("xpm.range: a step of 0 leads nowhere")
  end
  for _, number in ipairs { first, last, step } do
    if number ~= number or number == math.huge or number == -math.huge then
      fail("xpm.range(first, last, step) needs finite numbers")
    end
  end
  if first < last and step < 0 or first > last and step > 0 then
    fail("xpm.range: a step of %s does not lead from %s to %s; one of %s does", step, first, last, -step)
  end
  if math.type(first) ~= "integer" or math.type(last) ~= "integer" or math.type(step) ~= "integer" then
    return host.steps(first, last, step) or fail("xpm.range: more than %d numbers", 1000000)
  end
  if (last - first) / step >= 1000000 then
    fail("xpm.range: more than %d numbers", 1000000)
  end
  local list = {}
  for number = first, last, step do
    list[#list + 1] = number
  end
  return list
end

-- Searches: which points come next is decided by what is known of those before ---------------------------------

--- What a parameter has only where others have certain values.
local Given = {}

--- `xpm.given({ optimizer = "sgd" }, xpm.uniform(0, 1))`: a parameter that is there only where others have some values.
function M.given(condition, values)
  if type(condition) ~= "table" or next(condition) == nil then
    fail('xpm.given needs names and values: xpm.given({ optimizer = "sgd" }, xpm.uniform(0, 1))')
  end
  if getmetatable(values) ~= Distribution and not is_list(values) then
    fail("xpm.given needs a list or a distribution such as xpm.uniform(0, 1), as its second argument")
  end
  return setmetatable({ condition = condition, values = values }, Given)
end

--- A sampler and its options, for the host.
local function sampler_of(word)
  return function(options)
    if options ~= nil and type(options) ~= "table" then
      fail("xpm.%s takes a table of options: xpm.%s {}", word, word)
    end
    local sampler = { sampler = word }
    for key, value in pairs(options or {}) do
      sampler[key] = value
    end
    return sampler
  end
end

M.tpe = sampler_of "tpe"
M.gp = sampler_of "gp"

--- The dimensions of a space: flat, with their conditions.
local function dimensions_of(space, prefix, conditions, all, depth)
  depth = depth or 1
  if depth > 20 then
    fail("xpm.search: the space is nested more than 20 levels")
  end
  for name, axis in pairs(space) do
    if type(name) ~= "string" or name == "" then
      fail("xpm.search: space has names and what they may have: space = { lr = xpm.loguniform(1e-5, 1) }")
    end
    local way = prefix .. name
    local own = conditions
    while getmetatable(axis) == Given do
      own = copy(own)
      for other, values in pairs(axis.condition) do
        if type(values) == "table" and not is_list(values) then
          fail("xpm.given: '%s' has a value, or a list of them", tostring(other))
        end
        -- A name beside it, or one from the top.
        local beside = prefix ~= "" and space[other] ~= nil and prefix .. other or other
        own[beside] = type(values) == "table" and copy(values) or { values }
      end
      axis = axis.values
    end
    if getmetatable(axis) == Distribution then
      all[#all + 1] = { way = way, kind = axis.kind, low = axis.low, high = axis.high, given = own }
    elseif is_sweep(axis) then
      fail("xpm.search: '%s' is a sweep: give a list, or a distribution such as xpm.uniform(0, 1)", way)
    elseif is_list(axis) then
      if #axis == 0 then
        fail("xpm.search: '%s' has no values", way)
      end
      for position = 1, #axis do
        if type(axis[position]) == "table" then
          fail("xpm.search: '%s': a value is a number, a text or a boolean", way)
        end
      end
      all[#all + 1] = { way = way, kind = "choice", values = copy(axis), given = own }
    elseif type(axis) == "table" then
      dimensions_of(axis, way .. ".", own, all, depth + 1)
    else
      fail("xpm.search: '%s' is one value: what does not vary stands in the task", way)
    end
  end
  return all
end

--- A point with the ways of nested names.
local function flattened(point, prefix, all)
  prefix, all = prefix or "", all or {}
  for name, value in pairs(point) do
    if type(value) == "table" then
      flattened(value, prefix .. name .. ".", all)
    else
      all[prefix .. name] = value
    end
  end
  return all
end

local Search = { __name = "search" }

-- What a search is, out of reach of scripts: `{ id, propose, varies, loop }`.
local states = setmetatable({}, { __mode = "k" })

--- The trial that `for` gives: its parameters, as a point of a sweep, and `tell`.
local function trial_of(search, number, point)
  local swept = {}
  for way, value in pairs(point) do
    swept[way] = value
  end
  local told = false
  local trial = parameters(point)
  local function tell(self, ...)
    if self ~= trial then
      fail("trial:tell(…) is called with a colon")
    end
    if told then
      fail("trial %d is told twice", number)
    end
    told = true
    host.search_tell(states[search].id, number, { ... })
  end
  return marked(trial, swept, states[search].varies, function(place, key)
    if place == trial and key == "tell" then
      return tell
    elseif place == trial and key == "number" then
      return number
    end
    return missing(place, key)
  end)
end

function Search:__call(...)
  local state = states[self]
  local number, point = host.search_next(state.id, state.propose)
  if not number then
    host.at_point(state.loop)
    return nil
  end
  local swept = {}
  for way, value in pairs(point) do
    swept[way] = value
  end
  local trial = trial_of(self, number, point)
  host.at_point(state.loop, swept, true)
  return trial
end

--- Ends the search: no further trial begins.
local function stop(self)
  if not states[self] then
    fail("search:stop() is called with a colon")
  end
  host.search_stop(states[self].id)
end

function Search:__index(key)
  if key == "best" then
    local values, job = host.search_best(states[self].id)
    if not values then
      -- Nothing is known yet, as in a dry run.
      return { job = {} }
    end
    local best = parameters(values.point)
    best[values.metric] = values.value
    best.trial, best.job = values.trial, job or {}
    return best
  elseif key == "stop" then
    return stop
  end
  fail("a search has no '%s': it has best and stop", tostring(key))
end

function Search:__newindex(key)
  fail("a search has what xpm.search was given: '%s' cannot be set", tostring(key))
end

local search_keys = {
  name = "string", seed = "integer", minimize = "string", maximize = "string", space = "table", trials = "integer",
  parallel = "integer", order = "string", patience = "integer", time = "number", sampler = true, first = "table",
  failed = true, prior = "table", halving = "table", budget = "table",
}

--- A search: `for trial in search do trial:tell(Train { lr = trial.lr }:submit()) end`.
function M.search(options)
  if type(options) ~= "table" then
    fail('xpm.search takes a table: xpm.search { name = "lr", space = { … }, minimize = "loss", trials = 20 }')
  end
  local spec = {}
  for key, value in pairs(options) do
    local expected = search_keys[key]
    if not expected then
      host.search_unknown(key)
    end
    if expected == "integer" and math.type(value) ~= "integer" then
      fail("xpm.search: %s needs a whole number", key)
    elseif expected == "number" and type(value) ~= "number" then
      fail("xpm.search: %s needs a number", key)
    elseif (expected == "string" or expected == "table") and type(value) ~= expected then
      fail("xpm.search: %s needs a %s", key, expected)
    end
    spec[key] = value
  end
  if not spec.space then
    fail("xpm.search: what is searched? space = { lr = xpm.loguniform(1e-5, 1) }")
  end
  local propose
  if type(spec.sampler) == "function" then
    propose, spec.sampler = spec.sampler, { sampler = "function" }
  elseif type(spec.sampler) == "string" then
    spec.sampler = { sampler = spec.sampler }
  elseif spec.sampler ~= nil and type(spec.sampler) ~= "table" then
    fail('xpm.search: sampler is xpm.tpe {}, "random" or a function')
  end
  spec.has_function = propose ~= nil
  spec.dimensions = dimensions_of(spec.space, "", {}, {})
  spec.space = nil
  local varies = {}
  for _, dimension in ipairs(spec.dimensions) do
    local name = dimension.way
    varies[name] = true
    if name == "tell" or name == "number" or name == "trial" or name == "job" then
      fail("xpm.search: '%s' is a name of trials and of best: call the parameter otherwise", name)
    elseif name == spec.minimize or name == spec.maximize then
      fail("xpm.search: '%s' is a parameter and the result", name)
    end
  end
  for name in pairs(spec.halving or {}) do
    if name ~= "eta" then
      varies[name] = true
    end
  end
  if spec.first then
    local points, total = {}, 0
    for _ in pairs(spec.first) do
      total = total + 1
    end
    for position, point in ipairs(spec.first) do
      if type(point) ~= "table" then
        fail("xpm.search: first is a list of points: first = { { lr = 0.1 } }")
      end
      points[position] = flattened(point)
    end
    if #points ~= total then
      fail("xpm.search: first is a list of points: first = { { lr = 0.1 } }")
    end
    spec.first = points
  end
  count = count + 1
  -- The task of a prior is no plain value.
  local prior = spec.prior
  spec.prior = nil
  local search = setmetatable({}, Search)
  states[search] = {
    id = host.search_begin(spec, prior and prior.task, prior),
    propose = propose,
    varies = varies,
    loop = count,
  }
  return search
end

return M
