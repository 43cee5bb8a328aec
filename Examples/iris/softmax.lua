-- A softmax regression, trained by full gradient descent on the mean cross-entropy.
local M = {}
M.__index = M

--- A model with all weights 0; one row of weights a class, the bias last.
function M.new(inputs, classes)
  local weights = {}
  for class = 1, #classes do
    weights[class] = {}
    for input = 1, inputs + 1 do
      weights[class][input] = 0.0
    end
  end
  return setmetatable({ weights = weights, classes = classes, inputs = inputs }, M)
end

--- The probability of each class.
function M:probabilities(row)
  local scores, greatest = {}, -math.huge
  for class, weights in ipairs(self.weights) do
    local score = weights[self.inputs + 1]
    for input = 1, self.inputs do
      score = score + weights[input] * row[input]
    end
    scores[class] = score
    greatest = math.max(greatest, score)
  end
  local total = 0.0
  for class, score in ipairs(scores) do
    scores[class] = math.exp(score - greatest)
    total = total + scores[class]
  end
  for class in ipairs(scores) do
    scores[class] = scores[class] / total
  end
  return scores
end

--- One step down the gradient; returns the loss before it.
function M:step(rows, learning_rate)
  local gradient = M.new(self.inputs, self.classes).weights
  local loss = 0.0
  for _, row in ipairs(rows) do
    local probabilities = self:probabilities(row)
    for class, name in ipairs(self.classes) do
      local is_right = row.species == name
      if is_right then
        loss = loss - math.log(math.max(probabilities[class], 1e-300))
      end
      local error = probabilities[class] - (is_right and 1 or 0)
      for input = 1, self.inputs do
        gradient[class][input] = gradient[class][input] + error * row[input]
      end
      gradient[class][self.inputs + 1] = gradient[class][self.inputs + 1] + error
    end
  end
  for class, weights in ipairs(self.weights) do
    for input in ipairs(weights) do
      weights[input] = weights[input] - learning_rate * gradient[class][input] / #rows
    end
  end
  return loss / #rows
end

--- The share of rows whose most probable class is theirs.
function M:accuracy(rows)
  local right = 0
  for _, row in ipairs(rows) do
    local probabilities = self:probabilities(row)
    local best = 1
    for class = 2, #probabilities do
      if probabilities[class] > probabilities[best] then
        best = class
      end
    end
    if self.classes[best] == row.species then
      right = right + 1
    end
  end
  return right / #rows
end

function M:save(path)
  local file = assert(io.open(path, "w"))
  for _, weights in ipairs(self.weights) do
    local texts = {}
    for input, weight in ipairs(weights) do
      texts[input] = ("%.17g"):format(weight)
    end
    file:write(table.concat(texts, ","), "\n")
  end
  assert(file:close())
end

function M.load(path, classes)
  local model = M.new(4, classes)
  local class = 0
  for line in io.lines(path) do
    class = class + 1
    local input = 0
    for text in line:gmatch "[^,]+" do
      input = input + 1
      model.weights[class][input] = tonumber(text)
    end
  end
  return model
end

return M
