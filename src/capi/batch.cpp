#include <cstddef>
#include <utility>
#include <vector>

#include "capi/guard.h"
#include "capi/handles.h"
#include "capi/request.h"

using chatterbox::fail;
using chatterbox::Status;
using chatterbox::capi::guard;
using chatterbox::capi::require;

namespace {

using Items = std::vector<chatterbox_batch::Item>;

// The requests that can be read, and where they stand in the batch; the others have failed.
struct Readable {
  std::vector<chatterbox::Request> requests;
  std::vector<size_t> indices;
};

Readable read_requests(const chatterbox_request* const* requests, Items& items) {
  Readable readable;
  for (size_t i = 0; i < items.size(); ++i) {
    try {
      readable.requests.push_back(chatterbox::capi::convert(requests[i]));
    } catch (...) {
      items[i].failure = chatterbox::current_failure();
      continue;
    }
    readable.indices.push_back(i);
  }
  return readable;
}

Items generate(const chatterbox::ChatterboxEngine& engine,
               const chatterbox_request* const* requests, size_t count) {
  Items items(count);
  const Readable readable = read_requests(requests, items);
  std::vector<chatterbox::Outcome> outcomes = engine.generate_batch(readable.requests);
  for (size_t i = 0; i < outcomes.size(); ++i) {
    chatterbox_batch::Item& item = items[readable.indices[i]];
    chatterbox::Outcome& outcome = outcomes[i];
    if (outcome.result) {
      item.result = std::make_shared<const chatterbox::Result>(std::move(*outcome.result));
    } else {
      item.failure = {outcome.error->status(), outcome.error->what()};
    }
  }
  return items;
}

}  // namespace

chatterbox_status chatterbox_generate_batch(chatterbox_engine* engine,
                                            const chatterbox_request* const* requests,
                                            uint64_t count, chatterbox_batch** batch) {
  if (batch != nullptr) *batch = nullptr;
  return guard([&] {
    require("batch", batch);
    require("engine", engine);
    if (count > 0) require("requests", requests);
    *batch = new chatterbox_batch{generate(engine->engine, requests, count)};
  });
}

uint64_t chatterbox_batch_size(const chatterbox_batch* batch) {
  return batch == nullptr ? 0 : batch->items.size();
}

chatterbox_status chatterbox_batch_get(const chatterbox_batch* batch, uint64_t index,
                                       chatterbox_result** result) {
  if (result != nullptr) *result = nullptr;
  return guard([&] {
    require("result", result);
    require("batch", batch);
    if (index >= batch->items.size()) {
      fail(Status::kInvalidArgument, "index must be below {}, got {}", batch->items.size(), index);
    }
    const chatterbox_batch::Item& item = batch->items[index];
    if (!item.result) item.failure.raise();
    *result = new chatterbox_result{item.result};
  });
}

void chatterbox_batch_destroy(chatterbox_batch* batch) { delete batch; }
