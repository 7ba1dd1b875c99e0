#include "watermark/mark_stream.h"

#include <algorithm>

namespace chatterbox::watermark {
namespace {

// Two hops of the spectrogram at its own rate: frames of all windows are those of the whole.
constexpr int64_t kStep = 480;

int64_t whole_steps(int64_t samples) { return samples / kStep * kStep; }

}  // namespace

std::vector<float> MarkStream::push(const Perth& perth, const std::vector<float>& samples,
                                    bool last) {
  kept_.insert(kept_.end(), samples.begin(), samples.end());
  const auto known = static_cast<int64_t>(kept_.size());
  const int64_t end = last ? known : whole_steps(std::max<int64_t>(0, known - halo_));
  if (end <= marked_) return {};
  const std::vector<float> window = embed_window(perth, kept_, kSampleRate, loudest_);
  std::vector<float> made(window.begin() + marked_, window.begin() + end);
  const int64_t forgotten = std::max<int64_t>(0, end - halo_);
  kept_.erase(kept_.begin(), kept_.begin() + forgotten);
  marked_ = end - forgotten;
  return made;
}

}  // namespace chatterbox::watermark
