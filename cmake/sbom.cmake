# Writes chatterbox.cdx.json (CycloneDX 1.5): what the library and the program are made of, by the versions that
# were found. tests/hardening compares it with what they load.
set(_components "")

# sbom_component(NAME VERSION LICENCE PURL LIBRARY...): LIBRARY is the beginning of a file that it brings.
function(sbom_component name version licence purl)
  if(version STREQUAL "")
    set(version unknown)
  endif()
  set(properties "")
  foreach(library ${ARGN})
    list(APPEND properties "{\"name\": \"chatterbox:library\", \"value\": \"${library}\"}")
  endforeach()
  list(JOIN properties ", " properties)
  string(CONCAT component "    {\"type\": \"library\", \"name\": \"${name}\", \"version\": \"${version}\", "
    "\"purl\": \"${purl}@${version}\",\n     \"licenses\": [{\"expression\": \"${licence}\"}], "
    "\"properties\": [${properties}]}")
  list(APPEND _components "${component}")
  set(_components "${_components}" PARENT_SCOPE)
endfunction()

# sbom_file(NAME FILE LICENCE): data that is installed, where it is there.
function(sbom_file name file licence)
  if(NOT EXISTS "${file}")
    return()
  endif()
  file(SHA256 "${file}" hash)
  string(CONCAT component "    {\"type\": \"machine-learning-model\", \"name\": \"${name}\", "
    "\"licenses\": [{\"expression\": \"${licence}\"}],\n     "
    "\"hashes\": [{\"alg\": \"SHA-256\", \"content\": \"${hash}\"}]}")
  list(APPEND _components "${component}")
  set(_components "${_components}" PARENT_SCOPE)
endfunction()

pkg_check_modules(sentencepiece_info QUIET sentencepiece)  # for its version alone
if(Libtorch_VERSION)
  sbom_component(libtorch "${Libtorch_VERSION}" BSD-3-Clause pkg:pypi/torch libtorch libc10 libgomp)
endif()
sbom_component(icu "${icu_VERSION}" ICU pkg:generic/icu libicu)
sbom_component(sentencepiece "${sentencepiece_info_VERSION}" Apache-2.0 pkg:generic/sentencepiece libsentencepiece)
sbom_component(fmt "${fmt_VERSION}" MIT pkg:generic/fmt libfmt)
sbom_component(nlohmann-json "${nlohmann_json_VERSION}" MIT pkg:generic/nlohmann-json)
sbom_component(soxr "${soxr_VERSION}" LGPL-2.1-or-later pkg:generic/soxr libsoxr)
sbom_component(libsndfile "${sndfile_VERSION}" LGPL-2.1-or-later pkg:generic/libsndfile libsndfile)
sbom_component(mpg123 "${mpg123_VERSION}" LGPL-2.1-only pkg:generic/mpg123 libmpg123)
sbom_component(libsodium "${sodium_VERSION}" ISC pkg:generic/libsodium libsodium)
sbom_component(gcc-runtime "${CMAKE_CXX_COMPILER_VERSION}" "GPL-3.0-or-later WITH GCC-exception-3.1"
  pkg:generic/gcc libstdc++ libgcc_s)
if(CHATTERBOX_CUDA_KERNELS)
  sbom_component(cuda-runtime "${CHATTERBOX_NVCC_VERSION}" LicenseRef-NVIDIA-CUDA-EULA pkg:generic/cuda-runtime)
endif()
if(CHATTERBOX_BUILD_CLI)
  find_package(CLI11 QUIET)
  sbom_component(cli11 "${CLI11_VERSION}" BSD-3-Clause pkg:generic/cli11)
  file(STRINGS "${CHATTERBOX_BOOST_INCLUDE_DIR}/boost/version.hpp" boost REGEX "#define BOOST_LIB_VERSION ")
  string(REGEX REPLACE ".*\"([0-9]+)_([0-9]+).*" "\\1.\\2" boost "${boost}")
  sbom_component(boost "${boost}" BSL-1.0 pkg:generic/boost)
  file(REAL_PATH "${SONIC_LIBRARY}" sonic)  # libsonic.so.0.2.0: nothing else tells
  string(REGEX REPLACE ".*[.]so[.]" "" sonic "${sonic}")
  sbom_component(sonic "${sonic}" Apache-2.0 pkg:generic/sonic libsonic)
endif()
sbom_file(perth_implicit.safetensors "${PROJECT_SOURCE_DIR}/build/watermark/perth_implicit.safetensors" MIT)
foreach(name t3_cfg s3gen ve)
  sbom_file(demo/${name}.safetensors "${PROJECT_SOURCE_DIR}/examples/demo_voice/model/${name}.safetensors" MIT)
endforeach()

list(JOIN _components ",\n" _components)
file(WRITE ${PROJECT_BINARY_DIR}/chatterbox.cdx.json "{\n  \"bomFormat\": \"CycloneDX\",\n  \"specVersion\": \"1.5\",
  \"version\": 1,\n  \"metadata\": {\"component\": {\"type\": \"library\", \"name\": \"chatterbox\", \"version\": \
\"${PROJECT_VERSION}\",\n    \"licenses\": [{\"expression\": \"MIT\"}]}},\n  \"components\": [\n${_components}\n  ]\n}\n")
