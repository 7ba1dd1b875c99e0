// The requests of a batch as C structs. Include <chatterbox/chatterbox.hpp>, not this file, which
// has nothing for callers.
#ifndef CHATTERBOX_CPP_BATCH_HPP
#define CHATTERBOX_CPP_BATCH_HPP

#include <chatterbox/cpp/callbacks.hpp>
#include <chatterbox/cpp/core.hpp>
#include <chatterbox/cpp/result.hpp>
#include <chatterbox/cpp/to_c.hpp>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace chatterbox {
inline namespace abi1 {
namespace detail {

class BatchRequests {
 public:
  explicit BatchRequests(const std::vector<Request>& requests)
      : requests_(requests), refused_(requests.size()) {
    structs_.reserve(requests.size());  // they must not move
    for (const Request& request : requests) add(request);
  }

  // NULL for a request that has no equivalent in C.
  [[nodiscard]] const chatterbox_request* const* pointers() const noexcept {
    return pointers_.data();
  }

  // The outcomes in the batch that C made from the requests.
  [[nodiscard]] std::vector<Outcome> outcomes(const chatterbox_batch* batch) {
    std::vector<Outcome> outcomes(requests_.size());
    for (size_t i = 0; i < outcomes.size(); ++i) {
      try {
        outcomes[i].result.emplace(result(batch, i));
      } catch (const Error& error) {
        outcomes[i].error = error;
      }
    }
    return outcomes;
  }

 private:
  void add(const Request& request) {
    const size_t index = structs_.size();
    callbacks_.emplace_back(Functions::of(request));
    structs_.push_back({});
    streams_.push_back({});
    pointers_.push_back(nullptr);
    try {
      structs_.back() = to_c(request, streams_.back());
    } catch (const Error& error) {
      refused_[index] = error;
      return;
    }
    callbacks_.back().install(structs_.back());
    pointers_.back() = &structs_.back();
  }

  [[nodiscard]] chatterbox_result* result(const chatterbox_batch* batch, size_t index) {
    if (refused_[index]) {
      std::string nobody;  // what on_done throws is dropped
      (void)no_throw("on_done", nobody, [&] {
        if (requests_[index].on_done) requests_[index].on_done(refused_[index]->status());
      });
      throw Error(*refused_[index]);
    }
    chatterbox_result* result = nullptr;
    check(chatterbox_batch_get_result(batch, index, &result), callbacks_[index].thrown());
    return result;
  }

  const std::vector<Request>& requests_;
  std::vector<std::optional<Error>> refused_;
  std::deque<Callbacks> callbacks_;
  std::vector<chatterbox_request> structs_;
  std::deque<chatterbox_stream_options> streams_;
  std::vector<const chatterbox_request*> pointers_;
};

}  // namespace detail
}  // namespace abi1
}  // namespace chatterbox

#endif  // CHATTERBOX_CPP_BATCH_HPP
