# Targets: format (rewrites the sources), format-check (fails where format would change one), tidy.
# A project that embeds this one has its own targets of these names.
if(NOT PROJECT_IS_TOP_LEVEL)
  return()
endif()
# Versions of clang-format disagree with each other; 14 is what the tree is formatted with.
find_program(CHATTERBOX_CLANG_FORMAT NAMES clang-format-14 clang-format
  HINTS ${PROJECT_SOURCE_DIR}/build/tools/bin DOC "clang-format, version 14")
mark_as_advanced(CHATTERBOX_CLANG_FORMAT)
if(CHATTERBOX_CLANG_FORMAT)
  add_custom_target(format
    COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/format.sh ${CHATTERBOX_CLANG_FORMAT} -i
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} VERBATIM)
  add_custom_target(format-check
    COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/format.sh ${CHATTERBOX_CLANG_FORMAT} --dry-run --Werror
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} VERBATIM)
endif()

# clang-tidy cannot read gcc's precompiled headers, so it gets its own build folder without them.
add_custom_target(tidy
  COMMAND ${CMAKE_COMMAND} -S ${PROJECT_SOURCE_DIR} -B ${PROJECT_SOURCE_DIR}/build/tidy -G Ninja
    -DCHATTERBOX_PCH=OFF -DCHATTERBOX_LIBTORCH=${CHATTERBOX_LIBTORCH}
  COMMAND python3 ${PROJECT_SOURCE_DIR}/tests/style/tidy.py ${PROJECT_SOURCE_DIR}
    --database ${PROJECT_SOURCE_DIR}/build/tidy
  USES_TERMINAL VERBATIM)
