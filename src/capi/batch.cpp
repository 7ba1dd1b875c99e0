#include <chatterbox/request.h>

#include <cstddef>
#include <utility>
#include <vector>

#include "capi/arguments.h"
#include "capi/handles.h"
#include "capi/new_handle.h"
#include "capi/request.h"

using chatterbox::fail;
using chatterbox::Status;
using chatterbox::capi::item_at;
using chatterbox::capi::require;
using chatterbox::capi::store_new;

namespace {

using Items = std::vector<chatterbox_batch::Item>;

// The requests that can be read, and where they and the others, which have failed, stand in the
// batch.
struct Readable {
  std::vector<chatterbox::Request> requests;
  std::vector<size_t> indices, others;
};

// Where the struct itself cannot be read, there is nobody to tell.
void tell_refused(const chatterbox_request* request, Status status) noexcept {
  constexpr size_t kLeast = offsetof(chatterbox_request, user_data) + sizeof(void*);
  if (request == nullptr || request->struct_size < kLeast || request->on_done == nullptr) return;
  try {
    request->on_done(request->tag, static_cast<int32_t>(status), request->user_data);
  } catch (...) {
    return;  // as another request's: it ends nothing
  }
}

Readable read_requests(const chatterbox_request* const* requests, Items& items) {
  Readable readable;
  for (size_t i = 0; i < items.size(); ++i) {
    try {
      readable.requests.push_back(chatterbox::capi::convert(requests[i]));
    } catch (...) {
      items[i].failure = chatterbox::current_failure();
      readable.others.push_back(i);
      continue;
    }
    items[i].tag = readable.requests.back().tag;
    readable.indices.push_back(i);
  }
  return readable;
}

Items generate(chatterbox::Engine& engine, const chatterbox_request* const* requests,
               uint64_t count) {
  if (count > Items().max_size()) {
    fail(Status::kInvalidArgument, "count must be at most {}, got {}", Items().max_size(), count);
  }
  Items items(static_cast<size_t>(count));
  const Readable readable = read_requests(requests, items);
  // Where this throws, the batch is refused as a whole, and nobody is told.
  std::vector<chatterbox::Outcome> outcomes = engine.generate_batch(readable.requests);
  for (const size_t i : readable.others) tell_refused(requests[i], items[i].failure.status);
  for (size_t i = 0; i < outcomes.size(); ++i) {
    chatterbox_batch::Item& item = items[readable.indices[i]];
    chatterbox::Outcome& outcome = outcomes[i];
    if (outcome.result) {
      item.result = std::make_shared<const chatterbox::Result>(std::move(*outcome.result));
    } else {
      item.failure = std::move(*outcome.failure);
    }
  }
  return items;
}

}  // namespace

chatterbox_status chatterbox_engine_generate_batch(chatterbox_engine* engine,
                                                   const chatterbox_request* const* requests,
                                                   uint64_t count, chatterbox_batch** batch) {
  return store_new("batch", batch, [&] {
    require("engine", engine);
    if (count > 0) require("requests", requests);
    return new chatterbox_batch{generate(engine->engine, requests, count)};
  });
}

uint64_t chatterbox_batch_size(const chatterbox_batch* batch) {
  return batch == nullptr ? 0 : batch->items.size();
}

chatterbox_status chatterbox_batch_get_result(const chatterbox_batch* batch, uint64_t index,
                                              chatterbox_result** result) {
  return store_new("result", result, [&] {
    require("batch", batch);
    const chatterbox_batch::Item& item = item_at(batch->items, index, "batch", "requests");
    if (!item.result) item.failure.raise();
    return new chatterbox_result{item.result, item.tag};
  });
}

void chatterbox_batch_destroy(chatterbox_batch* batch) { delete batch; }
