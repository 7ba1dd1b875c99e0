# The own kernels for CUDA (src/nn/cuda): where CHATTERBOX_CUDA=ON and nvcc is found, CHATTERBOX_CUDA_KERNELS is ON.
# Without them at:: operators do their work, in more launches. nvcc is called here and not made a language of the
# project, so that a build without it is the same build.
set(CHATTERBOX_CUDA_KERNELS OFF)
find_program(CHATTERBOX_NVCC nvcc HINTS ENV CUDA_PATH /usr/local/cuda PATH_SUFFIXES bin)
mark_as_advanced(CHATTERBOX_NVCC)
set(CHATTERBOX_NVCC_VERSION "")
if(CHATTERBOX_NVCC)
  execute_process(COMMAND ${CHATTERBOX_NVCC} --version OUTPUT_VARIABLE _nvcc ERROR_QUIET)
  if(_nvcc MATCHES "V([0-9]+\\.[0-9]+\\.[0-9]+)")
    set(CHATTERBOX_NVCC_VERSION ${CMAKE_MATCH_1})
  endif()
endif()
# Ampere, Ada, Hopper, Blackwell of workstations, and what comes after by its PTX.
set(CHATTERBOX_CUDA_ARCHITECTURES 80 86 89 90 120 CACHE STRING "compute capabilities of the own kernels for CUDA")
set(CHATTERBOX_CUDA_SOURCES decode_attention gated sampler snake)

# The command line that compiles a source of src/nn/cuda. A product and a sum stay two roundings in the sampler, as on
# the CPU, whose draws it repeats.
function(chatterbox_nvcc_command name out)
  set(command ${CHATTERBOX_NVCC} -std=c++17 -O3 --Werror all-warnings -ccbin ${CMAKE_CXX_COMPILER}
    -Xcompiler -fPIC,-fvisibility=hidden -I${PROJECT_SOURCE_DIR}/src)
  foreach(architecture ${CHATTERBOX_CUDA_ARCHITECTURES})
    list(APPEND command -gencode arch=compute_${architecture},code=sm_${architecture})
    set(last ${architecture})
  endforeach()
  list(APPEND command -gencode arch=compute_${last},code=compute_${last})
  if(name STREQUAL "sampler")
    list(APPEND command --fmad=false)
  endif()
  set(${out} ${command} -c ${PROJECT_SOURCE_DIR}/src/nn/cuda/${name}.cu PARENT_SCOPE)
endfunction()

# Objects of all sources, to be among those of a target.
function(chatterbox_cuda_objects out)
  set(objects)
  foreach(name ${CHATTERBOX_CUDA_SOURCES})
    chatterbox_nvcc_command(${name} command)
    set(object ${PROJECT_BINARY_DIR}/cuda_kernels/${name}.o)
    add_custom_command(OUTPUT ${object} COMMAND ${command} -o ${object} -MD -MF ${object}.d
      DEPENDS ${PROJECT_SOURCE_DIR}/src/nn/cuda/${name}.cu DEPFILE ${object}.d
      COMMENT "Compiling CUDA kernels ${name}" VERBATIM)
    list(APPEND objects ${object})
  endforeach()
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/cuda_kernels)
  set(${out} ${objects} PARENT_SCOPE)
endfunction()

if(CHATTERBOX_NVCC)
  get_filename_component(_toolkit ${CHATTERBOX_NVCC} REALPATH)
  get_filename_component(_toolkit ${_toolkit}/../.. ABSOLUTE)
  # It loads the driver when it is first called, so that what links it starts without one.
  find_library(CHATTERBOX_CUDART cudart_static HINTS ${_toolkit} PATH_SUFFIXES lib64 lib targets/x86_64-linux/lib)
  mark_as_advanced(CHATTERBOX_CUDART)
endif()
set(CHATTERBOX_HAS_NVCC OFF)
if(CHATTERBOX_CUDART AND CHATTERBOX_NVCC_VERSION VERSION_GREATER_EQUAL 12.8)  # which knows all of these
  set(CHATTERBOX_HAS_NVCC ON)
endif()
if(CHATTERBOX_WITH_CUDA AND CHATTERBOX_CUDA STREQUAL "ON")
  set(CHATTERBOX_CUDA_KERNELS ${CHATTERBOX_HAS_NVCC})
  if(NOT CHATTERBOX_HAS_NVCC)
    message(WARNING "CHATTERBOX_CUDA=ON without nvcc 12.8 or later: at:: operators do what own kernels do in fewer launches")
  endif()
endif()
