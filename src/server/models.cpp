#include "server/models.h"

#include <malloc.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "server/api_error.h"

namespace chatterbox::server {
namespace {

// Clients that let nobody choose a model send one of these.
constexpr std::array<std::string_view, 3> kOpenAiNames = {"tts-1", "tts-1-hd", "gpt-4o-mini-tts"};

std::vector<std::string> strings(const List<std::string_view>& from) {
  std::vector<std::string> strings;
  for (const std::string_view one : from) strings.emplace_back(one);
  return strings;
}

ModelFacts facts_of(const std::string& name, const ChatterboxEngine& engine) {
  const EngineInfo info = engine.info();
  ModelFacts facts;
  facts.name = name;
  facts.family = info.family;
  facts.precision = precision_in_use(info);
  facts.has_default_voice = info.has_default_voice;
  facts.voices = strings(info.voices);
  facts.languages = strings(info.languages);
  return facts;
}

}  // namespace

std::string precision_in_use(const EngineInfo& info) {
  std::string precision(info.t3_precision);
  if (info.s3gen_precision != info.t3_precision) {
    precision.append(" and ").append(info.s3gen_precision);
  }
  return precision;
}

Models::Models(std::vector<ModelSpec> specs) {
  for (ModelSpec& spec : specs) {
    const auto same = [&spec](const auto& entry) { return entry->spec.name == spec.name; };
    if (std::any_of(entries_.begin(), entries_.end(), same)) {
      throw Error(Status::kInvalidArgument, "two models have the name " + spec.name);
    }
    entries_.push_back(std::make_unique<Entry>());
    entries_.back()->spec = std::move(spec);
  }
}

void Models::load_all() {
  for (const auto& entry : entries_) (void)acquire(entry->spec.name);
  const std::lock_guard lock(mutex_);
  ready_ = true;
}

bool Models::ready() const {
  const std::lock_guard lock(mutex_);
  return ready_;
}

const std::string& Models::resolve(const std::string& asked) const {
  for (const auto& entry : entries_) {
    if (entry->spec.name == asked) return entry->spec.name;
  }
  const bool is_openais =
      std::find(kOpenAiNames.begin(), kOpenAiNames.end(), asked) != kOpenAiNames.end();
  if (asked.empty() || is_openais) return entries_.front()->spec.name;
  std::string known;
  for (const auto& entry : entries_) known += (known.empty() ? "" : ", ") + entry->spec.name;
  throw ApiError(404, "model_not_found", "model must be one of " + known + ", got " + asked,
                 "model");
}

Models::Entry& Models::find(const std::string& name) const {
  for (const auto& entry : entries_) {
    if (entry->spec.name == name) return *entry;
  }
  throw ApiError(404, "model_not_found", "there is no model " + name, "model");
}

EngineHandle Models::acquire(const std::string& name) {
  Entry& entry = find(name);
  {
    const std::lock_guard lock(mutex_);
    entry.last_used = std::chrono::steady_clock::now();
    if (entry.engine) return entry.engine;
  }
  const std::lock_guard one_at_a_time(entry.loading);
  return load(entry);
}

EngineHandle Models::load(Entry& entry) {
  if (EngineHandle loaded = if_loaded(entry.spec.name)) return loaded;  // by who was before us
  auto engine =
      std::make_shared<const ChatterboxEngine>(ChatterboxEngine::load(entry.spec.options));
  ModelFacts facts = facts_of(entry.spec.name, *engine);
  const std::lock_guard lock(mutex_);
  entry.engine = engine;
  entry.facts = std::move(facts);
  entry.last_used = std::chrono::steady_clock::now();
  return engine;
}

EngineHandle Models::if_loaded(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  return find(name).engine;
}

ModelFacts Models::facts(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const Entry& entry = find(name);
  if (entry.facts) return *entry.facts;
  ModelFacts none;
  none.name = name;
  return none;
}

std::vector<std::string> Models::names() const {
  std::vector<std::string> names;
  for (const auto& entry : entries_) names.push_back(entry->spec.name);
  return names;
}

size_t Models::unload_idle(std::chrono::seconds idle) {
  std::vector<EngineHandle> unloaded;  // destroyed without the lock: it waits for their threads
  {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    for (const auto& entry : entries_) {
      if (!entry->engine) continue;
      if (entry->engine.use_count() > 1) entry->last_used = now;
      if (now - entry->last_used >= idle) unloaded.push_back(std::move(entry->engine));
    }
  }
  const size_t count = unloaded.size();
  unloaded.clear();
  // What was freed goes back to the system; glibc would keep it.
  if (count > 0) malloc_trim(0);
  return count;
}

bool Models::healthy(std::chrono::seconds most) const {
  for (const auto& entry : entries_) {
    const EngineHandle engine = if_loaded(entry->spec.name);
    if (!engine) continue;
    const Metrics metrics = engine->metrics();
    if (metrics.healthy == 0) return false;
    if (metrics.seconds_since_step > static_cast<double>(most.count())) return false;
  }
  return true;
}

}  // namespace chatterbox::server
