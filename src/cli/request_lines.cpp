#include "cli/request_lines.h"

#include <chrono>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <utility>

#include "cli/files.h"
#include "cli/options.h"

namespace chatterbox::cli {
namespace {

using nlohmann::json;

constexpr size_t kMaxIdBytes = 200;  // with its ending, what every file system can name

[[noreturn]] void refuse(const std::string& message) {
  throw Error(Status::kInvalidArgument, message);
}

std::string as_string(const std::string& key, const json& value) {
  if (!value.is_string()) refuse(key + " must be a string, got " + value.dump());
  return value.get<std::string>();
}

bool as_bool(const std::string& key, const json& value) {
  if (!value.is_boolean()) refuse(key + " must be true or false, got " + value.dump());
  return value.get<bool>();
}

float as_float(const std::string& key, const json& value) {
  if (!value.is_number()) refuse(key + " must be a number, got " + value.dump());
  return value.get<float>();
}

int32_t as_int(const std::string& key, const json& value) {
  using Limits = std::numeric_limits<int32_t>;
  const bool fits = value.is_number_unsigned()
                        ? value.get<uint64_t>() <= static_cast<uint64_t>(Limits::max())
                        : value.is_number_integer() && value.get<int64_t>() >= Limits::min();
  if (!fits) refuse(key + " must be a whole number, got " + value.dump());
  return value.get<int32_t>();
}

uint64_t as_seed(const std::string& key, const json& value) {
  if (!value.is_number_unsigned()) {
    refuse(key + " must be a whole number in [0, 2^64-1], got " + value.dump());
  }
  return value.get<uint64_t>();
}

// It becomes the name of files.
std::string as_id(const std::string& key, const json& value) {
  const std::string id = as_string(key, value);
  const bool usable = !id.empty() && id.size() <= kMaxIdBytes && id.front() != '.' &&
                      id.find('/') == std::string::npos && id.find('\0') == std::string::npos;
  if (!usable) {
    refuse("id must be usable as a file name: 1 to " + std::to_string(kMaxIdBytes) +
           " bytes, without / and NUL, not beginning with a dot, got " + value.dump());
  }
  return id;
}

using Set = void (*)(RequestLine&, const std::string& key, const json& value);

std::chrono::milliseconds as_milliseconds(const std::string& key, const json& value) {
  return std::chrono::milliseconds(as_int(key, value));
}

// C's strings end at a NUL.
std::string as_text(const std::string& key, const json& value) {
  std::string text = as_string(key, value);
  check_text(text);
  return text;
}

Noise as_noise(const std::string& key, const json& value) {
  const auto found = noise_names().find(as_string(key, value));
  if (found == noise_names().end()) {
    refuse(key + " must be reference or by-frame, got " + value.dump());
  }
  return found->second;
}

template <auto Member, auto Read>
void set_member(RequestLine& line, const std::string& key, const json& value) {
  line.request.*Member = Read(key, value);
}

// Of an option, -1 would say that it is not given.
template <auto Member, auto Read>
void set_option(RequestLine& line, const std::string& key, const json& value) {
  if (value == -1) refuse(key + " is out of range, got -1");
  set_member<Member, Read>(line, key, value);
}

// The options of chatterbox speak, with underscores, and how a request is run. Their ranges are the
// engine's business.
const std::map<std::string, Set>& setters() {
  static const std::map<std::string, Set> kSetters = {
      {"id", [](RequestLine&, const std::string&, const json&) {}},  // read before the rest
      {"text", set_member<&Request::text, as_text>},
      {"voice", [](RequestLine& line, const std::string& key,
                   const json& value) { line.voice = as_string(key, value); }},
      {"seed", set_member<&Request::seed, as_seed>},
      {"language", set_member<&Request::language, as_string>},
      {"text_tags", set_member<&Request::text_tags, as_bool>},
      {"cfg_weight", set_option<&Request::cfg_weight, as_float>},
      {"exaggeration", set_option<&Request::exaggeration, as_float>},
      {"temperature", set_option<&Request::temperature, as_float>},
      {"min_p", set_option<&Request::min_p, as_float>},
      {"top_p", set_option<&Request::top_p, as_float>},
      {"top_k", set_option<&Request::top_k, as_int>},
      {"repetition_penalty", set_option<&Request::repetition_penalty, as_float>},
      {"max_new_tokens", set_option<&Request::max_new_tokens, as_int>},
      {"cfm_steps", set_option<&Request::cfm_steps, as_int>},
      {"cfg_steps", set_option<&Request::cfg_steps, as_int>},
      {"analyze_alignment", set_member<&Request::analyze_alignment, as_bool>},
      {"word_times", set_member<&Request::word_times, as_bool>},
      {"noise", set_member<&Request::noise, as_noise>},
      {"priority", set_member<&Request::priority, as_int>},
      {"deadline_ms", set_option<&Request::deadline, as_milliseconds>},
  };
  return kSetters;
}

void set(RequestLine& line, const std::string& key, const json& value) {
  const auto found = setters().find(key);
  if (found == setters().end()) refuse("unknown key " + json(key).dump());
  found->second(line, key, value);
}

void read(RequestLine& line, const std::string& text, std::set<std::string>& ids) {
  json object;
  try {
    object = json::parse(text);
  } catch (const json::exception& error) {
    refuse(std::string("not JSON: ") + error.what());
  }
  if (!object.is_object()) refuse("must be a JSON object, got " + object.dump());
  if (!object.contains("id")) refuse("id is missing");
  line.id = as_id("id", object["id"]);
  if (!ids.insert(line.id).second) {
    refuse("the id " + std::exchange(line.id, {}) + " is used twice");
  }
  if (!object.contains("text")) refuse("text is missing");
  for (const auto& [key, value] : object.items()) set(line, key, value);
}

}  // namespace

std::vector<RequestLine> read_requests(const std::string& text, const Request& defaults) {
  std::vector<RequestLine> lines;
  std::set<std::string> ids;
  std::istringstream in(text);
  std::string one;
  for (size_t number = 1; std::getline(in, one); ++number) {
    if (one.find_first_not_of(" \t\r") == std::string::npos) continue;
    RequestLine line;
    line.number = number;
    line.request = defaults;
    line.request.tag = number;
    try {
      read(line, one, ids);
    } catch (const Error& error) {
      line.error = error;
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace chatterbox::cli
