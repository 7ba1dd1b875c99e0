#include "app/option_fields.h"

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "app/json_line.h"
#include "app/option_names.h"

namespace chatterbox::app {
namespace {

using nlohmann::json;

[[noreturn]] void refuse(const std::string& name, const std::string& what, const json& value) {
  throw Error(Status::kInvalidArgument, name + " must be " + what + ", got " + shown(value));
}

std::string as_string(const std::string& name, const json& value) {
  if (!value.is_string()) refuse(name, "a string", value);
  auto text = value.get<std::string>();
  if (text.find('\0') != std::string::npos)
    refuse(name, "without NUL", value);  // C would end there
  return text;
}

bool as_bool(const std::string& name, const json& value) {
  if (!value.is_boolean()) refuse(name, "true or false", value);
  return value.get<bool>();
}

float as_float(const std::string& name, const json& value) {
  if (!value.is_number() || !std::isfinite(value.get<float>())) refuse(name, "a number", value);
  return value.get<float>();
}

double as_double(const std::string& name, const json& value) {
  if (!value.is_number() || !std::isfinite(value.get<double>())) refuse(name, "a number", value);
  return value.get<double>();
}

int32_t as_int(const std::string& name, const json& value) {
  using Limits = std::numeric_limits<int32_t>;
  const bool fits = value.is_number_unsigned()
                        ? value.get<uint64_t>() <= static_cast<uint64_t>(Limits::max())
                        : value.is_number_integer() && value.get<int64_t>() >= Limits::min();
  if (!fits) refuse(name, "a whole number", value);
  return value.get<int32_t>();
}

uint64_t as_seed(const std::string& name, const json& value) {
  if (!value.is_number_unsigned()) refuse(name, "a whole number in [0, 2^64-1]", value);
  return value.get<uint64_t>();
}

std::chrono::milliseconds as_milliseconds(const std::string& name, const json& value) {
  return std::chrono::milliseconds(as_int(name, value));
}

std::vector<int32_t> as_chunks(const std::string& name, const json& value) {
  constexpr size_t kMost = 64;
  if (!value.is_array() || value.size() > kMost) {
    refuse(name, "at most " + std::to_string(kMost) + " whole numbers", value);
  }
  std::vector<int32_t> chunks;
  for (const json& chunk : value) chunks.push_back(as_int(name, chunk));
  return chunks;
}

template <auto Names>
auto as_named(const std::string& name, const json& value) {
  const auto& table = Names();
  const auto found = value.is_string() ? table.find(value.get<std::string>()) : table.end();
  if (found != table.end()) return found->second;
  std::string known;
  for (const auto& [one, meaning] : table) known.append(known.empty() ? "" : " or ").append(one);
  refuse(name, known, value);
}

template <auto Member, auto Read, class Options>
void set_member(Options& to, const std::string& name, const json& value) {
  to.*Member = Read(name, value);
}

// Of an option, -1 would say that it is not given.
template <auto Member, auto Read, class Options>
void set_option(Options& to, const std::string& name, const json& value) {
  if (value == -1) throw Error(Status::kInvalidArgument, name + " is out of range, got -1");
  set_member<Member, Read>(to, name, value);
}

}  // namespace

const OptionTable<Request>& request_options() {
  static const OptionTable<Request> kTable = {
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
      {"block_size", set_option<&Request::block_size, as_int>},
      {"block_passes", set_option<&Request::block_passes, as_int>},
      {"schedule_shift", set_option<&Request::schedule_shift, as_double>},
      {"early_decoding", set_option<&Request::early_decoding, as_double>},
      {"position_noise", set_member<&Request::position_noise, as_bool>},
      {"prior", set_member<&Request::prior, as_bool>},
      {"fill_before_end", set_member<&Request::fill_before_end, as_bool>},
      {"normalise", set_member<&Request::normalise, as_bool>},
      {"noise", set_member<&Request::noise, as_named<noise_names>>},
      {"priority", set_member<&Request::priority, as_int>},
      {"deadline_ms", set_option<&Request::deadline, as_milliseconds>},
  };
  return kTable;
}

const OptionTable<Conversion>& conversion_options() {
  static const OptionTable<Conversion> kTable = {
      {"seed", set_member<&Conversion::seed, as_seed>},
      {"cfm_steps", set_option<&Conversion::cfm_steps, as_int>},
      {"cfg_steps", set_option<&Conversion::cfg_steps, as_int>},
      {"noise", set_member<&Conversion::noise, as_named<noise_names>>},
      {"priority", set_member<&Conversion::priority, as_int>},
      {"deadline_ms", set_option<&Conversion::deadline, as_milliseconds>},
  };
  return kTable;
}

const OptionTable<StreamOptions>& stream_options() {
  static const OptionTable<StreamOptions> kTable = {
      {"chunks", set_member<&StreamOptions::chunks, as_chunks>},
      {"left_tokens", set_member<&StreamOptions::left_tokens, as_int>},
      {"right_tokens", set_member<&StreamOptions::right_tokens, as_int>},
      {"condition_tokens", set_member<&StreamOptions::condition_tokens, as_int>},
      {"slack_tokens", set_member<&StreamOptions::slack_tokens, as_int>},
      {"halo", set_member<&StreamOptions::halo, as_named<halo_names>>},
      {"prompt", set_member<&StreamOptions::prompt, as_named<prompt_names>>},
  };
  return kTable;
}

}  // namespace chatterbox::app
