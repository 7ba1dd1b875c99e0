// What the commands' options share.
#pragma once

#include <CLI/CLI.hpp>
#include <chatterbox/chatterbox.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace chatterbox::cli {

// A command, made by its add_*() function; `run` returns the exit code.
struct Command {
  CLI::App* app = nullptr;
  std::function<int()> run;
};

// --family.
void add_family_option(CLI::App& app, EngineOptions& options);
// --s3gen.
void add_s3gen_option(CLI::App& app, EngineOptions& options);
// --model, --s3gen, --family, --device, --precision (and those of the stages), --kv-cache,
// --weights, --threads, --memory-limit, --deterministic, --watermark.
void add_engine_options(CLI::App& app, EngineOptions& options);
// The same without --model.
void add_model_run_options(CLI::App& app, EngineOptions& options);

// --seed, --cfg-weight, ...: what a request has beside its text and its voice. What the command
// line does not say stays unset: it is the loaded family's own.
void add_request_options(CLI::App& app, Request& request);
// --stream and what belongs to it.
void add_stream_options(CLI::App& app, StreamMode& mode, StreamOptions& options);
// What belongs to it, as needing another option.
void add_stream_plan_options(CLI::App& app, StreamOptions& options, CLI::Option* stream);
// --noise.
void add_noise_option(CLI::App& app, std::optional<Noise>& noise);
// --seed, --cfm-steps and --cfg-steps, which conversions have too.
void add_seed_option(CLI::App& app, std::optional<uint64_t>& value);
void add_steps_options(CLI::App& app, std::optional<int32_t>& steps,
                       std::optional<int32_t>& guided);

}  // namespace chatterbox::cli
