#include "cli/wav_stream.h"

#include <algorithm>
#include <cerrno>
#include <chatterbox/chatterbox.hpp>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <utility>

#include "audio/wav.h"

namespace chatterbox::cli {
namespace {

constexpr int32_t kRate = 24000;
constexpr size_t kMostBytes = 0xFFFFFF00;  // of whole samples, that the header's 32 bits can tell

uint32_t data_bytes(size_t samples) {
  return static_cast<uint32_t>(std::min(samples * sizeof(int16_t), kMostBytes));
}

}  // namespace

WavStream::WavStream(std::string path) : path_(std::move(path)) {}

void WavStream::begin() {
  if (out_ != nullptr) return;
  out_ = &std::cout;
  if (path_ != "-") {
    file_.open(path_, std::ios::binary | std::ios::trunc);
    out_ = &file_;
    std::error_code ignored;
    rewinds_ = std::filesystem::is_regular_file(path_, ignored);
  }
  *out_ << audio::encode_wav_header(1, kRate, rewinds_ ? 0 : audio::kUnknownWavSize);
  check();
}

WavStream::~WavStream() {
  if (out_ == nullptr) return;
  try {
    finish();
  } catch (const Error&) {
    // Whoever wants to know calls finish().
  }
}

void WavStream::write(const float* samples, size_t count) {
  begin();
  *out_ << audio::encode_wav_samples(samples, count, samples_);
  out_->flush();
  samples_ += count;
  check();
}

void WavStream::finish() {
  if (std::exchange(finished_, true)) return;
  begin();
  if (rewinds_) {
    file_.seekp(0);
    file_ << audio::encode_wav_header(1, kRate, data_bytes(samples_));
  }
  if (file_.is_open()) file_.close();
  check();
}

double WavStream::seconds() const { return static_cast<double>(samples_) / kRate; }

void WavStream::check() const {
  if (*out_) return;
  throw Error(Status::kIo, path_ + ": cannot be written: " + std::strerror(errno));
}

}  // namespace chatterbox::cli
