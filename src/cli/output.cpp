#include "cli/output.h"

#include <fstream>
#include <iostream>
#include <memory>
#include <vector>

#include "app/raw_samples.h"
#include "cli/files.h"
#include "cli/ranges.h"

namespace chatterbox::cli {
namespace {

constexpr const char* kRaw = "pcm";

bool ends_with(const std::string& path, const std::string& ending) {
  return path.size() >= ending.size() &&
         path.compare(path.size() - ending.size(), ending.size(), ending) == 0;
}

bool is_raw(const AudioOutput& output) {
  if (output.format != AudioFormat::kAuto) return false;
  return output.raw || ends_with(output.path, std::string(".") + kRaw);
}

AudioWriter::Sink to_stream(std::ostream& stream) {
  return [&stream](const void* data, size_t size) {
    stream.write(static_cast<const char*>(data), static_cast<std::streamsize>(size)).flush();
    return static_cast<bool>(stream);
  };
}

// Opened for the first samples.
AudioWriter::Sink to_file(const std::string& path) {
  const auto file = std::make_shared<std::ofstream>();
  return [file, path](const void* data, size_t size) {
    if (!file->is_open()) file->open(path, std::ios::binary);
    return to_stream(*file)(data, size);
  };
}

AudioFormat stdout_format(const AudioOutput& output) {
  return output.format == AudioFormat::kAuto ? AudioFormat::kWav : output.format;
}

std::vector<std::string> output_formats() {
  std::vector<std::string> names = {kRaw};
  for (const auto& [name, format] : format_names()) names.push_back(name);
  return names;
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
                 ".ogg, .opus, .mp3 or .pcm (samples alone); - is standard output")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_option_function<std::string>(
         "--format",
         [&output](const std::string& name) {
           output.raw = name == kRaw;
           output.format = output.raw ? AudioFormat::kAuto : format_names().at(name);
         },
         "format of the output, whatever its name: wav, flac, ogg, opus, mp3, or pcm (samples of "
         "16 bits, little-endian, without a header)")
      ->type_name("NAME")
      ->check(CLI::IsMember(output_formats()).description(""))
      ->default_str("by the extension; wav on standard output");
}

void check_format(const AudioOutput& output) {
  if (!output.path.empty()) (void)make_writer(output);
}

void write_speech(const AudioOutput& output, const Result& result) {
  if (is_raw(output)) {
    AudioWriter writer = make_writer(output);
    writer.write(result.samples());
    writer.finish();
  } else if (output.path == "-") {
    write_text("-", encode_audio(result.audio(), stdout_format(output)));
  } else {
    write_audio(output.path, result, output.format);
  }
}

AudioWriter make_writer(const AudioOutput& output) {
  const bool to_stdout = output.path == "-";
  if (is_raw(output)) {
    return {app::without_header(to_stdout ? to_stream(std::cout) : to_file(output.path)),
            AudioFormat::kWav};
  }
  if (to_stdout) return {to_stream(std::cout), stdout_format(output)};
  return AudioWriter(output.path, output.format);
}

}  // namespace chatterbox::cli
