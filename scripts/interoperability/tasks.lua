-- The tasks of lab/tasks.py: the plan is Lua, the jobs run the Python classes.
local xpm = require "xpm"

local Model = xpm.config {
  id = "lab.model",
  python = "lab.tasks:Model",
  params = { hidden = xpm.int { default = 16 }, layers = xpm.list(xpm.int) { default = { 1, 2 } } },
}
local Weights = xpm.config {
  id = "lab.weights",
  python = "lab.tasks:Weights",
  params = { model = Model, path = xpm.path { meta = true } },
}
local Seed = xpm.lightweight_task { id = "lab.seed", python = "lab.tasks:Seed", params = { seed = xpm.int } }
local Train = xpm.task {
  id = "lab.train",
  python = "lab.tasks:Train",
  params = { model = Model, lr = xpm.float, weights = xpm.job_path "weights.json" },
  outputs = function(self, dep)
    return dep(Weights { model = self.model, path = self.weights })
  end,
}
local Evaluate = xpm.task {
  id = "lab.evaluate",
  python = "lab.tasks:Evaluate",
  params = { trained = Weights, split = xpm.string { default = "test" }, report = xpm.job_path "report.json" },
}

function run()
  for _, lr in ipairs { 0.1, 0.01 } do
    local weights = Train { model = Model { hidden = 3 }, lr = xpm.tag("lr", lr) }:submit {
      init_tasks = { Seed { seed = 4 } },
    }
    Evaluate { trained = weights }:submit()
  end
end
