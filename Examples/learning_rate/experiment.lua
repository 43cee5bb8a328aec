-- The smallest experiment with a typed configuration: minimises (x - 3)² by gradient descent.
local xpm = require "xpm"

local Descend = xpm.task {
  id = "descent.run",
  params = { learning_rate = xpm.float, steps = xpm.int { default = 1000 } },
  execute = function(self)
    local x = 0.0
    for _ = 1, self.steps do
      x = x - self.learning_rate * 2 * (x - 3)
    end
    self:result { x = x }
  end,
}

local Configuration = xpm.configuration {
  learning_rate = xpm.float { default = 1e-3, help = "Default learning rate" },
}

local function run(helper, cfg)
  Descend { learning_rate = xpm.tag(cfg.learning_rate) }:submit()
end

return xpm.experiment { configuration = Configuration, run = run }
