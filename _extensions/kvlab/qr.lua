-- A QR code of an address (ISO/IEC 18004): byte mode, error correction M, versions 1 to 10, which hold 213 bytes. The address
-- is the author's and known only when a book is rendered, so the code is computed there, with nothing to install.

local qr = {}

-- By version: all codewords, those for correction in each block, and the number of blocks (table 9, level M).
local CODEWORDS = { 26, 44, 70, 100, 134, 172, 196, 242, 292, 346 }
local CORRECTION = { 10, 16, 26, 18, 24, 16, 18, 22, 22, 26 }
local BLOCKS = { 1, 1, 1, 2, 2, 4, 4, 4, 5, 5 }
-- Centres of the alignment patterns (annex E).
local ALIGNMENT = { {}, { 6, 18 }, { 6, 22 }, { 6, 26 }, { 6, 30 }, { 6, 34 }, { 6, 22, 38 }, { 6, 24, 42 }, { 6, 26, 46 }, { 6, 28, 50 } }
local LEVEL_M = 0
local QUIET = 4 -- modules of white on each side

-- --- Bits and bytes ------------------------------------------------------------------------------------------------------

local function data_codewords(version)
  return CODEWORDS[version] - CORRECTION[version] * BLOCKS[version]
end

local function fitting_version(length)
  for version = 1, 10 do
    local header_bits = 4 + (version < 10 and 8 or 16)
    if header_bits + 8 * length <= 8 * data_codewords(version) then return version end
  end
end

