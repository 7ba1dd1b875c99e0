#include "summary.h"

#include <algorithm>
#include <fstream>
#include <iomanip>
#include <sstream>
#include <thread>

#include "commit.h"

namespace chatterbox::bench {
namespace {

using nlohmann::ordered_json;

// What /proc/cpuinfo says of the first core, as in "model name\t: AMD EPYC".
std::string cpu_info(const std::string& name) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(": ");
    const size_t end = line.find('\t');
    if (colon != std::string::npos && line.substr(0, end) == name) return line.substr(colon + 2);
  }
  return "unknown";
}

// The widest vectors that the CPU has: a virtual machine's name does not tell.
const char* vector_width() {
  const std::string flags = " " + cpu_info("flags") + " ";
  if (flags.find(" avx512f ") != std::string::npos) return "AVX-512";
  return flags.find(" avx2 ") != std::string::npos ? "AVX2" : "no AVX2";
}

}  // namespace

Summary summarise(std::vector<double> values, bool more_is_better) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  const double median =
      values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {more_is_better ? values.back() : values.front(), median};
}

double per(double amount, double of) { return of > 0 ? amount / of : 0; }

std::string number_text(double value, int decimals) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(decimals) << value;
  return out.str();
}

const char* finish_reason(const ResultStats& stats) {
  return stats.finish_reason == CHATTERBOX_FINISH_EOS ? "eos" : "max_tokens";
}

const char* name_of(Mode mode) {
  switch (mode) {
    case Mode::kSequential:
      return "sequential";
    case Mode::kBatch:
      return "batch";
    case Mode::kDynamic:
      break;
  }
  return "dynamic";
}

ordered_json to_json(const Sample& sample) {
  const ResultStats& stats = sample.stats;
  return {
      {"seed", stats.seed},
      {"text_tokens", stats.text_tokens},
      {"speech_tokens", stats.speech_tokens},
      {"decode_steps", stats.decode_steps},
      {"finish_reason", finish_reason(stats)},
      {"audio_seconds", sample.audio_seconds},
      {"voice_seconds", sample.voice_seconds},
      {"first_sound_seconds", sample.first_sound_seconds},
      {"timings",
       {{"queued", stats.queued_seconds},
        {"text", stats.text_seconds},
        {"prefill", stats.prefill_seconds},
        {"decode", stats.decode_seconds},
        {"flow", stats.flow_seconds},
        {"vocoder", stats.vocoder_seconds},
        {"watermark", stats.watermark_seconds},
        {"total", stats.total_seconds}}},
  };
}

ordered_json to_json(const Summary& summary) {
  return {{"best", summary.best}, {"median", summary.median}};
}

ordered_json describe(const Plan& plan, const EngineReport& engine, const Request& request) {
  return {
      {"version", chatterbox_version()},
      {"commit", CHATTERBOX_COMMIT},
      {"build", chatterbox_build_info()},
      {"cpu", cpu_info("model name")},
      {"cpu_family", cpu_info("cpu family")},
      {"cpu_model", cpu_info("model")},
      {"vector", vector_width()},
      {"cores", std::thread::hardware_concurrency()},
      {"model", engine.model},
      {"family", engine.family},
      {"device", engine.device},
      {"precision", engine.precision},
      {"t3_precision", engine.t3_precision},
      {"s3gen_precision", engine.s3gen_precision},
      {"kv_cache", engine.kv_cache},
      {"t3_kernels", engine.t3_kernels},
      {"s3gen_kernels", engine.s3gen_kernels},
      {"deterministic", plan.engine.deterministic},
      {"threads", engine.threads},
      {"memory_limit",
       plan.engine.memory_limit ? ordered_json(*plan.engine.memory_limit) : ordered_json(nullptr)},
      {"voice", plan.voice},
      {"watermark", engine.watermark},
      {"seed", *request.seed},
      {"language", request.language},
      {"temperature", *request.temperature},
      {"cfg_weight", *request.cfg_weight},
      {"exaggeration", *request.exaggeration},
      {"min_p", *request.min_p},
      {"top_p", *request.top_p},
      {"top_k", *request.top_k},
      {"repetition_penalty", *request.repetition_penalty},
      {"analyze_alignment", *request.analyze_alignment},
      {"max_new_tokens", *request.max_new_tokens},
      {"cfm_steps", *request.cfm_steps},
      {"repetitions", plan.repetitions},
      {"warmup", plan.warmup},
      {"weight_bytes", engine.weight_bytes},
      {"kv_bytes_per_position", engine.kv_bytes_per_position},
  };
}

void write_description(std::ostream& out, const Plan& plan, const EngineReport& engine,
                       const Request& request) {
  out << chatterbox_build_info() << ", commit " << CHATTERBOX_COMMIT << "; "
      << cpu_info("model name") << ", " << vector_width() << "\n"
      << "model " << engine.model << ", " << engine.family << ", " << engine.device << ", "
      << engine.precision << " (T3 " << engine.t3_kernels << ", S3Gen " << engine.s3gen_kernels
      << ", KV cache " << engine.kv_cache << ")"
      << (plan.engine.deterministic ? ", deterministic" : "") << ", threads " << engine.threads
      << ", seed " << *request.seed << ", " << *request.cfm_steps << " CFM steps"
      << (engine.watermark ? ", watermark" : "") << "\n\n";
}

// Paths need not be UTF-8.
void write_json(std::ostream& out, const ordered_json& json) {
  out << json.dump(2, ' ', false, ordered_json::error_handler_t::replace) << "\n";
}

}  // namespace chatterbox::bench
