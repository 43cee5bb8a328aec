-- The quick form: no schema, a global run(helper, cfg), the YAML as a read-only table.
local xpm = require "xpm"

local Train = xpm.task {
  id = "minimal.train",
  params = { lr = xpm.float, seed = xpm.int },
  command = "sh {here}/train.sh {lr} {seed}",
}

function run(helper, cfg)
  for p in xpm.grid { lr = cfg.lr, seed = { 1, 2, 3 } } do
    Train(p):submit()
  end
end
