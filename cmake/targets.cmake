# chatterbox_library(NAME [TORCH] SOURCES ... [LINK ...]): one folder of src/ as a static library.
# TORCH: it uses libtorch; the folder is skipped where CHATTERBOX_TORCH is OFF.
add_library(chatterbox_flags INTERFACE)
target_compile_features(chatterbox_flags INTERFACE cxx_std_17)
target_compile_options(chatterbox_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX,C>:-Wall -Wextra -Wpedantic -Wshadow>
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-Wmissing-declarations>
  $<$<BOOL:${CHATTERBOX_WERROR}>:-Werror>)
if(CHATTERBOX_SANITIZE)
  target_compile_options(chatterbox_flags INTERFACE
    -fsanitize=${CHATTERBOX_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(chatterbox_flags INTERFACE -fsanitize=${CHATTERBOX_SANITIZE})
endif()

function(chatterbox_library name)
  cmake_parse_arguments(arg "TORCH" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(${name} PUBLIC chatterbox_flags ${arg_LINK})
  target_compile_definitions(${name} PRIVATE CHATTERBOX_BUILDING)
  if(arg_TORCH)
    target_link_libraries(${name} PUBLIC libtorch::cpu)
    if(CHATTERBOX_PCH)
      target_precompile_headers(${name} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/torch_pch.h)
    endif()
  endif()
endfunction()

# chatterbox_test(NAME SOURCES ... [LINK ...] [LABELS ...]): a GoogleTest program, one CTest test.
function(chatterbox_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE ${arg_LINK} chatterbox_flags GTest::gtest_main GTest::gmock)
  target_compile_definitions(${name} PRIVATE CHATTERBOX_TEST_DATA="${PROJECT_SOURCE_DIR}/tests")
  add_test(NAME ${name} COMMAND ${name})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 600)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT}
    ENVIRONMENT "OMP_WAIT_POLICY=passive")
endfunction()
