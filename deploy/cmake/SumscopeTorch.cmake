# LibTorch as an imported target of our own: find_package(Torch) would demand a CUDA toolkit that nothing here needs.
# Looks in CMAKE_PREFIX_PATH (a LibTorch zip) and in .deps/ (the wheel that deploy/dependencies.sh unpacked).
find_path(SUMSCOPE_TORCH_INCLUDE torch/csrc/api/include/torch/torch.h
          PATHS "${PROJECT_SOURCE_DIR}/.deps/torch/torch" PATH_SUFFIXES include)
if(NOT SUMSCOPE_TORCH_INCLUDE)
  message(FATAL_ERROR "LibTorch not found: run deploy/dependencies.sh, or give CMAKE_PREFIX_PATH")
endif()
get_filename_component(torch_root "${SUMSCOPE_TORCH_INCLUDE}" DIRECTORY)
set(torch_lib "${torch_root}/lib")
# The CUDA set may take the place of the CPU set below a finished build: look again what there is to link.
if(EXISTS "${PROJECT_SOURCE_DIR}/.deps/torch.stamp")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/.deps/torch.stamp")
endif()
file(GLOB cuda_lib_dirs "${torch_root}/../nvidia/*/lib")

add_library(sumscope_torch INTERFACE)
add_library(sumscope::torch ALIAS sumscope_torch)
target_include_directories(sumscope_torch SYSTEM INTERFACE
  "${SUMSCOPE_TORCH_INCLUDE}" "${SUMSCOPE_TORCH_INCLUDE}/torch/csrc/api/include")
target_link_libraries(sumscope_torch INTERFACE "${torch_lib}/libtorch_cpu.so" "${torch_lib}/libc10.so")
if(EXISTS "${torch_lib}/libtorch_cuda.so" AND EXISTS "${torch_root}/../nvidia/cu13/lib/libcublas.so.13")
  set(SUMSCOPE_TORCH_HAS_CUDA ON)
  target_include_directories(sumscope_torch SYSTEM INTERFACE "${torch_root}/../nvidia/cu13/include")
  target_link_libraries(sumscope_torch INTERFACE -Wl,--no-as-needed
    "${torch_lib}/libtorch_cuda.so" "${torch_lib}/libc10_cuda.so" -Wl,--as-needed
    "${torch_root}/../nvidia/cu13/lib/libcudart.so.13")
endif()
# libtorch_cpu.so of the wheel needs libcupti and libcudart, which lie in wheels beside it.
foreach(dir "${torch_lib}" ${cuda_lib_dirs})
  target_link_options(sumscope_torch INTERFACE "-Wl,-rpath,${dir}" "-Wl,-rpath-link,${dir}")
endforeach()
