-- Fisher's irises: split the flowers, train a softmax regression by gradient descent, evaluate it; over learning rates,
-- lengths of training and seeds.
local xpm = require "xpm"
local flowers = require "flowers"
local softmax = require "softmax"

local Split = xpm.task {
  id = "iris.split",
  help = "Divides the flowers into a training and a test set, each species alike",
  params = {
    seed = xpm.int { help = "Seed of the shuffling" },
    test_share = xpm.float { default = 0.3, min = 0, max = 1 },
    train = xpm.job_path "train.csv",
    test = xpm.job_path "test.csv",
  },
  sources = { "iris.csv" },
  execute = function(self)
    local train, test = flowers.split(flowers.read(self.here .. "/iris.csv"), self.test_share, self.seed)
    flowers.write(self.train, train)
    flowers.write(self.test, test)
    self:log(("%d flowers to train with, %d to test"):format(#train, #test))
  end,
}

local Train = xpm.task {
  id = "iris.train",
  help = "Trains a softmax regression by gradient descent",
  params = {
    split = Split,
    learning_rate = xpm.float,
    epochs = xpm.int { default = 300, min = 1 },
    weights = xpm.job_path "weights.csv",
    version = xpm.constant "1",
  },
  validate = function(self)
    assert(self.learning_rate > 0, "learning_rate must be positive")
  end,
  execute = function(self)
    local model = softmax.new(4, flowers.species)
    local data = flowers.read(self.split.train)
    for epoch = 1, self.epochs do
      local loss = model:step(data, self.learning_rate)
      if epoch % 10 == 0 then
        self:progress(epoch / self.epochs, ("epoch %d, loss %.4f"):format(epoch, loss))
      end
    end
    model:save(self.weights)
  end,
}

local Evaluate = xpm.task {
  id = "iris.evaluate",
  help = "The share of test flowers whose species the model tells",
  params = { trained = Train },
  execute = function(self)
    local model = softmax.load(self.trained.weights, flowers.species)
    self:result { accuracy = model:accuracy(flowers.read(self.trained.split.test)) }
  end,
}

local Configuration = xpm.configuration {
  learning_rates = xpm.list(xpm.float) { default = { 0.1 }, help = "Learning rates to try" },
  epochs = xpm.list(xpm.int) { default = { 150 }, help = "How long to train" },
  seeds = xpm.list(xpm.int) { default = { 1 }, help = "Seeds of the split" },
}

local function run(helper, cfg)
  for p in xpm.grid { learning_rate = cfg.learning_rates, epochs = cfg.epochs, seed = cfg.seeds } do
    local split = Split { seed = p.seed }:submit()
    local trained = Train { split = split, learning_rate = p.learning_rate, epochs = p.epochs }:submit()
    Evaluate { trained = trained }:submit()
  end
end

return xpm.experiment { configuration = Configuration, run = run }
