#include "runs.h"

#include "cli/voice_file.h"

namespace chatterbox::bench {

VoiceSource open_voice(const ChatterboxEngine& engine, const std::string& path) {
  if (path.empty()) return engine.default_voice();
  return cli::read_voice_file(path);
}

Voice make_voice(const ChatterboxEngine& engine, const VoiceSource& source) {
  const auto* recording = std::get_if<Audio>(&source);
  return recording != nullptr ? engine.make_voice(*recording) : std::get<Voice>(source);
}

Request complete(Request request, const RequestDefaults& defaults) {
  const auto fill = [](auto& option, auto value) { option = option.value_or(value); };
  fill(request.temperature, defaults.temperature);
  fill(request.cfg_weight, defaults.cfg_weight);
  fill(request.exaggeration, defaults.exaggeration);
  fill(request.min_p, defaults.min_p);
  fill(request.top_p, defaults.top_p);
  fill(request.repetition_penalty, defaults.repetition_penalty);
  fill(request.max_new_tokens, defaults.max_new_tokens);
  fill(request.cfm_steps, defaults.cfm_steps);
  fill(request.top_k, defaults.top_k);
  fill(request.analyze_alignment, defaults.analyze_alignment);
  return request;
}

EngineReport report_of(const EngineInfo& info) {
  EngineReport report;
  report.family = info.family;
  report.model = info.model;
  report.device = info.device;
  report.precision = info.precision;
  report.t3_precision = info.t3_precision;
  report.s3gen_precision = info.s3gen_precision;
  report.kv_cache = info.kv_cache;
  report.t3_kernels = info.t3_kernels;
  report.s3gen_kernels = info.s3gen_kernels;
  report.threads = info.threads;
  report.watermark = info.watermark;
  report.parameters = info.parameters;
  report.weight_bytes = info.weight_bytes;
  report.kv_bytes_per_position = info.kv_bytes_per_position;
  report.load_seconds = info.load_seconds;
  return report;
}

std::vector<Request> make_requests(const std::vector<std::string>& texts, const Request& common,
                                   const Voice& voice, int count) {
  std::vector<Request> requests(static_cast<size_t>(count), common);
  for (size_t i = 0; i < requests.size(); ++i) {
    requests[i].text = texts[i % texts.size()];
    requests[i].voice = voice;
    requests[i].seed = *common.seed + i;
  }
  return requests;
}

}  // namespace chatterbox::bench
