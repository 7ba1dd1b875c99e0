#include "cli/request_lines.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <utility>

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
    refuse("id must be the name of a file: 1 to " + std::to_string(kMaxIdBytes) +
           " bytes, without / and NUL, and not begin with a dot, got " + value.dump());
  }
  return id;
}

// The options of chatterbox speak, with underscores. Their ranges are the engine's business.
void set(RequestLine& line, const std::string& key, const json& value) {
  Request& request = line.request;
  if (key == "id") return;  // read before the rest
  if (key == "text") {
    request.text = as_string(key, value);
  } else if (key == "voice") {
    line.voice = as_string(key, value);
  } else if (key == "seed") {
    request.seed = as_seed(key, value);
  } else if (key == "cfg_weight") {
    request.cfg_weight = as_float(key, value);
  } else if (key == "exaggeration") {
    request.exaggeration = as_float(key, value);
  } else if (key == "temperature") {
    request.temperature = as_float(key, value);
  } else if (key == "min_p") {
    request.min_p = as_float(key, value);
  } else if (key == "top_p") {
    request.top_p = as_float(key, value);
  } else if (key == "repetition_penalty") {
    request.repetition_penalty = as_float(key, value);
  } else if (key == "max_new_tokens") {
    request.max_new_tokens = as_int(key, value);
  } else if (key == "cfm_steps") {
    request.cfm_steps = as_int(key, value);
  } else if (key == "analyze_alignment") {
    request.analyze_alignment = as_bool(key, value);
  } else {
    refuse("unknown key " + json(key).dump());
  }
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
    refuse("the id " + std::exchange(line.id, {}) + " was there before");
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
