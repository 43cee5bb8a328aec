-- The classes of code/shop/tasks.py, along the pythonpath of plan.yaml.
local xpm = require "xpm"

local Data = xpm.prepare { id = "shop.data", python = "shop.tasks:Data", params = { name = xpm.string } }
local Use = xpm.task { id = "shop.use", python = "shop.tasks:Use", params = { data = Data } }
local Long = xpm.resumable_task {
  id = "shop.long",
  python = "shop.tasks:Long",
  params = { state = xpm.job_path "state" },
  requires = "duration=60s",
}
local Slow = xpm.task { id = "shop.slow", python = "shop.tasks:Slow", params = {} }

local function run(helper)
  if helper.args[1] == "slow" then
    Slow {}:submit()
    return
  end
  Use { data = Data { name = helper.args[1] } }:submit()
  Long {}:submit()
end

return xpm.experiment { run = run }
