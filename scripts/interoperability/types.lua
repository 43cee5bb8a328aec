-- The types of lab/types.py.
local xpm = require "xpm"
local T = {}

T.Color = xpm.enum { id = "lab.types:Color", "RED", "GREEN", "BLUE" }
T.Leaf = xpm.config {
  id = "lab.leaf",
  params = {
    i = xpm.int { default = 7 },
    f = xpm.float,
    s = xpm.string { default = "plain", ignore_default = true },
    b = xpm.bool { default = false },
    note = xpm.string { default = "none", meta = true },
  },
}
T.Special = xpm.config { id = "lab.Special", extends = T.Leaf, params = { color = T.Color { default = "RED" } } }
T.Part = xpm.instance_config { id = "lab.part", params = { n = xpm.int { default = 1 } } }
T.Setup = xpm.lightweight_task {
  id = "lab.setup",
  params = { seed = xpm.int },
  execute = function() end,
}
T.Node = xpm.config {
  id = "lab.node",
  params = {
    leaf = T.Leaf,
    maybe = xpm.optional(T.Leaf),
    number = xpm.optional(xpm.int),
    leaves = xpm.list(T.Leaf) { default = {}, ignore_default = true },
    floats = xpm.list(xpm.float) { default = {} },
    nested = xpm.list(xpm.list(xpm.int)) { default = {} },
    names = xpm.map(xpm.string, xpm.int) { default = {} },
    models = xpm.map(xpm.string, T.Leaf) { default = {} },
    ints = xpm.set(xpm.int),
    parts = xpm.list(T.Part) { default = {} },
    next = xpm.optional(xpm.ref "lab.node"),
  },
}
T.Work = xpm.task {
  id = "lab.work",
  params = { node = T.Node, fixed = xpm.string { default = "1", ignore_default = true } },
  execute = function() end,
}
T.Use = xpm.config { id = "lab.use", params = { work = T.Work, color = T.Color } }
return T
