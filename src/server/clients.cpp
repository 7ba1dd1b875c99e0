#include "server/clients.h"

#include <sodium.h>

#include <chatterbox/chatterbox.hpp>
#include <fstream>
#include <sstream>
#include <utility>

#include "server/api_error.h"

namespace chatterbox::server {
namespace {

constexpr size_t kMinKey = 16;  // characters; shorter ones can be guessed

std::string_view bearer(std::string_view header) {
  constexpr std::string_view kScheme = "bearer ";
  if (header.size() < kScheme.size()) return {};
  for (size_t i = 0; i < kScheme.size(); ++i) {
    const char c = header[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != kScheme[i]) return {};
  }
  header.remove_prefix(kScheme.size());
  while (!header.empty() && header.front() == ' ') header.remove_prefix(1);
  return header;
}

}  // namespace

// FNV-1a: a number for a name, the same on every machine.
uint64_t Client::number() const {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

Clients::Clients(std::string file, size_t limit) : file_(std::move(file)), limit_(limit) {
  if (!file_.empty()) keys_ = read_file();
}

Clients::Hash Clients::hash(std::string_view key) {
  Hash hash{};
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(key.data()),
                     key.size(), nullptr, 0);
  return hash;
}

std::vector<Clients::Key> Clients::read_file() const {
  std::ifstream file(file_);
  if (!file) throw Error(Status::kNotFound, file_ + ": the keys cannot be read");
  std::vector<Key> keys;
  std::string line;
  for (size_t number = 1; std::getline(file, line); ++number) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string name;
    std::string key;
    std::string rest;
    if (!(words >> name)) continue;
    size_t limit = limit_;
    const bool has_key = static_cast<bool>(words >> key) && key.size() >= kMinKey;
    const bool has_limit = words.eof() || (words >> std::ws).eof() || (words >> limit && limit > 0);
    if (!has_key || !has_limit || words >> rest) {
      throw Error(Status::kInvalidArgument,
                  file_ + ", line " + std::to_string(number) +
                      ": must be NAME KEY [LIMIT], with a key of 16 characters or more");
    }
    keys.push_back({name, hash(key), limit});
  }
  if (keys.empty()) throw Error(Status::kInvalidArgument, file_ + ": has no keys");
  return keys;
}

void Clients::reload() {
  if (file_.empty()) return;
  std::vector<Key> keys = read_file();
  const std::lock_guard lock(mutex_);
  keys_.swap(keys);
}

Client Clients::identify(const HttpRequest& request) const {
  if (file_.empty()) return {request.peer, limit_};
  const Hash given = hash(bearer(request.header("authorization")));
  const std::lock_guard lock(mutex_);
  const Key* found = nullptr;
  // All are compared, each in constant time: how long it takes says nothing.
  for (const Key& key : keys_) {
    if (sodium_memcmp(key.hash.data(), given.data(), given.size()) == 0) found = &key;
  }
  if (found == nullptr) {
    throw ApiError(401, "invalid_api_key",
                   "the Authorization header must be Bearer and a valid key");
  }
  return {found->name, found->limit};
}

Clients::Seat Clients::seat(const Client& client) {
  const std::lock_guard lock(mutex_);
  size_t& seated = seated_[client.name];
  if (seated >= client.limit) {
    throw ApiError(429, "too_many_requests",
                   "a client may have " + std::to_string(client.limit) + " requests at a time")
        .retry_after(1);
  }
  ++seated;
  return {*this, client.name};
}

void Clients::leave(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = seated_.find(name);
  if (found != seated_.end() && --found->second == 0) seated_.erase(found);
}

Clients::Seat::Seat(Seat&& other) noexcept
    : clients_(std::exchange(other.clients_, nullptr)), name_(std::move(other.name_)) {}
Clients::Seat& Clients::Seat::operator=(Seat&& other) noexcept {
  std::swap(clients_, other.clients_);
  std::swap(name_, other.name_);
  return *this;
}
Clients::Seat::~Seat() {
  if (clients_ != nullptr) clients_->leave(name_);
}

}  // namespace chatterbox::server
