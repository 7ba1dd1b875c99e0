#include "cli/options.h"

#include <map>
#include <string>

#include "cli/ranges.h"

namespace chatterbox::cli {
namespace {

const std::map<std::string, Family> kFamilies = {
    {"english", Family::kEnglish},
    {"multilingual", Family::kMultilingual},
    {"multilingual-v2", Family::kMultilingualV2},
    {"multilingual-v3", Family::kMultilingualV3},
    {"turbo", Family::kTurbo},
    {"nano", Family::kNano},
    {"flash", Family::kFlash},
};
const std::map<std::string, Precision> kPrecisions = {{"fp32", Precision::kFp32},
                                                      {"bf16", Precision::kBf16},
                                                      {"int8", Precision::kInt8},
                                                      {"auto", Precision::kAuto}};
const std::map<std::string, Precision> kCachePrecisions = {{"fp32", Precision::kFp32},
                                                           {"bf16", Precision::kBf16}};
const std::map<std::string, Watermark> kWatermarks = {
    {"auto", Watermark::kAuto}, {"on", Watermark::kOn}, {"off", Watermark::kOff}};
const std::map<std::string, Weights> kWeights = {
    {"mapped", Weights::kMapped}, {"read", Weights::kRead}, {"locked", Weights::kLocked}};

void add_precision_options(CLI::App& app, EngineOptions& options) {
  add_named(app, "--precision", kPrecisions, options.precision,
            "number format of the weights: fp32, bf16, int8 (T3's; S3Gen takes auto) or auto: the "
            "fastest on this machine")
      ->default_str(options.precision == Precision::kAuto
                        ? "auto"
                        : "fp32 on a CPU, bf16 on CUDA, int8 for a quantised folder");
  add_named(app, "--t3-precision", kPrecisions, options.t3_precision, "the same for T3 only")
      ->default_str("--precision");
  add_named(app, "--s3gen-precision", kPrecisions, options.s3gen_precision,
            "the same for S3Gen only; int8 is for the flow's linear layers")
      ->default_str("--precision");
  add_named(app, "--kv-cache", kCachePrecisions, options.kv_cache,
            "number format of T3's KV cache: fp32 or bf16")
      ->default_str("fp32 if T3 is fp32, else bf16");
}

void add_memory_options(CLI::App& app, EngineOptions& options) {
  add_named(
      app, "--weights", kWeights, options.weights,
      "how to load the weights: mapped (read from the files when first needed; do not write to the "
      "files meanwhile), read (all at the start) or locked (like read, and never swapped out)")
      ->default_str("mapped");
  app.add_option("--memory-limit", options.memory_limit,
                 "bytes of memory beside the weights, for the KV cache, the prefix cache and the "
                 "work on a batch")
      ->type_name("BYTES")
      ->check(in_range(1, 1e15))
      ->default_str("half of what is free");
}

}  // namespace

void add_family_option(CLI::App& app, EngineOptions& options) {
  add_named(app, "--family", kFamilies, options.family,
            "which models to use if the folder has several: english, multilingual, "
            "multilingual-v2, multilingual-v3, turbo, nano or flash")
      ->default_str("recognised by the files");
}

void add_s3gen_option(CLI::App& app, EngineOptions& options) {
  app.add_option("--s3gen", options.s3gen,
                 "use this S3Gen in place of the model's; Turbo's s3gen_meanflow.safetensors makes "
                 "the speech of English and Multilingual several times as fast, and different")
      ->type_name("FILE");
}

void add_engine_options(CLI::App& app, EngineOptions& options) {
  app.add_option("-m,--model", options.model,
                 "folder with a published checkpoint, or demo: a tiny model that comes with the "
                 "program")
      ->type_name("DIR")
      ->capture_default_str();
  add_model_run_options(app, options);
}

void add_model_run_options(CLI::App& app, EngineOptions& options) {
  add_s3gen_option(app, options);
  add_family_option(app, options);
  app.add_option("--device", options.device, "cpu, cuda, cuda:N, or auto: CUDA if available")
      ->type_name("NAME")
      ->capture_default_str();
  add_precision_options(app, options);
  app.add_option("--threads", options.threads, "CPU threads for computation")
      ->type_name("N")
      ->check(in_range(1, 1024))
      ->default_str("one for each physical core that the process may use; two on CUDA");
  add_memory_options(app, options);
  app.add_flag("--deterministic", options.deterministic,
               "require that a request gives the same bits alone and in any batch; always true on "
               "a CPU; on CUDA, requests then run one at a time");
  add_named(app, "--watermark", kWatermarks, options.watermark,
            "add the inaudible Perth watermark to the speech: auto (if its weights are installed), "
            "on or off")
      ->default_str("auto");
}

}  // namespace chatterbox::cli
