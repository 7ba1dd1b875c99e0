#include "cli/watermark.h"

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/files.h"
#include "cli/interrupt.h"
#include "cli/statistics.h"

namespace chatterbox::cli {
namespace {

constexpr float kYes = 0.5F;  // as the perth package decides

struct WatermarkOptions {
  std::string input;
  std::string json;
};

int look_for_mark(const WatermarkOptions& options) {
  check_writable(options.json);
  const float confidence =
      ending_at_once([&] { return WatermarkDetector().detect(read_audio(options.input)); });
  const bool marked = confidence > kYes;
  if (options.json.empty()) {
    std::cout << (marked ? "watermarked" : "not watermarked") << " (confidence " << confidence
              << ")\n";
  } else {
    write_json(options.json, {{"watermarked", marked}, {"confidence", confidence}});
  }
  return 0;
}

}  // namespace

void add_watermark(CLI::App& app, std::vector<Command>& commands) {
  auto options = std::make_shared<WatermarkOptions>();
  CLI::App* watermark =
      app.add_subcommand("watermark", "say whether a recording carries the Perth watermark");
  watermark
      ->add_option("recording", options->input,
                   "audio file: WAV, FLAC, Ogg Vorbis, Opus or MP3, 0.1 s to 10 minutes")
      ->type_name("FILE")
      ->required();
  watermark
      ->add_option("--json", options->json,
                   "write the answer to this file as JSON; - is standard output")
      ->type_name("FILE");
  commands.push_back({watermark, [options] { return look_for_mark(*options); }});
}

}  // namespace chatterbox::cli
