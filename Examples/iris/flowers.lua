-- Reading, writing and splitting of the flowers.
local M = { species = { "setosa", "versicolor", "virginica" } }

--- The flowers of a CSV file: lists of four measures, with `species`.
function M.read(path)
  local rows = {}
  for line in io.lines(path) do
    local a, b, c, d, species = line:match "^([%d.]+),([%d.]+),([%d.]+),([%d.]+),(%a+)$"
    if species then
      rows[#rows + 1] = { tonumber(a), tonumber(b), tonumber(c), tonumber(d), species = species }
    end
  end
  return rows
end

function M.write(path, rows)
  local file = assert(io.open(path, "w"))
  file:write "sepal_length,sepal_width,petal_length,petal_width,species\n"
  for _, row in ipairs(rows) do
    file:write(("%s,%s,%s,%s,%s\n"):format(row[1], row[2], row[3], row[4], row.species))
  end
  assert(file:close())
end

--- Two lists: of each species, a share for the test, chosen by the seed.
function M.split(rows, test_share, seed)
  math.randomseed(seed)
  local train, test = {}, {}
  for _, species in ipairs(M.species) do
    local group = {}
    for _, row in ipairs(rows) do
      if row.species == species then
        group[#group + 1] = row
      end
    end
    for last = #group, 2, -1 do
      local other = math.random(last)
      group[last], group[other] = group[other], group[last]
    end
    local tested = math.floor(#group * test_share + 0.5)
    for position, row in ipairs(group) do
      table.insert(position <= tested and test or train, row)
    end
  end
  return train, test
end

return M
