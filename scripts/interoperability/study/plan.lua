-- The classes of study/tasks.py.
local xpm = require "xpm"

local function class(name) return "study.tasks:" .. name end
local Activation = xpm.enum { id = class "Activation", "RELU", "TANH" }
local Layer = xpm.config {
  id = "study.layer",
  python = class "Layer",
  params = { width = xpm.int, activation = Activation { default = "RELU" } },
}
local Encoder = xpm.config {
  id = "study.encoder",
  python = class "Encoder",
  params = {
    layers = xpm.list(Layer),
    heads = xpm.map(xpm.string, Layer),
    dropout = xpm.float { default = 0, ignore_default = true },
    note = xpm.optional(xpm.string) { meta = true },
  },
}
local Corpus = xpm.prepare { id = "study.corpus", python = class "Corpus", params = { name = xpm.string } }
local Seed = xpm.lightweight_task { id = "study.seed", python = class "Seed", params = { seed = xpm.int } }
local Checkpoint = xpm.config {
  id = "study.checkpoint",
  python = class "Checkpoint",
  params = { encoder = Encoder, epoch = xpm.int, path = xpm.path { meta = true } },
}
local Learn = xpm.resumable_task {
  id = "study.learn",
  python = class "Learn",
  params = {
    encoder = Encoder,
    corpus = Corpus,
    epochs = xpm.int { groups = { "length" } },
    rate = xpm.float,
    state = xpm.job_path { "state.json", partial = xpm.partial { name = "shared", exclude_groups = { "length" } } },
  },
  checkpoint = function(self, dep, values)
    return dep(Checkpoint { encoder = self.encoder, epoch = values.epoch, path = values.path })
  end,
}
local Validate = xpm.task {
  id = "study.validate",
  python = class "Validate",
  params = { checkpoint = Checkpoint, names = xpm.list(xpm.string), report = xpm.job_path "report.json" },
}

local function run(helper)
  local xp = helper.xp
  xp:token("memory", 1)
  local corpus = Corpus { name = helper.args[1] }
  for _, rate in ipairs { 0.1, 0.01 } do
    for epochs = 1, 2 do
      local encoder = Encoder {
        layers = { Layer { width = 3 }, Layer { width = 4, activation = "TANH" } },
        heads = { first = Layer { width = 5 }, second = Layer { width = 6 } },
        note = "of no account",
      }
      local learn = Learn { encoder = encoder, corpus = corpus, epochs = xpm.tag(epochs), rate = xpm.tag(rate) }
      learn:watch_output("checkpoint", function(checkpoint)
        Validate { checkpoint = checkpoint, names = { "a", "b" } }:submit()
      end)
      learn:submit { init_tasks = { Seed { seed = 4 } }, tokens = { memory = 1 } }
    end
  end
end

return xpm.experiment { run = run }
