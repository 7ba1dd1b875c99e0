// t3_kinds FILE: which matrices of T3 should stay in bf16 under int8. With a T3 of the Llama family
// (t3_cfg.safetensors), it decodes the same tokens with all matrices of the backbone in int8, then
// with each kind of them in bf16, and prints the error of the logits and the time of a step as a
// table in Markdown.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "checkpoint/safetensors.h"
#include "t3/llama.h"

namespace chatterbox {
namespace {

constexpr int64_t kPrompt = 100;
constexpr int64_t kSteps = 40;
constexpr int64_t kRows = 2;  // a request with guidance

const nn::Placement kFp32{};
const nn::Placement kBf16{c10::kCPU, c10::kBFloat16};
const nn::Placement kInt8{c10::kCPU, c10::kBFloat16, true};

struct Model {
  t3::LlamaWeights llama;
  nn::Linear head;
};

Model load(const std::shared_ptr<const checkpoint::TensorFile>& file,
           const nn::Placement& placement) {
  const nn::WeightReader reader(file, placement);
  Model model{t3::load_llama(reader.scope("tfmr")), {}};
  model.head = nn::read_linear(reader, "speech_head", -1, model.llama.norm.size(0), nn::Bias::kNo);
  return model;
}

// What is multiplied together is one kind: the kernels take its matrices in one pass.
struct Kind {
  const char* name;
  std::function<void(t3::LlamaLayer& to, const t3::LlamaLayer& from)> take;
};

const std::vector<Kind>& kinds() {
  using Layer = t3::LlamaLayer;
  static const std::vector<Kind> all = {
      {"query, key, value",
       [](Layer& to, const Layer& from) {
         to.q_proj = from.q_proj;
         to.k_proj = from.k_proj;
         to.v_proj = from.v_proj;
       }},
      {"output", [](Layer& to, const Layer& from) { to.o_proj = from.o_proj; }},
      {"gate, up",
       [](Layer& to, const Layer& from) {
         to.gate_proj = from.gate_proj;
         to.up_proj = from.up_proj;
       }},
      {"down", [](Layer& to, const Layer& from) { to.down_proj = from.down_proj; }},
  };
  return all;
}

struct Decoded {
  at::Tensor logits;   // [steps, vocabulary], of the first row
  double step_ms = 0;  // the least
};

// `x` [prompt + steps, C], the same for all rows.
Decoded decode(const Model& model, const at::Tensor& x, const nn::Placement& cache_placement) {
  const t3::Llama llama(model.llama, x.size(0));
  t3::BatchKVCache cache(llama.layers(), llama.heads(), kRows, x.size(0), cache_placement);
  const std::vector<int64_t> rows = cache.take(kRows);
  for (const int64_t row : rows) llama.fill(x.narrow(0, 0, kPrompt), {{row, kPrompt}}, cache);
  std::vector<at::Tensor> logits;
  std::vector<double> times;
  for (int64_t i = kPrompt; i < x.size(0); ++i) {
    const auto start = std::chrono::steady_clock::now();
    const at::Tensor hidden = llama.decode(x.narrow(0, i, 1).expand({kRows, -1}), rows, cache);
    logits.push_back(nn::linear(hidden, model.head)[0]);
    const std::chrono::duration<double, std::milli> elapsed =
        std::chrono::steady_clock::now() - start;
    times.push_back(elapsed.count());
  }
  return {at::stack(logits), *std::min_element(times.begin(), times.end())};
}

// Embeddings of tokens drawn at random, at their positions, as T3 is fed.
at::Tensor random_inputs(const std::shared_ptr<const checkpoint::TensorFile>& file) {
  const nn::WeightReader reader(file, kFp32);
  const at::Tensor table = reader.get("speech_emb.weight", {-1, -1});
  const at::Tensor places = reader.get("speech_pos_emb.emb.weight", {-1, table.size(1)});
  std::vector<int64_t> tokens;
  for (int64_t i = 0; i < kPrompt + kSteps; ++i) tokens.push_back(i * 7919 % table.size(0));
  return table.index_select(0, at::tensor(tokens)) + places.narrow(0, 0, kPrompt + kSteps);
}

void print(const std::string& name, const Decoded& decoded, const Decoded& exact,
           const Decoded& int8) {
  const at::Tensor error = (decoded.logits - exact.logits).norm() / exact.logits.norm();
  const at::Tensor equal = decoded.logits.argmax(1).eq(exact.logits.argmax(1)).sum();
  std::printf("| %s | %.4f | %ld of %ld | %.1f ms | %.2f |\n", name.c_str(), error.item<double>(),
              static_cast<long>(equal.item<int64_t>()), static_cast<long>(kSteps), decoded.step_ms,
              decoded.step_ms / int8.step_ms);
}

void search(const std::string& path) {
  const c10::InferenceMode inference_mode;
  const auto file = checkpoint::open_safetensors(path);
  const at::Tensor x = random_inputs(file);
  const Decoded exact = decode(load(file, kFp32), x, kFp32);
  const Model bf16 = load(file, kBf16);
  const Model int8 = load(file, kInt8);
  const Model product{int8.llama, bf16.head};  // what precision int8 is
  const Decoded base = decode(product, x, kBf16);
  std::cout
      << "| in bf16 beside the head | relative error of the logits | equal argmax | a step of "
         "2 rows | / none |\n|---|---:|---:|---:|---:|\n";
  print("none", base, exact, base);
  for (const Kind& kind : kinds()) {
    Model mixed = product;
    for (size_t i = 0; i < mixed.llama.layers.size(); ++i) {
      kind.take(mixed.llama.layers[i], bf16.llama.layers[i]);
    }
    print(kind.name, decode(mixed, x, kBf16), exact, base);
  }
  print("all", decode(bf16, x, kBf16), exact, base);
  print("none, and the head in int8", decode(int8, x, kBf16), exact, base);
}

}  // namespace
}  // namespace chatterbox

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: t3_kinds T3.safetensors\n";
    return 2;
  }
  try {
    chatterbox::search(argv[1]);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "t3_kinds: error: " << error.what() << std::endl;
    return 1;
  }
}
