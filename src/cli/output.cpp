#include "cli/output.h"

#include <iostream>

#include "cli/files.h"
#include "cli/ranges.h"

namespace chatterbox::cli {
namespace {

AudioFormat stdout_format(const AudioOutput& output) {
  return output.format == AudioFormat::kAuto ? AudioFormat::kWav : output.format;
}

}  // namespace

const std::map<std::string, AudioFormat>& format_names() {
  static const std::map<std::string, AudioFormat> kNames = {{"wav", AudioFormat::kWav},
                                                            {"flac", AudioFormat::kFlac},
                                                            {"ogg", AudioFormat::kVorbis},
                                                            {"opus", AudioFormat::kOpus},
                                                            {"mp3", AudioFormat::kMp3}};
  return kNames;
}

void add_output_options(CLI::App& app, AudioOutput& output) {
  app.add_option("-o,--output", output.path,
                 "audio file, 24 kHz mono; its extension chooses the format: .wav (16 bit), .flac, "
                 ".ogg, .opus or .mp3; - is standard output")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_option_function<std::string>(
         "--format",
         [&output](const std::string& name) { output.format = format_names().at(name); },
         "format of the output, whatever its name: wav, flac, ogg, opus or mp3")
      ->type_name("NAME")
      ->check(one_of(format_names()))
      ->default_str("by the extension; wav on standard output");
}

void check_format(const AudioOutput& output) { (void)make_writer(output); }

void write_speech(const AudioOutput& output, const Result& result) {
  if (output.path == "-") {
    write_text("-", encode_audio(result.audio(), stdout_format(output)));
  } else {
    write_audio(output.path, result, output.format);
  }
}

AudioWriter make_writer(const AudioOutput& output) {
  if (output.path != "-") return AudioWriter(output.path, output.format);
  const auto to_stdout = [](const void* data, size_t size) {
    std::cout.write(static_cast<const char*>(data), static_cast<std::streamsize>(size)).flush();
    return static_cast<bool>(std::cout);
  };
  return {to_stdout, stdout_format(output)};
}

}  // namespace chatterbox::cli
