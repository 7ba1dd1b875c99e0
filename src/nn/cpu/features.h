// What the kernels may use of this machine's CPU. Torch-free.
#pragma once

namespace chatterbox::nn::cpu {

// Groups of instructions that a variant of the kernels is compiled for.
enum class Feature { kAvx2, kAvxVnni, kAvx512, kAvx512Vnni, kAvx512Bf16, kAmxInt8, kAmxBf16 };

// CPUs by what they have, each what those before it have, but that AVX-VNNI came to CPUs with and
// without AVX-512.
enum class Level { kPortable, kAvx2, kAvxVnni, kAvx512, kAvx512Vnni, kAvx512Bf16, kAmx };

// The environment variable with the name of the level beyond which nothing is used: to measure, and
// to test, what other CPUs run. It changes none of libtorch's own choices.
inline constexpr const char* kLevelVariable = "CHATTERBOX_CPU_ISA";

// What a value of the variable allows: all where it is null or empty. Throws kInvalidArgument if it
// names no level.
[[nodiscard]] Level allowed_level(const char* value);
// Whether a CPU of the level has the feature.
[[nodiscard]] bool has(Level level, Feature feature);

// Whether this build has kernels for the feature, this machine runs them, and the environment
// allows it. Throws kInvalidArgument if the variable names no level.
[[nodiscard]] bool usable(Feature feature);

}  // namespace chatterbox::nn::cpu
