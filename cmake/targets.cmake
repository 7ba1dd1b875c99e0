# chatterbox_library(NAME [TORCH] SOURCES ... [LINK ...]): one folder of src/ as a static library.
# TORCH: it uses libtorch; the folder is skipped where CHATTERBOX_TORCH is OFF.
add_library(chatterbox_flags INTERFACE)
target_compile_features(chatterbox_flags INTERFACE cxx_std_17)
target_compile_options(chatterbox_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX,C>:-Wall -Wextra -Wpedantic -Wshadow>
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-Wmissing-declarations>
  $<$<BOOL:${CHATTERBOX_WERROR}>:-Werror>)
# libtorch's include folder holds another version of {fmt} than the one that is linked, and comes before
# the system's folders: the right one must come before both.
if(TARGET fmt::fmt)
  find_path(CHATTERBOX_FMT_INCLUDE_DIR fmt/core.h REQUIRED)
  mark_as_advanced(CHATTERBOX_FMT_INCLUDE_DIR)
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/fmt)
  file(CREATE_LINK ${CHATTERBOX_FMT_INCLUDE_DIR}/fmt ${PROJECT_BINARY_DIR}/fmt/fmt SYMBOLIC)
  target_include_directories(chatterbox_flags SYSTEM BEFORE INTERFACE ${PROJECT_BINARY_DIR}/fmt)