-- Mode, length, the bytes, and filling up to the number of data codewords.
local function encoded(text, version)
  local bits = {}
  local function put(value, count)
    for i = count - 1, 0, -1 do bits[#bits + 1] = (value >> i) & 1 end
  end
  put(4, 4)
  put(#text, version < 10 and 8 or 16)
  for i = 1, #text do put(text:byte(i), 8) end
  local room = 8 * data_codewords(version)
  put(0, math.min(4, room - #bits))
  put(0, -#bits % 8)
  local filler = 0xEC
  while #bits < room do
    put(filler, 8)
    filler = filler ~ 0xEC ~ 0x11
  end
  local bytes = {}
  for i = 1, #bits, 8 do
    local byte = 0
    for j = i, i + 7 do byte = byte << 1 | bits[j] end
    bytes[#bytes + 1] = byte
  end
  return bytes
end

-- --- Reed-Solomon over GF(256), x^8 + x^4 + x^3 + x^2 + 1 ------------------------------------------------------------------

local function times(a, b)
  local product = 0
  while b > 0 do
    if b & 1 == 1 then product = product ~ a end
    a = a << 1
    if a > 255 then a = a ~ 0x11D end
    b = b >> 1
  end
  return product
end

-- The generator polynomial of a degree, without its leading 1.
local function generator(degree)
  local found, root = {}, 1
  for i = 1, degree do found[i] = i == degree and 1 or 0 end
  for _ = 1, degree do
    for i = 1, degree do
      found[i] = times(found[i], root)
      if i < degree then found[i] = found[i] ~ found[i + 1] end
    end
    root = times(root, 2)
  end
  return found
end

local function correction(data, divisor)
  local rest = {}
  for i = 1, #divisor do rest[i] = 0 end
  for _, byte in ipairs(data) do
    local factor = byte ~ table.remove(rest, 1)
    rest[#divisor] = 0
    for i, term in ipairs(divisor) do rest[i] = rest[i] ~ times(term, factor) end
  end
  return rest
end

-- The blocks of data and of correction, read across: the first byte of each, then the second of each, and so on.
local function interleaved(bytes, version)
  local count, divisor = BLOCKS[version], generator(CORRECTION[version])
  local short, long = #bytes // count, #bytes % count
  local parts, checks, from = {}, {}, 1
  for i = 1, count do
    local length = short + (i > count - long and 1 or 0)
    parts[i] = table.move(bytes, from, from + length - 1, 1, {})
    checks[i] = correction(parts[i], divisor)
    from = from + length
  end
  local woven = {}
  for _, blocks in ipairs({ parts, checks }) do
    for i = 1, math.max(short + 1, #divisor) do
      for _, block in ipairs(blocks) do woven[#woven + 1] = block[i] end
    end
  end
  return woven
end

-- --- The square ----------------------------------------------------------------------------------------------------------

-- An empty square with everything in it that is no data; rows and columns count from 0. `fixed` marks those modules.
local function frame(version)
  local size = 17 + 4 * version
  local dark, fixed = {}, {}
  for y = 0, size - 1 do dark[y], fixed[y] = {}, {} end
  local function set(x, y, is_dark)
    if x >= 0 and y >= 0 and x < size and y < size then dark[y][x], fixed[y][x] = is_dark, true end
  end
  for i = 0, size - 1 do
    set(6, i, i % 2 == 0)
    set(i, 6, i % 2 == 0)
  end
  for _, corner in ipairs({ { 3, 3 }, { size - 4, 3 }, { 3, size - 4 } }) do
    for dy = -4, 4 do
      for dx = -4, 4 do
        local ring = math.max(math.abs(dx), math.abs(dy))
        set(corner[1] + dx, corner[2] + dy, ring ~= 2 and ring ~= 4)
      end
    end
  end
  local centres = ALIGNMENT[version]
  for i, x in ipairs(centres) do
    for j, y in ipairs(centres) do
      local in_corner = (i == 1 and (j == 1 or j == #centres)) or (i == #centres and j == 1)
      if not in_corner then
        for dy = -2, 2 do
          for dx = -2, 2 do set(x + dx, y + dy, math.max(math.abs(dx), math.abs(dy)) ~= 1) end
        end
      end
    end
  end
  return { size = size, dark = dark, fixed = fixed, set = set }
end

-- A code word's remainder for its generator: ten digits for the format, twelve for the version.
local function checked(value, polynomial, digits)
  local rest = value
  for _ = 1, digits do rest = (rest << 1) ~ ((rest >> (digits - 1)) & 1) * polynomial end
  return value << digits | rest & ((1 << digits) - 1)
end

local function write_format(square, mask)
  local bits = checked(LEVEL_M << 3 | mask, 0x537, 10) ~ 0x5412
  local size, set = square.size, square.set
  for i = 0, 14 do
    local is_dark = bits >> i & 1 == 1
    if i < 6 then set(8, i, is_dark) elseif i < 8 then set(8, i + 1, is_dark) elseif i == 8 then set(7, 8, is_dark) else set(14 - i, 8, is_dark) end
    if i < 8 then set(size - 1 - i, 8, is_dark) else set(8, size - 15 + i, is_dark) end
  end
  set(8, size - 8, true)
end

local function write_version(square, version)
  if version < 7 then return end
  local bits = checked(version, 0x1F25, 12)
  for i = 0, 17 do
    local a, b = square.size - 11 + i % 3, i // 3
    square.set(a, b, bits >> i & 1 == 1)
    square.set(b, a, bits >> i & 1 == 1)
  end
end

-- Data runs in columns two wide from the right, up and down in turn, around what is fixed.
local function write_data(square, bytes)
  local size, i = square.size, 0
  for right = size - 1, 1, -2 do
    if right <= 6 then right = right - 1 end
    for step = 0, size - 1 do
      local upward = (right + 1) & 2 == 0
      local y = upward and size - 1 - step or step
      for x = right, right - 1, -1 do
        if not square.fixed[y][x] then
          local byte = bytes[(i >> 3) + 1]
          square.dark[y][x] = byte ~= nil and byte >> (7 - (i & 7)) & 1 == 1
          i = i + 1
        end
      end
    end
  end
end

local MASKS = {
  [0] = function(x, y) return (x + y) % 2 end,
  function(_, y) return y % 2 end,
  function(x) return x % 3 end,
  function(x, y) return (x + y) % 3 end,
  function(x, y) return (x // 3 + y // 2) % 2 end,
  function(x, y) return x * y % 2 + x * y % 3 end,
  function(x, y) return (x * y % 2 + x * y % 3) % 2 end,
  function(x, y) return ((x + y) % 2 + x * y % 3) % 2 end,
}

local function masked(square, mask)
  local rows = {}
  for y = 0, square.size - 1 do
    local row = {}
    for x = 0, square.size - 1 do
      local is_dark = square.dark[y][x]
      if not square.fixed[y][x] and MASKS[mask](x, y) == 0 then is_dark = not is_dark end
      row[x + 1] = is_dark and "1" or "0"
    end
    rows[y + 1] = table.concat(row)
  end
  return rows
end

-- --- How hard a pattern is to read (8.8.2): the mask with the least is taken ------------------------------------------------

local function occurrences(line, pattern)
  local count, from = 0, 1
  while true do
    local found = line:find(pattern, from, true)
    if not found then return count end
    count, from = count + 1, found + 1
  end
end

local function line_penalty(line)
  local points = 0
  for run in (line:gsub("01", "0 1"):gsub("10", "1 0")):gmatch("%d+") do
    if #run >= 5 then points = points + #run - 2 end
  end
  return points + 40 * (occurrences(line, "10111010000") + occurrences(line, "00001011101"))
end

local function penalty(rows)
  local size, points, dark = #rows, 0, 0
  for i = 1, size do
    local column = {}
    for y = 1, size do column[y] = rows[y]:sub(i, i) end
    points = points + line_penalty(rows[i]) + line_penalty(table.concat(column))
    dark = dark + select(2, rows[i]:gsub("1", ""))
    for x = 1, i > 1 and size - 1 or 0 do
      local pair = rows[i]:sub(x, x + 1)
      if (pair == "00" or pair == "11") and rows[i - 1]:sub(x, x + 1) == pair then points = points + 3 end
    end
  end
  return points + 10 * (math.abs(20 * dark - 10 * size * size) // (size * size))
end

-- The code of a text as rows of "0" and "1", nil if the text is longer than 213 bytes.
function qr.matrix(text)
  local version = fitting_version(#text)
  if not version then return nil end
  local bytes = interleaved(encoded(text, version), version)
  local best, least
  for mask = 0, 7 do
    local square = frame(version)
    write_format(square, mask)
    write_version(square, version)
    write_data(square, bytes)
    local rows = masked(square, mask)
    local points = penalty(rows)
    if not least or points < least then best, least = rows, points end
  end
  return best
end

-- --- Drawn with what every typesetter has: black bars ----------------------------------------------------------------------

local SIDE_MM = 26

-- Each run of dark modules as (x, y, width), counted from the top left, quiet zone included.
local function bars(rows)
  local found = {}
  for y, row in ipairs(rows) do
    for from, to in row:gmatch("()1+()") do found[#found + 1] = { from - 1 + QUIET, y - 1 + QUIET, to - from } end
  end
  return found, #rows + 2 * QUIET
end

-- As a picture environment.
function qr.latex(rows)
  local found, side = bars(rows)
  local lines = { string.format("{\\setlength{\\unitlength}{%.4fmm}\\begin{picture}(%d,%d)", SIDE_MM / side, side, side) }
  for _, bar in ipairs(found) do
    lines[#lines + 1] = string.format("\\put(%d,%d){\\rule{%d\\unitlength}{\\unitlength}}", bar[1], side - bar[2] - 1, bar[3])
  end
  return table.concat(lines, "%\n") .. "\\end{picture}}"
end

-- As a box of rectangles.
function qr.typst(rows)
  local found, side = bars(rows)
  local list = {}
  for i, bar in ipairs(found) do list[i] = string.format("(%d, %d, %d),", bar[1], bar[2], bar[3]) end
  return string.format(
    "#{ let u = %.4fmm; box(width: %d * u, height: %d * u, fill: white, for (x, y, w) in (%s) { "
      .. "place(top + left, dx: x * u, dy: y * u, rect(width: w * u, height: u, fill: black, stroke: none)) }) }",
    SIDE_MM / side, side, side, table.concat(list, " ")
  )
end

return qr
