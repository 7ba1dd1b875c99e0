#include "app/option_names.h"
#include "cli/options.h"
#include "cli/ranges.h"

namespace chatterbox::cli {
namespace {

void add_context_options(CLI::App& app, StreamOptions& options, CLI::Option* stream) {
  app.add_option("--left-tokens", options.left_tokens,
                 "tokens before a chunk that are computed again with it")
      ->type_name("N")
      ->check(in_range(0, 500))
      ->capture_default_str()
      ->needs(stream);
  app.add_option("--right-tokens", options.right_tokens,
                 "tokens behind a chunk that are waited for; more of them sound closer to speech "
                 "without --stream")
      ->type_name("N")
      ->check(in_range(3, 13))
      ->capture_default_str()
      ->needs(stream);
  app.add_option(
         "--slack-tokens", options.slack_tokens,
         "more tokens behind a chunk that are waited for while there is enough to hear; the "
         "sound then depends on how fast the machine is")
      ->type_name("N")
      ->check(in_range(0, 10))
      ->capture_default_str()
      ->needs(stream);
  app.add_option("--condition-tokens", options.condition_tokens,
                 "of the tokens on the left, those whose mel is given to the flow; for experiments")
      ->type_name("N")
      ->check(in_range(0, 500))
      ->capture_default_str()
      ->needs(stream);
}

}  // namespace

void add_stream_plan_options(CLI::App& app, StreamOptions& options, CLI::Option* stream) {
  app.add_option(
         "--chunks", options.chunks,
         "speech tokens of the first chunk, the second, ..., separated by commas, 6 to 4096 "
         "each; 25 make a second, and those after the last are as long as that")
      ->type_name("N,...")
      ->delimiter(',')
      ->check(in_range(6, 4096))
      ->default_str("25,50,100; 12 before them with --halo low-latency; Flash: by its blocks")
      ->needs(stream);
  add_named(app, "--halo", app::halo_names(), options.halo,
            "exact: the vocoder waits for 0.4 s behind a chunk; low-latency: for 0.16 s, and the "
            "sound differs a little at joins")
      ->default_str("exact")
      ->needs(stream);
  add_named(app, "--prompt", app::prompt_names(), options.prompt,
            "recomputed: the voice's prompt is computed again with each chunk; frozen: once for a "
            "voice, which is less work and sounds a little further from speech without --stream")
      ->default_str("recomputed")
      ->needs(stream);
  add_context_options(app, options, stream);
}

void add_stream_options(CLI::App& app, StreamMode& mode, StreamOptions& options) {
  CLI::Option* const stream = app.add_flag_callback(
      "--stream", [&mode] { mode = StreamMode::kChunks; },
      "write the speech in chunks while the rest of it is still being made, for a player at the "
      "other end of a pipe: -o - | aplay -. It differs a little from speech without --stream");
  add_stream_plan_options(app, options, stream);
}

void add_noise_option(CLI::App& app, std::optional<Noise>& noise) {
  add_named(
      app, "--noise", app::noise_names(), noise,
      "reference: S3Gen's noise is drawn as in the Python package; by-frame: from the seed and "
      "the place in the speech, as --stream does")
      ->default_str("by-frame with --stream, else reference");
}

}  // namespace chatterbox::cli
