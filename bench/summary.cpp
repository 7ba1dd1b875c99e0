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

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(": ");
    if (line.compare(0, 10, "model name") == 0 && colon != std::string::npos) {
      return line.substr(colon + 2);
    }
  }
  return "unknown";
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

const char* name_of(FinishReason reason) {
  return reason == FinishReason::kEos ? "eos" : "max_tokens";
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
  const Result& result = sample.result;
  const Timings& timings = result.timings;
  return {
      {"seed", result.seed},
      {"text_tokens", result.text_tokens},
      {"speech_tokens", result.speech_tokens},
      {"decode_steps", result.decode_steps},
      {"finish_reason", name_of(result.finish_reason)},
      {"audio_seconds", sample.audio_seconds},
      {"voice_seconds", sample.voice_seconds},
      {"timings",
       {{"queued", timings.queued},
        {"text", timings.text},
        {"prefill", timings.prefill},
        {"decode", timings.decode},
        {"flow", timings.flow},
        {"vocoder", timings.vocoder},
        {"total", timings.total}}},
  };
}

ordered_json to_json(const Summary& summary) {
  return {{"best", summary.best}, {"median", summary.median}};
}

ordered_json describe(const Plan& plan, const EngineInfo& engine, const Request& request) {
  return {
      {"version", chatterbox_version()},
      {"commit", CHATTERBOX_COMMIT},
      {"build", chatterbox_build_info()},
      {"cpu", cpu_name()},
      {"cores", std::thread::hardware_concurrency()},
      {"model", engine.model},
      {"family", engine.family},
      {"device", engine.device},
      {"precision", engine.precision},
      {"deterministic", plan.engine.deterministic},
      {"threads", plan.engine.threads},
      {"memory_limit", plan.engine.memory_limit},
      {"voice", plan.voice},
      {"watermark", engine.watermark},
      {"seed", *request.seed},
      {"language", request.language},
      {"temperature", request.temperature},
      {"cfg_weight", request.cfg_weight},
      {"exaggeration", request.exaggeration},
      {"min_p", request.min_p},
      {"top_p", request.top_p},
      {"top_k", request.top_k},
      {"repetition_penalty", request.repetition_penalty},
      {"analyze_alignment", request.analyze_alignment},
      {"max_new_tokens", request.max_new_tokens},
      {"cfm_steps", request.cfm_steps},
      {"repetitions", plan.repetitions},
      {"warmup", plan.warmup},
      {"weight_bytes", engine.weight_bytes},
      {"kv_bytes_per_position", engine.kv_bytes_per_position},
  };
}

void write_description(std::ostream& out, const Plan& plan, const EngineInfo& engine,
                       const Request& request) {
  out << chatterbox_build_info() << ", commit " << CHATTERBOX_COMMIT << "; " << cpu_name() << "\n"
      << "model " << engine.model << ", " << engine.family << ", " << engine.device << ", "
      << engine.precision << (plan.engine.deterministic ? ", deterministic" : "") << ", threads "
      << (plan.engine.threads == 0 ? "one per core" : std::to_string(plan.engine.threads))
      << ", seed " << *request.seed << ", " << request.cfm_steps << " CFM steps"
      << (engine.watermark ? ", watermark" : "") << "\n\n";
}

// Paths need not be UTF-8.
void write_json(std::ostream& out, const ordered_json& json) {
  out << json.dump(2, ' ', false, ordered_json::error_handler_t::replace) << "\n";
}

}  // namespace chatterbox::bench
