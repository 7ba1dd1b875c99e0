# Finds libtorch without its own CMake package, which insists on a CUDA toolkit for a CUDA build of
# torch and adds flags that a consumer does not want.
#
# Searched in this order: CHATTERBOX_LIBTORCH (a folder that holds include/ and lib/, or a torch/ with
# them), CMAKE_PREFIX_PATH, the build folder's own copy (cmake/setup.sh puts it there), the torch
# package of the python3 on PATH.
#
# Targets: libtorch::cpu, and libtorch::cuda where libtorch_cuda.so lies beside it.
set(_libtorch_hints "${CHATTERBOX_LIBTORCH}" "$ENV{CHATTERBOX_LIBTORCH}" ${CMAKE_PREFIX_PATH}
    "${PROJECT_SOURCE_DIR}/build/libtorch")
find_path(Libtorch_ROOT_DIR include/ATen/core/Tensor.h
  HINTS ${_libtorch_hints} PATH_SUFFIXES torch NO_DEFAULT_PATH)
if(NOT Libtorch_ROOT_DIR)
  find_program(Libtorch_PYTHON python3)
  if(Libtorch_PYTHON)
    execute_process(
      COMMAND ${Libtorch_PYTHON} -c
        "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')"
      OUTPUT_VARIABLE _libtorch_python_dir OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(_libtorch_python_dir)
      find_path(Libtorch_ROOT_DIR include/ATen/core/Tensor.h
        HINTS "${_libtorch_python_dir}" NO_DEFAULT_PATH)
    endif()
  endif()
endif()

find_library(Libtorch_CPU_LIBRARY torch_cpu HINTS "${Libtorch_ROOT_DIR}/lib" NO_DEFAULT_PATH)
find_library(Libtorch_C10_LIBRARY c10 HINTS "${Libtorch_ROOT_DIR}/lib" NO_DEFAULT_PATH)
find_library(Libtorch_CUDA_LIBRARY torch_cuda HINTS "${Libtorch_ROOT_DIR}/lib" NO_DEFAULT_PATH)
find_library(Libtorch_C10_CUDA_LIBRARY c10_cuda HINTS "${Libtorch_ROOT_DIR}/lib" NO_DEFAULT_PATH)
if(Libtorch_ROOT_DIR AND EXISTS "${Libtorch_ROOT_DIR}/version.py")
  file(STRINGS "${Libtorch_ROOT_DIR}/version.py" _libtorch_version REGEX "^__version__ = ")
  string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" Libtorch_VERSION "${_libtorch_version}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Libtorch
  REQUIRED_VARS Libtorch_CPU_LIBRARY Libtorch_C10_LIBRARY Libtorch_ROOT_DIR
  VERSION_VAR Libtorch_VERSION
  REASON_FAILURE_MESSAGE
    "set CHATTERBOX_LIBTORCH to an installed torch, or run `bash cmake/setup.sh`, which fetches one")

if(Libtorch_FOUND AND NOT TARGET libtorch::cpu)
  add_library(libtorch::c10 SHARED IMPORTED)
  set_target_properties(libtorch::c10 PROPERTIES
    IMPORTED_LOCATION "${Libtorch_C10_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${Libtorch_ROOT_DIR}/include")
  add_library(libtorch::cpu SHARED IMPORTED)
  set_target_properties(libtorch::cpu PROPERTIES
    IMPORTED_LOCATION "${Libtorch_CPU_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${Libtorch_ROOT_DIR}/include"
    INTERFACE_LINK_LIBRARIES libtorch::c10)
  if(Libtorch_CUDA_LIBRARY AND Libtorch_C10_CUDA_LIBRARY)
    add_library(libtorch::cuda SHARED IMPORTED)
    set_target_properties(libtorch::cuda PROPERTIES
      IMPORTED_LOCATION "${Libtorch_CUDA_LIBRARY}"
      INTERFACE_LINK_LIBRARIES "libtorch::cpu;${Libtorch_C10_CUDA_LIBRARY}")
  endif()
endif()
mark_as_advanced(Libtorch_ROOT_DIR Libtorch_CPU_LIBRARY Libtorch_C10_LIBRARY Libtorch_CUDA_LIBRARY
  Libtorch_C10_CUDA_LIBRARY Libtorch_PYTHON)
