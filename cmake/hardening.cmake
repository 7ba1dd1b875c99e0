# What makes a mistake in memory harder to use for who finds it. Linked by the libraries and the programs, not by
# the tests; a sanitizer has checks of its own. tests/hardening looks for the marks that it leaves in the files.
add_library(chatterbox_hardening INTERFACE)
if(CHATTERBOX_SANITIZE)
  return()
endif()
include(CheckCXXCompilerFlag)

# Only where the optimiser makes them cost nothing, and debug builds stay as they are.
foreach(flag -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -mbranch-protection=standard)
  string(MAKE_C_IDENTIFIER "CHATTERBOX_HAS${flag}" known)
  check_cxx_compiler_flag(${flag} ${known})
  if(${known})
    target_compile_options(chatterbox_hardening INTERFACE $<$<CONFIG:Release>:${flag}>)
  endif()
endforeach()
target_compile_options(chatterbox_hardening INTERFACE $<$<CONFIG:Release>:-U_FORTIFY_SOURCE$<SEMICOLON>-D_FORTIFY_SOURCE=2>)
if(CMAKE_SYSTEM_NAME STREQUAL Linux)
  target_link_options(chatterbox_hardening INTERFACE
    LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack LINKER:-z,separate-code
    $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie>)
endif()