endif()
set(CHATTERBOX_FULL_CHECKPOINT ${PROJECT_BINARY_DIR}/full_checkpoint)
set(CHATTERBOX_FULL_FLASH ${PROJECT_BINARY_DIR}/full_flash)
# What every test runs with. A spinning OpenMP team starves the other tests of a parallel run.
set(CHATTERBOX_TEST_ENVIRONMENT OMP_WAIT_POLICY=passive)
if(CHATTERBOX_SANITIZE)
  target_compile_options(chatterbox_flags INTERFACE
    -fsanitize=${CHATTERBOX_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all
    # UBSan's checks of every single pointer: a third of the compile time, and what reads through a bad one
    # faults, or AddressSanitizer sees it.
    -fno-sanitize=null,alignment,object-size,vptr
    # gcc says itself that sanitizers make this one guess wrong.
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_compile_definitions(chatterbox_flags INTERFACE _GLIBCXX_ASSERTIONS)
  if(CHATTERBOX_FUZZ)
    target_compile_options(chatterbox_flags INTERFACE -fsanitize=fuzzer-no-link)
  endif()
  target_link_options(chatterbox_flags INTERFACE -fsanitize=${CHATTERBOX_SANITIZE})
  list(APPEND CHATTERBOX_TEST_ENVIRONMENT
    ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:check_initialization_order=1
    UBSAN_OPTIONS=print_stacktrace=1 TSAN_OPTIONS=halt_on_error=1)
endif()

# Whether CUDA devices can be asked for. Nothing is linked for them: see src/runtime/cuda_runtime.h.
set(CHATTERBOX_WITH_CUDA OFF)
if(CHATTERBOX_TORCH AND NOT CHATTERBOX_CUDA STREQUAL "OFF")
  if(Libtorch_CUDA_LIBRARY)
    set(CHATTERBOX_WITH_CUDA ON)
    target_compile_definitions(chatterbox_flags INTERFACE CHATTERBOX_WITH_CUDA)
  elseif(CHATTERBOX_CUDA STREQUAL "ON")
    message(FATAL_ERROR "CHATTERBOX_CUDA=ON, but there is no libtorch_cuda.so in ${Libtorch_LIBRARY_DIR}")
  endif()
endif()

if(CHATTERBOX_TORCH)
  # at::parallel_for is serial in a source that is compiled without OpenMP.
  # As a flag: OpenMP::OpenMP_CXX names the compiler's libgomp, but libtorch brings its own.
  find_package(OpenMP REQUIRED COMPONENTS CXX)
  add_library(chatterbox_torch INTERFACE)
  target_link_libraries(chatterbox_torch INTERFACE libtorch::cpu ${OpenMP_CXX_FLAGS})
  target_compile_options(chatterbox_torch INTERFACE $<$<COMPILE_LANGUAGE:CXX>:${OpenMP_CXX_FLAGS}>)
endif()

# chatterbox_precompiled(NAME HEADER [LINK ...]): a header that many targets share, compiled once.
function(chatterbox_precompiled name header)
  cmake_parse_arguments(arg "" "" "LINK" ${ARGN})
  file(WRITE ${PROJECT_BINARY_DIR}/${name}.cpp "")
  add_library(${name} STATIC ${PROJECT_BINARY_DIR}/${name}.cpp)
  target_link_libraries(${name} PRIVATE chatterbox_flags ${arg_LINK})
  target_precompile_headers(${name} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/${header})
endfunction()
if(CHATTERBOX_PCH)
  chatterbox_precompiled(chatterbox_support_pch support_pch.h LINK fmt::fmt chatterbox_hardening)
  if(CHATTERBOX_TORCH)
    chatterbox_precompiled(chatterbox_torch_pch torch_pch.h LINK fmt::fmt chatterbox_torch chatterbox_hardening)
  endif()
endif()

function(chatterbox_library name)
  cmake_parse_arguments(arg "TORCH" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(${name} PUBLIC chatterbox_flags ${arg_LINK} PRIVATE chatterbox_hardening)
  target_compile_definitions(${name} PRIVATE CHATTERBOX_BUILDING)
  if(arg_TORCH)
    target_link_libraries(${name} PUBLIC chatterbox_torch)
  endif()
  if(CHATTERBOX_PCH AND arg_TORCH)
    target_precompile_headers(${name} REUSE_FROM chatterbox_torch_pch)
  elseif(CHATTERBOX_PCH)
    target_precompile_headers(${name} REUSE_FROM chatterbox_support_pch)
  endif()
endfunction()

# chatterbox_test(NAME SOURCES ... [LINK ...] [LABELS ...] [TIMEOUT seconds]): a GoogleTest program, one
# CTest test. The label `full` gives it a checkpoint of the official size, made for the run and removed
# after it; its folder is in the environment variable CHATTERBOX_FULL_CHECKPOINT. With that label it is not
# built under a sanitizer: it would take minutes to run what other tests run there.
function(chatterbox_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  if(CHATTERBOX_SANITIZE AND "full" IN_LIST arg_LABELS)
    return()
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE chatterbox_test_flags)
  if(CHATTERBOX_PCH)
    set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)  # as the header
    if(arg_LINK MATCHES "chatterbox_(golden|models)")
      target_precompile_headers(${name} REUSE_FROM chatterbox_torch_test_pch)
    else()
      target_precompile_headers(${name} REUSE_FROM chatterbox_test_pch)
    endif()
  endif()
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE ${arg_LINK} chatterbox_flags GTest::gtest_main GTest::gmock)
  target_compile_definitions(${name} PRIVATE CHATTERBOX_TEST_DATA="${PROJECT_SOURCE_DIR}/tests")
  add_test(NAME ${name} COMMAND ${name})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 600)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT}
    ENVIRONMENT "${CHATTERBOX_TEST_ENVIRONMENT}")
  if("full" IN_LIST arg_LABELS)
    # One at a time: each wants gigabytes and all cores.
    set_tests_properties(${name} PROPERTIES FIXTURES_REQUIRED full_checkpoint RUN_SERIAL ON
      ENVIRONMENT "${CHATTERBOX_TEST_ENVIRONMENT};CHATTERBOX_FULL_CHECKPOINT=${CHATTERBOX_FULL_CHECKPOINT}")
  endif()
endfunction()

# chatterbox_limited_test(NAME PROGRAM program FILTER tests LEVEL level LABELS ...): tests of a program again, with the
# kernels of a smaller CPU.
function(chatterbox_limited_test name)
  cmake_parse_arguments(arg "" "PROGRAM;FILTER;LEVEL" "LABELS" ${ARGN})
  add_test(NAME ${name} COMMAND ${arg_PROGRAM} --gtest_filter=${arg_FILTER})
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT 600
    ENVIRONMENT "${CHATTERBOX_TEST_ENVIRONMENT};CHATTERBOX_CPU_ISA=${arg_LEVEL}")
endfunction()

# chatterbox_script_test(NAME COMMAND ... [LABELS ...] [TIMEOUT seconds]): any other program as a test.
# Exit code 77 means skipped; the test prints why.
function(chatterbox_script_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "COMMAND;LABELS" ${ARGN})
  add_test(NAME ${name} COMMAND ${arg_COMMAND})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 600)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT}
    SKIP_RETURN_CODE 77 ENVIRONMENT "${CHATTERBOX_TEST_ENVIRONMENT}")
endfunction()
