# Writes OUTPUT, a header that names the commit of SOURCE; it changes only when the commit does.
cmake_minimum_required(VERSION 3.24)
find_package(Git QUIET)
set(commit unknown)
if(GIT_FOUND)
  execute_process(
    COMMAND ${GIT_EXECUTABLE} --no-optional-locks describe --always --dirty --abbrev=12 --exclude=*
    WORKING_DIRECTORY ${SOURCE}
    OUTPUT_VARIABLE described
    RESULT_VARIABLE failed
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT failed)
    set(commit ${described})
  endif()
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "#define CHATTERBOX_COMMIT \"${commit}\"\n")
