#include "cli/wav_stream.h"

#include <algorithm>
#include <cerrno>
#include <chatterbox/chatterbox.hpp>
#include <cstring>
#include <iostream>
#include <utility>

#include "audio/wav.h"

namespace chatterbox::cli {
namespace {

constexpr int32_t kRate = 24000;
constexpr size_t kMostBytes = 0xFFFFFFFF - 100;  // that the header's 32 bits can tell

uint32_t data_bytes(size_t samples) {
  return static_cast<uint32_t>(std::min(samples * sizeof(int16_t), kMostBytes));
}

}  // namespace

WavStream::WavStream(std::string path) : path_(std::move(path)), out_(&std::cout) {
  if (path_ != "-") {
    file_.open(path_, std::ios::binary | std::ios::trunc);
    out_ = &file_;
  }
  *out_ << audio::encode_wav_header(1, kRate, path_ == "-" ? audio::kUnknownWavSize : 0);
  check();
}

WavStream::~WavStream() {
  try {
    finish();
  } catch (const Error&) {
    // Whoever wants to know calls finish().
  }
}

void WavStream::write(const float* samples, size_t count) {
  *out_ << audio::encode_wav_samples(samples, count, samples_);
  out_->flush();
  samples_ += count;
  check();
}

void WavStream::finish() {
  if (std::exchange(finished_, true) || path_ == "-") return;
  file_.seekp(0);
  file_ << audio::encode_wav_header(1, kRate, data_bytes(samples_));
  file_.close();
  check();
}

double WavStream::seconds() const { return static_cast<double>(samples_) / kRate; }

void WavStream::check() const {
  if (*out_) return;
  throw Error(Status::kIo, path_ + ": cannot be written: " + std::strerror(errno));
}

}  // namespace chatterbox::cli
