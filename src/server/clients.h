// Who asks: a bearer key from a file, or the address. And how much each may ask at a time.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "server/http.h"

namespace chatterbox::server {

struct Client {
  std::string name;
  size_t limit = 0;  // of requests at a time
  // For the engine's queue, in which clients take turns.
  [[nodiscard]] uint64_t number() const;
};

class Clients {
 public:
  // `file`: a line for each key: NAME KEY [LIMIT]; # begins a comment. Empty: no key is needed, and
  // a client is an address. `limit`: of clients whose line gives none. Throws Error kIo, kNotFound,
  // or kInvalidArgument with the line's number.
  Clients(std::string file, size_t limit);

  // Reads the file again; if that fails, the keys stay as they are.
  void reload();
  [[nodiscard]] bool needs_keys() const { return !file_.empty(); }
  // Throws ApiError 401.
  [[nodiscard]] Client identify(const HttpRequest& request) const;

  // A request that is being answered.
  class Seat {
   public:
    Seat() = default;
    Seat(Clients& clients, std::string name) : clients_(&clients), name_(std::move(name)) {}
    Seat(Seat&& other) noexcept;
    Seat& operator=(Seat&& other) noexcept;
    ~Seat();

   private:
    Clients* clients_ = nullptr;
    std::string name_;
  };
  // Throws ApiError 429 where the client has as many as it may.
  [[nodiscard]] Seat seat(const Client& client);

 private:
  static constexpr size_t kHashBytes = 32;
  using Hash = std::array<unsigned char, kHashBytes>;
  struct Key {
    std::string name;
    Hash hash{};  // the key itself is not kept
    size_t limit = 0;
  };
  [[nodiscard]] static Hash hash(std::string_view key);
  [[nodiscard]] std::vector<Key> read_file() const;
  void leave(const std::string& name);

  const std::string file_;
  const size_t limit_;
  mutable std::mutex mutex_;
  std::vector<Key> keys_;
  std::map<std::string, size_t> seated_;
};

}  // namespace chatterbox::server
