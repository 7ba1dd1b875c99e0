# install, find_package(chatterbox) and pkg-config. Only the shared library, its headers, the demo
# model and the program are installed; libtorch is used where it lies.
if(NOT TARGET chatterbox)
  return()
endif()
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# $ORIGIN lets an installation be moved; the other entry is libtorch, which does not move with it.
set_target_properties(chatterbox PROPERTIES INSTALL_RPATH "$ORIGIN;${Libtorch_LIBRARY_DIR}")
install(TARGETS chatterbox EXPORT chatterboxTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT development
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY include/chatterbox DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)
include(cmake/sbom.cmake)
install(FILES LICENSE ${PROJECT_BINARY_DIR}/chatterbox.cdx.json
  DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/chatterbox COMPONENT runtime)
# find_installed() looks for these beside the library. The watermark's weights are what cmake/setup.sh fetched.
install(FILES build/watermark/perth_implicit.safetensors
  DESTINATION ${CMAKE_INSTALL_DATADIR}/chatterbox COMPONENT runtime OPTIONAL)
install(DIRECTORY examples/demo_voice/model/
  DESTINATION ${CMAKE_INSTALL_DATADIR}/chatterbox/models/demo COMPONENT runtime)
if(TARGET chatterbox-cli)
  file(RELATIVE_PATH _bin_to_lib ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
  set_target_properties(chatterbox-cli PROPERTIES INSTALL_RPATH "$ORIGIN/${_bin_to_lib}")
  install(TARGETS chatterbox-cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
endif()

set(_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/chatterbox)
install(EXPORT chatterboxTargets NAMESPACE chatterbox:: DESTINATION ${_package_dir}
  COMPONENT development)
configure_package_config_file(cmake/chatterboxConfig.cmake.in
  ${PROJECT_BINARY_DIR}/chatterboxConfig.cmake INSTALL_DESTINATION ${_package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/chatterboxConfigVersion.cmake
  COMPATIBILITY SameMajorVersion)
install(FILES ${PROJECT_BINARY_DIR}/chatterboxConfig.cmake
  ${PROJECT_BINARY_DIR}/chatterboxConfigVersion.cmake
  DESTINATION ${_package_dir} COMPONENT development)

file(RELATIVE_PATH CHATTERBOX_PC_TO_PREFIX
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(cmake/chatterbox.pc.in ${PROJECT_BINARY_DIR}/chatterbox.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/chatterbox.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
