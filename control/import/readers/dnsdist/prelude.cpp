#include "control/import/readers/dnsdist/calls.h"

namespace penstock::imports {

// `record` and `read_file` are ours (dnsdist_lua.cpp). A call of anything that dnsdist may have and this list has not is recorded as lost.
const char* const kDnsdistPrelude = R"lua(
local record, read_file, files_of = ...
local load, rawget, setmetatable, concat = load, rawget, setmetatable, table.concat
local function list(value)
  if value == nil then return {} end
  if type(value) ~= "table" then return {tostring(value)} end
  if value.texts then return value.texts end
  local out = {}
  for _, one in ipairs(value) do
    for _, text in ipairs(list(one)) do out[#out + 1] = text end
  end
  return out
end
local function set(value)
  local object = {texts = {}}
  local function add(self, more)
    for _, text in ipairs(list(more)) do self.texts[#self.texts + 1] = text end
  end
  object.add, object.addMask, object.addMasks, object.addNMG = add, add, add, add
  if value ~= nil then add(object, value) end
  return setmetatable(object, {__index = function(_, name)
    return function()
      if name ~= "size" and name ~= "check" and name ~= "match" and name ~= "toString" and name ~= "empty" then
        record{what = "lost", texts = {name .. "() of a set has no equivalent: the set is read without it"}}
      end
    end
  end})
end
local anything = setmetatable({}, {})
getmetatable(anything).__index = function() return function() return anything end end
getmetatable(anything).__call = function() return anything end

-- Some rules have methods: of those that are not known each gives the rule.
local itself = {__index = function() return function(self) return self end end}
local function rule(kind, texts, inner)
  local made = {kind = kind, texts = texts or {}, inner = inner or {}}
  return kind == "other" and setmetatable(made, itself) or made
end
local function is_network(text) return text:find("/") ~= nil or text:find("^[%d.]+$") ~= nil or text:find(":") ~= nil end
local function as_rule(value)
  if type(value) == "table" and value.kind then return value end
  local names, networks = {}, {}
  for _, text in ipairs(list(value)) do
    local into = is_network(text) and networks or names
    into[#into + 1] = text
  end
  if #networks == 0 then return rule("suffix", names) end
  if #names > 0 then
    record{what = "lost", texts = {"of networks and names in one table dnsdist throws the names away: " .. concat(names, ", ")}}
  end
  return rule("net", networks)
end
local function rules(value)
  local out = {}
  for _, one in ipairs(value) do out[#out + 1] = as_rule(one) end
  return out
end
local function known_as(name, texts) return {action = name, texts = texts or {}} end

newSuffixMatchNode, newNMG, newDNSNameSet = set, set, set
function newDNSName(text) return text end
function AllRule() return rule("all") end
function QNameSuffixRule(names) return rule("suffix", list(names)) end
SuffixMatchNodeRule = QNameSuffixRule
function QNameRule(name) return rule("name", list(name)) end
QNameSetRule = QNameRule
function NetmaskGroupRule(networks, source)
  if source == false then return rule("other", {"NetmaskGroupRule of the destination"}) end
  return rule("net", list(networks))
end
function makeRule(value) return as_rule(value) end
function AndRule(value) return rule("and", {}, rules(value)) end
function OrRule(value) return rule("or", {}, rules(value)) end
function NotRule(value) return rule("not", {}, {as_rule(value)}) end

function PoolAction(pool, stop) return known_as(stop == false and "choose pool" or "pool", {pool}) end
function ContinueAction(inner)
  if type(inner) == "table" and (inner.action == "pool" or inner.action == "choose pool") then return known_as("choose pool", inner.texts) end
  return known_as("goes on", {"ContinueAction"})
end
function NegativeAndSOAAction(is_nxdomain) return known_as("rcode", {is_nxdomain and "nxdomain" or "noerror"}) end
SetNegativeAndSOAAction = NegativeAndSOAAction
function RCodeAction(code) return known_as("rcode", {tostring(code)}) end
function SpoofAction(a, b)
  local texts = list(a)
  if type(b) == "string" then texts[#texts + 1] = b end
  return known_as("spoof", texts)
end
function DropAction() return known_as("drop") end
function AllowAction() return known_as("allow") end
for _, name in ipairs{"LogAction", "NoRecurseAction", "DisableECSAction", "SetECSAction", "SetDisableECSAction",
                      "SkipCacheAction", "SetSkipCacheAction", "DelayAction", "NoneAction", "SNMPTrapAction", "SetNoRecurseAction",
                      "DisableValidationAction", "SetDisableValidationAction", "RemoteLogAction", "DnstapLogAction", "KeyValueStoreLookupAction",
                      "SetECSOverrideAction", "SetECSPrefixLengthAction", "SetTempFailureCacheTTLAction", "SetMaxReturnedTTLAction", "TeeAction"} do
  _G[name] = function() return known_as("goes on", {name}) end
end

function SetTagAction(tag, value) return known_as("tag", {tag, value or ""}) end
TagAction = SetTagAction
function TagRule(tag, value) return rule("tag", value == nil and {tag} or {tag, value}) end

function addAction(selector, action)
  if type(action) ~= "table" or not action.action then action = known_as("other", {"a function"}) end
  local texts = {action.action}
  for _, text in ipairs(action.texts) do texts[#texts + 1] = tostring(text) end
  record{what = "action", texts = texts, rule = as_rule(selector)}
end
function addPoolRule(selector, pool) addAction(selector, PoolAction(pool)) end
function addDomainSpoof(domain, a, b) addAction(domain, SpoofAction(a, b)) end
function addDomainBlock(domain) addAction(domain, DropAction()) end

function newServer(value, more)
  local options = type(value) == "table" and value or {address = value}
  local pools = options.pool and list(options.pool) or {""}
  local call = {what = "server", pools = pools,
                texts = {tostring(options.address), (options.tls or options.dohPath) and "tls" or "", tostring(options.order or 1)}}
  local number = record(call)
  local function lost(text) record{what = "lost", texts = {text}} end
  if options.useClientSubnet then lost("clients' subnets are not passed on: write 'ecs: add' at the pool") end
  if options.source then lost("the source '" .. tostring(options.source) .. "' is left out: write 'source: ADDRESS' at the pool if it matters") end
  if options.weight and tostring(options.weight) ~= "1" then lost("the weight " .. tostring(options.weight) .. " is left out: write 'weight:' at the endpoint") end
  return setmetatable({addPool = function(_, pool) record{what = "add pool", texts = {tostring(number), tostring(pool)}} end},
                      {__index = function(_, name)
                        if name == "setDown" then return function() lost("this server is set down by setDown(): leave it out of the pool") end end
                        return function() return anything end
                      end})
end
function setLocal(address) record{what = "listen", texts = {tostring(address)}} end
addLocal = setLocal
function addTLSLocal() record{what = "lost", texts = {"clients are not served over TLS"}} end
function addDOHLocal() record{what = "lost", texts = {"clients are not served over HTTPS"}} end
addDNSCryptBind = function() record{what = "lost", texts = {"clients are not served by DNSCrypt"}} end
function dynBlockRulesGroup()
  record{what = "lost", texts = {"dynamic blocks have no equivalent: 'clients: {rate_per_client: N}' limits each client"}}
  return anything
end
function setACL(networks) record{what = "new acl", texts = list(networks)} end
function addACL(network) record{what = "acl", texts = list(network)} end
firstAvailable, wrandom, whashed, chashed, roundrobin, leastOutstanding = "firstAvailable", "wrandom", "whashed", "chashed", "roundrobin", "leastOutstanding"
function setServerPolicy(policy) record{what = "policy", texts = {tostring(policy)}} end
function setPoolServerPolicy(policy, pool) record{what = "policy", texts = {tostring(policy), tostring(pool)}} end
function newPacketCache() return anything end
function getPool(name)
  return setmetatable({setCache = function() record{what = "cache", texts = {tostring(name)}} end}, {__index = function() return function() end end})
end

local function run(path)
  local text = read_file(path)
  local chunk, problem = load(text, "@" .. path, "t")
  if not chunk then error(problem, 0) end
  return chunk()
end
dofile = run
function includeDirectory(folder)
  for _, path in ipairs(files_of(folder)) do run(path) end
end
print = function() end
infolog, warnlog, errlog, vinfolog = print, print, print, print

local quiet = {truncateTC = 1, fixupCase = 1, setVerbose = 1, controlSocket = 1, setKey = 1, webserver = 1, setWebserverConfig = 1, carbonServer = 1, setSyslogFacility = 1,
               setSecurityPollSuffix = 1, setMaxTCPClientThreads = 1, setMaxUDPOutstanding = 1, setVerboseHealthChecks = 1, addConsoleACL = 1,
               setConsoleACL = 1, setRingBuffersSize = 1, setRingBuffersLockRetries = 1, setUDPTimeout = 1, setTCPRecvTimeout = 1,
               setTCPSendTimeout = 1, setECSOverride = 1, setStaleCacheEntriesTTL = 1, setServFailWhenNoServer = 1, includeDirectory = 1,
               newRemoteLogger = 1, newFrameStreamTcpLogger = 1, newFrameStreamUnixLogger = 1, newCDBKVStore = 1, newLMDBKVStore = 1,
               setMaxTCPQueuedConnections = 1, setMaxTCPConnectionsPerClient = 1, setWHashedPertubation = 1, newRuleAction = 1}
-- Finalizers run without the limit of instructions.
_G.setmetatable = function(object, meta)
  if type(meta) == "table" and rawget(meta, "__gc") ~= nil then error("__gc is not allowed here", 2) end
  return setmetatable(object, meta)
end
for _, name in ipairs{"load", "loadfile", "loadstring", "collectgarbage", "rawset", "rawget"} do _G[name] = nil end
local enum = setmetatable({}, {__index = function(_, name) return name end})
DNSRCode, DNSQType, DNSClass, DNSAction, DNSOpcode, DNSSection, DNSResponseAction = enum, enum, enum, enum, enum, enum, enum
setmetatable(_G, {__metatable = false, __index = function(_, name)
  if type(name) ~= "string" then return nil end
  if name:find("Rule$") then return function() return rule("other", {name}) end end
  if name:find("ResponseAction$") then return function() return known_as("other", {name}) end end
  if name:find("Action$") and name:find("^%u") then return function() return known_as("other", {name}) end end
  if quiet[name] or name:find("^KeyValueLookupKey") then return function() return anything end end
  for _, verb in ipairs{"set", "add", "new", "get", "show", "enable", "register", "snmp", "clear", "mv", "rm", "map", "start"} do
    if name:find("^" .. verb .. "%u") then
      return function() record{what = "lost", texts = {name .. " has no equivalent"}} return anything end
    end
  end
end})
return run
)lua";

}  // namespace penstock::imports
