# Finds libtorch without its own CMake package, which insists on a CUDA toolkit for a CUDA build of
# torch and adds flags that a consumer does not want.
#
# Searched in this order: CHATTERBOX_LIBTORCH (a folder that holds include/ and lib/, or a torch/ with
# them), CMAKE_PREFIX_PATH, the build folder's own copy (cmake/setup.sh puts it there), the torch
# package of the python3 on PATH.
#
# Targets: libtorch::cpu, and where libtorch_cuda.so lies beside it libtorch::cuda, which nothing of the
# library links (src/runtime/cuda_runtime.cpp loads it at run time).
# Variables: Libtorch_ROOT_DIR, Libtorch_LIBRARY_DIR, Libtorch_VERSION.

# A path that an earlier configure found is dropped when the request changed or the folder is gone.
set(_libtorch_request "${CHATTERBOX_LIBTORCH}|$ENV{CHATTERBOX_LIBTORCH}|${CMAKE_PREFIX_PATH}")
if(NOT "${_libtorch_request}" STREQUAL "${_Libtorch_LAST_REQUEST}"
   OR NOT EXISTS "${Libtorch_ROOT_DIR}/include/ATen/core/Tensor.h")
  foreach(_variable ROOT_DIR CPU_LIBRARY C10_LIBRARY CUDA_LIBRARY C10_CUDA_LIBRARY CUDART_LIBRARY
                    CUDA_INCLUDE_DIR)
    unset(Libtorch_${_variable} CACHE)
  endforeach()
  set(_Libtorch_LAST_REQUEST "${_libtorch_request}" CACHE INTERNAL "")
endif()

set(_libtorch_asked "${CHATTERBOX_LIBTORCH}")
if(NOT _libtorch_asked)
  set(_libtorch_asked "$ENV{CHATTERBOX_LIBTORCH}")
endif()
if(_libtorch_asked)
  # Asked for by name: found there or not at all.
  find_path(Libtorch_ROOT_DIR include/ATen/core/Tensor.h
    PATHS "${_libtorch_asked}" PATH_SUFFIXES torch NO_DEFAULT_PATH)
else()
  find_path(Libtorch_ROOT_DIR include/ATen/core/Tensor.h
    PATHS ${CMAKE_PREFIX_PATH} "${CMAKE_CURRENT_LIST_DIR}/../build/libtorch"
    PATH_SUFFIXES torch NO_DEFAULT_PATH)
endif()
if(NOT Libtorch_ROOT_DIR AND NOT _libtorch_asked)
  find_program(Libtorch_PYTHON python3)
  if(Libtorch_PYTHON)
    # find_spec does not import torch, which takes seconds.
    execute_process(
      COMMAND ${Libtorch_PYTHON} -c
        "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')"
      OUTPUT_VARIABLE _libtorch_python_dir OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(_libtorch_python_dir)
      find_path(Libtorch_ROOT_DIR include/ATen/core/Tensor.h
        PATHS "${_libtorch_python_dir}" NO_DEFAULT_PATH)
    endif()
  endif()
endif()
if(Libtorch_ROOT_DIR)
  file(REAL_PATH "${Libtorch_ROOT_DIR}" _libtorch_real)
  set_property(CACHE Libtorch_ROOT_DIR PROPERTY VALUE "${_libtorch_real}")
  set(Libtorch_LIBRARY_DIR "${_libtorch_real}/lib")
endif()

find_library(Libtorch_CPU_LIBRARY torch_cpu PATHS "${Libtorch_LIBRARY_DIR}" NO_DEFAULT_PATH)
find_library(Libtorch_C10_LIBRARY c10 PATHS "${Libtorch_LIBRARY_DIR}" NO_DEFAULT_PATH)
find_library(Libtorch_CUDA_LIBRARY torch_cuda PATHS "${Libtorch_LIBRARY_DIR}" NO_DEFAULT_PATH)
find_library(Libtorch_C10_CUDA_LIBRARY c10_cuda PATHS "${Libtorch_LIBRARY_DIR}" NO_DEFAULT_PATH)
# The wheels of the CUDA runtime are unpacked beside torch/.
find_path(Libtorch_CUDA_INCLUDE_DIR cuda_runtime_api.h
  HINTS "${Libtorch_ROOT_DIR}/../nvidia/cu13/include" "${Libtorch_ROOT_DIR}/../nvidia/cu12/include"
        "${Libtorch_ROOT_DIR}/../nvidia/cuda_runtime/include" /usr/local/cuda/include)
find_library(Libtorch_CUDART_LIBRARY NAMES libcudart.so.13 libcudart.so.12 libcudart.so
  HINTS "${Libtorch_ROOT_DIR}/../nvidia/cu13/lib" "${Libtorch_ROOT_DIR}/../nvidia/cu12/lib"
        "${Libtorch_ROOT_DIR}/../nvidia/cuda_runtime/lib" /usr/local/cuda/lib64)
if(Libtorch_ROOT_DIR AND EXISTS "${Libtorch_ROOT_DIR}/version.py")
  file(STRINGS "${Libtorch_ROOT_DIR}/version.py" _libtorch_version REGEX "^__version__ = ")
  string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" Libtorch_VERSION "${_libtorch_version}")
elseif(Libtorch_ROOT_DIR AND EXISTS "${Libtorch_ROOT_DIR}/build-version")
  file(STRINGS "${Libtorch_ROOT_DIR}/build-version" _libtorch_version LIMIT_COUNT 1)
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
  if(Libtorch_CUDA_LIBRARY AND Libtorch_C10_CUDA_LIBRARY AND Libtorch_CUDA_INCLUDE_DIR
     AND Libtorch_CUDART_LIBRARY)
    add_library(libtorch::cuda SHARED IMPORTED)
    # libtorch_cuda.so needs cuBLAS, cuDNN and more, which the small installation leaves out; what
    # links it need not see them.
    set_target_properties(libtorch::cuda PROPERTIES
      IMPORTED_LOCATION "${Libtorch_CUDA_LIBRARY}"
      INTERFACE_INCLUDE_DIRECTORIES "${Libtorch_CUDA_INCLUDE_DIR}"
      INTERFACE_LINK_OPTIONS "LINKER:--allow-shlib-undefined"
      INTERFACE_LINK_LIBRARIES
        "libtorch::cpu;${Libtorch_C10_CUDA_LIBRARY};${Libtorch_CUDART_LIBRARY}")
  endif()
endif()
mark_as_advanced(Libtorch_ROOT_DIR Libtorch_CPU_LIBRARY Libtorch_C10_LIBRARY Libtorch_CUDA_LIBRARY
  Libtorch_C10_CUDA_LIBRARY Libtorch_CUDA_INCLUDE_DIR Libtorch_CUDART_LIBRARY Libtorch_PYTHON)
