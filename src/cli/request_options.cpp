#include <string>

#include "cli/options.h"
#include "cli/ranges.h"

namespace chatterbox::cli {
namespace {

// What stays unset where it is not given. (A flag bound to an optional is false then.)
CLI::Option* add_switch(CLI::App& app, const std::string& names, std::optional<bool>& value,
                        const std::string& description) {
  return app.add_flag_function(
      names, [&value](int64_t given) { value = given > 0; }, description);
}

void add_guidance_options(CLI::App& app, Request& request) {
  app.add_option("--cfg-weight", request.cfg_weight,
                 "strength of classifier-free guidance; 0 turns it off and halves the work; has no "
                 "effect in Turbo and Nano")
      ->type_name("W")
      ->check(in_range(0, 5))
      ->default_str("0.5; Flash: 1");
  app.add_option("--exaggeration", request.exaggeration,
                 "how expressive the speech is; 0.5 is neutral; has no effect in Turbo and Nano")
      ->type_name("X")
      ->check(in_range(0, 2))
      ->default_str("0.5");
}

void add_sampling_options(CLI::App& app, Request& request) {
  app.add_option("--temperature", request.temperature,
                 "sampling temperature; 0 always takes the most likely token")
      ->type_name("T")
      ->check(in_range_or(0, 0.05, 5))
      ->default_str("0.8; Flash: 0.6");
  app.add_option("--min-p", request.min_p,
                 "drop tokens that are less likely than this share of the most likely one; has no "
                 "effect in Turbo and Nano; not in Flash")
      ->type_name("P")
      ->check(in_range(0, 1))
      ->default_str("0.05");
  app.add_option("--top-p", request.top_p,
                 "draw from the most likely tokens whose probabilities add up to this; 1 turns it "
                 "off; not in Flash")
      ->type_name("P")
      ->check(above_to(0, 1))
      ->default_str("1; Turbo, Nano: 0.95");
  app.add_option("--top-k", request.top_k,
                 "draw from this many of the most likely tokens; 0 turns it off; Turbo and Nano "
                 "only")
      ->type_name("K")
      ->check(in_range(0, 10000))
      ->default_str("Turbo, Nano: 1000");
  app.add_option("--repetition-penalty", request.repetition_penalty,
                 "make tokens that were drawn before less likely; 1 turns it off; not in "
                 "Flash")
      ->type_name("R")
      ->check(in_range(0.5, 5))
      ->default_str("1.2");
}

void add_length_options(CLI::App& app, Request& request) {
  app.add_option("--max-new-tokens", request.max_new_tokens,
                 "stop after this many speech tokens; 25 make a second")
      ->type_name("N")
      ->check(in_range(1, 4096))
      ->default_str("1000; Flash: by the text");
  add_switch(app, "--analyze-alignment,!--no-analyze-alignment", request.analyze_alignment,
             "follow which part of the text is being spoken, and intervene if the speech would "
             "end early or not at all; needs a model of the official size")
      ->default_str("on for Multilingual v2");
}

void add_block_options(CLI::App& app, Request& request) {
  app.add_option("--block-size", request.block_size,
                 "draw speech in blocks of N tokens; Flash only")
      ->type_name("N")
      ->check(in_range(1, 256))
      ->default_str("16");
  app.add_option("--block-passes", request.block_passes,
                 "fill a block in K passes at most; fewer are faster; Flash only")
      ->type_name("K")
      ->check(in_range(1, 100))
      ->default_str("10");
  app.add_option(
         "--early-decoding", request.early_decoding,
         "fill positions with high scores sooner, which saves passes; 0 turns it off; Flash "
         "only")
      ->type_name("TAU")
      ->check(in_range(0, 100))
      ->default_str("0.1");
  app.add_option("--schedule-shift", request.schedule_shift,
                 "below 1, fill few positions at first and more in later passes; 0 fills even "
                 "numbers; Flash only")
      ->type_name("S")
      ->check(in_range(0, 100))
      ->default_str("0.5");
  add_switch(app, "--position-noise,!--no-position-noise", request.position_noise,
             "choose partly at random which positions are filled first; Flash only")
      ->default_str("on for Flash");
  add_switch(app, "--prior,!--no-prior", request.prior,
             "score tokens by how likely they are without a text, not by their block; Flash only")
      ->default_str("on for Flash");
  add_switch(app, "--fill-before-end,!--no-fill-before-end", request.fill_before_end,
             "do not end the speech before the positions in front of its end are filled; Flash "
             "only")
      ->default_str("on for Flash");
  add_switch(app, "--normalise,!--no-normalise", request.normalise,
             "read numbers, times and abbreviations as words; Flash only")
      ->default_str("on for Flash");
}

}  // namespace

void add_seed_option(CLI::App& app, std::optional<uint64_t>& value) {
  app.add_option("--seed", value, "seed of the random numbers; the same seed gives the same speech")
      ->type_name("N")
      ->check(seed())
      ->default_str("chosen by the engine, and reported by --json");
}

void add_steps_options(CLI::App& app, std::optional<int32_t>& steps,
                       std::optional<int32_t>& guided) {
  app.add_option("--cfm-steps", steps, "Euler steps of the flow; fewer are faster")
      ->type_name("N")
      ->check(in_range(1, 100))
      ->default_str("10; Turbo, Nano, Flash: 2");
  app.add_option("--cfg-steps", guided,
                 "guidance in the first N of these steps alone, each of which is twice the work; "
                 "not with Turbo's or Nano's S3Gen")
      ->type_name("N")
      ->check(in_range(0, 100))
      ->default_str("all");
}

void add_request_options(CLI::App& app, Request& request) {
  add_seed_option(app, request.seed);
  app.add_option("--language", request.language,
                 "language of the text, for multilingual models; speak --list-languages lists them")
      ->type_name("CODE");
  app.add_flag("--text-tags", request.text_tags,
               "read tags such as [laughter] as tokens of a multilingual model, not as text");
  add_guidance_options(app, request);
  add_sampling_options(app, request);
  add_length_options(app, request);
  add_block_options(app, request);
  add_steps_options(app, request.cfm_steps, request.cfg_steps);
  add_noise_option(app, request.noise);
}

}  // namespace chatterbox::cli
