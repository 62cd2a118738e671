#include <cstdlib>
#include <lua.hpp>
#include <memory>

#include "control/import/form/words.h"
#include "control/import/readers/dnsdist/calls.h"

namespace penstock::imports {
namespace {

constexpr size_t kMostMemory = size_t{256} << 20;
constexpr int kInstructionsAtOnce = 100'000;
constexpr int kMostTurns = 500;  // of so many instructions
constexpr int kDeepestRule = 16;

struct Run {
  Source& source;
  const Files& files;
  std::string top;
  size_t memory = 0;
  int turns = 0;
  std::vector<DnsdistCall> calls = {};
};

void* allocate(void* user, void* old, size_t old_size, size_t size) {
  auto& memory = static_cast<Run*>(user)->memory;
  const size_t before = old == nullptr ? 0 : old_size;
  if (size == 0) {
    memory -= before;
    std::free(old);
    return nullptr;
  }
  if (memory - before + size > kMostMemory) return nullptr;
  void* const result = std::realloc(old, size);
  if (result != nullptr) memory = memory - before + size;
  return result;
}

Run& run_of(lua_State* lua) {
  void* user = nullptr;
  lua_getallocf(lua, &user);
  return *static_cast<Run*>(user);
}

// Once it has run too long every further step is an error, so that no pcall() holds it up.
void count(lua_State* lua, lua_Debug*) {
  if (++run_of(lua).turns <= kMostTurns) return;
  lua_sethook(lua, count, LUA_MASKCOUNT, 1);
  luaL_where(lua, 0);
  lua_pushstring(lua, "it runs too long: an import ends after 50 million steps");
  lua_concat(lua, 2);
  lua_error(lua);
}

// Where the configuration itself is, past the stand-ins.
Where where_of(lua_State* lua) {
  const Run& run = run_of(lua);
  lua_Debug at;
  for (int level = 0; lua_getstack(lua, level, &at) != 0; ++level) {
    lua_getinfo(lua, "Sl", &at);
    if (at.source[0] != '@' || at.currentline < 0) continue;
    for (size_t i = 0; i < run.source.files.size(); ++i)
      if (run.source.files[i] == at.source + 1)
        return {static_cast<uint32_t>(i), static_cast<uint32_t>(at.currentline)};
  }
  return {};
}

std::vector<std::string> texts_at(lua_State* lua, int table, const char* name) {
  std::vector<std::string> texts;
  lua_getfield(lua, table, name);
  if (lua_istable(lua, -1)) {
    const auto size = static_cast<lua_Integer>(lua_rawlen(lua, -1));
    for (lua_Integer i = 1; i <= size; ++i) {
      lua_rawgeti(lua, -1, i);
      size_t length = 0;
      const char* const text = lua_isstring(lua, -1) != 0 ? lua_tolstring(lua, -1, &length) : nullptr;
      texts.emplace_back(text == nullptr ? std::string() : std::string(text, length));
      lua_pop(lua, 1);
    }
  }
  lua_pop(lua, 1);
  return texts;
}

DnsdistRule rule_at(lua_State* lua, int table, int depth) {
  DnsdistRule rule;
  lua_getfield(lua, table, "kind");
  if (const char* const kind = lua_tostring(lua, -1)) rule.kind = kind;
  lua_pop(lua, 1);
  rule.texts = texts_at(lua, table, "texts");
  lua_getfield(lua, table, "inner");
  if (lua_istable(lua, -1) && depth < kDeepestRule && lua_checkstack(lua, 8) != 0) {
    const auto size = static_cast<lua_Integer>(lua_rawlen(lua, -1));
    for (lua_Integer i = 1; i <= size; ++i) {
      lua_rawgeti(lua, -1, i);
      if (lua_istable(lua, -1)) rule.inner.push_back(rule_at(lua, lua_gettop(lua), depth + 1));
      lua_pop(lua, 1);
    }
  }
  lua_pop(lua, 1);
  return rule;
}

// record{what = ..., texts = {...}} in the prelude; gives the number of the call.
int record(lua_State* lua) {
  Run& run = run_of(lua);
  DnsdistCall call;
  call.where = where_of(lua);
  lua_getfield(lua, 1, "what");
  call.what = lua_tostring(lua, -1);
  lua_pop(lua, 1);
  call.texts = texts_at(lua, 1, "texts");
  call.pools = texts_at(lua, 1, "pools");
  lua_getfield(lua, 1, "rule");
  if (lua_istable(lua, -1)) call.rule = rule_at(lua, lua_gettop(lua), 0);
  lua_pop(lua, 1);
  run.calls.push_back(std::move(call));
  lua_pushinteger(lua, static_cast<lua_Integer>(run.calls.size() - 1));
  return 1;
}

// The text of an own file. lua_error() jumps, so nothing of ours may be alive then.
int read_file(lua_State* lua) {
  luaL_checkstring(lua, 1);
  {
    Run& run = run_of(lua);
    const std::string name = lua_tostring(lua, 1);
    const std::string path = name == run.top ? name : beside(run.top, name);
    if (const auto text = run.files.read(path)) {
      run.source.add_file(name);
      lua_pushlstring(lua, text->data(), text->size());
      return 1;
    }
  }
  return luaL_error(lua, "%s cannot be read: put it there, or take out the line that names it", lua_tostring(lua, 1));
}

int files_of(lua_State* lua) {
  Run& run = run_of(lua);
  lua_newtable(lua);
  lua_Integer number = 0;
  for (const std::string& path : run.files.glob(beside(run.top, std::string(luaL_checkstring(lua, 1)) + "/*.conf"))) {
    lua_pushlstring(lua, path.data(), path.size());
    lua_rawseti(lua, -2, ++number);
  }
  return 1;
}

void open_libraries(lua_State* lua) {
  struct Library {
    const char* name;
    lua_CFunction open;
  };
  for (const Library& one :
       {Library{"_G", luaopen_base}, {"table", luaopen_table}, {"string", luaopen_string}, {"math", luaopen_math}}) {
    luaL_requiref(lua, one.name, one.open, 1);
    lua_pop(lua, 1);
  }
}

// "file:12: what is wrong". Of a long name Lua has the end only, "...file:12: what is wrong".
void remark_error(Run& run, std::string text) {
  for (size_t i = 0; i < run.source.files.size(); ++i) {
    const std::string& file = run.source.files[i];
    const size_t colon = text.find(':');
    const bool is_end =
        colon != std::string::npos && text.starts_with("...") && file.ends_with(text.substr(3, colon - 3));
    if (!is_end && !text.starts_with(file + ":")) continue;
    const size_t start = (is_end ? colon : file.size()) + 1;
    const auto line = static_cast<uint32_t>(std::strtoul(text.c_str() + start, nullptr, 10));
    return run.source.broken({static_cast<uint32_t>(i), line},
                             text.substr(std::min(text.find(": ", start) + 2, text.size())));
  }
  run.source.broken({static_cast<uint32_t>(run.source.files.size() - 1), 0}, std::move(text));
}

int run_protected(lua_State* lua) {
  open_libraries(lua);
  if (luaL_loadbufferx(lua, kDnsdistPrelude, std::char_traits<char>::length(kDnsdistPrelude), "=stand-ins", "t") !=
      LUA_OK)
    return lua_error(lua);
  lua_pushcfunction(lua, record);
  lua_pushcfunction(lua, read_file);
  lua_pushcfunction(lua, files_of);
  lua_call(lua, 3, 1);
  lua_sethook(lua, count, LUA_MASKCOUNT, kInstructionsAtOnce);
  lua_pushvalue(lua, 1);
  lua_call(lua, 1, 0);
  return 0;
}

}  // namespace

std::vector<DnsdistCall> run_dnsdist_lua(Source& source, const Files& files, const std::string& path) {
  Run run{source, files, path};
  const std::unique_ptr<lua_State, decltype(&lua_close)> lua(lua_newstate(allocate, &run), lua_close);
  if (!lua) {
    source.broken({}, "there is no memory to run it in");
    return {};
  }
  lua_pushcfunction(lua.get(), run_protected);
  lua_pushlstring(lua.get(), path.data(), path.size());
  if (lua_pcall(lua.get(), 1, 0, 0) != LUA_OK) {
    const char* const text = lua_tostring(lua.get(), -1);
    if (source.files.empty()) source.add_file(path);
    remark_error(run, text == nullptr ? "it fails without a word" : text);
  }
  return std::move(run.calls);
}

}  // namespace penstock::imports
