# LibTorch as one imported target, LibTorch::LibTorch, that links libtorch_cpu and libc10 alone: the package's own
# configuration refuses machines without a CUDA toolkit, and linking the CUDA libraries costs every start 0.1 s and
# 230 MB. The program loads libtorch_cuda itself when a GPU is asked for (training/device.cpp).
#
# Looked for, in this order: LIBTORCH_ROOT, Torch_DIR and CMAKE_PREFIX_PATH (variables of CMake or of the environment),
# the torch package of the active Python, and last the folder that quickstart.sh installs into.

set(_candidates)
foreach(_v IN ITEMS "${LIBTORCH_ROOT}" "$ENV{LIBTORCH_ROOT}")
  if(_v)
    list(APPEND _candidates "${_v}")
  endif()
endforeach()
foreach(_v IN ITEMS "${Torch_DIR}" "$ENV{Torch_DIR}")
  if(_v)
    list(APPEND _candidates "${_v}/../../..")
  endif()
endforeach()
string(REPLACE ":" ";" _env_prefix "$ENV{CMAKE_PREFIX_PATH}")
foreach(_v IN LISTS CMAKE_PREFIX_PATH _env_prefix)
  list(APPEND _candidates "${_v}" "${_v}/libtorch" "${_v}/../..")
endforeach()
find_program(_torch_python NAMES python3 python)
if(_torch_python)
  execute_process(
    COMMAND ${_torch_python} -c "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s and s.submodule_search_locations else '')"
    OUTPUT_VARIABLE _from_python OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  # Debian's own python3-torch keeps its libraries elsewhere and is too old: it never counts as a candidate here.
  if(_from_python AND EXISTS "${_from_python}/lib/libtorch_cpu.so")
    list(APPEND _candidates "${_from_python}")
  endif()
endif()
if(DEFINED ENV{TESSERA_CACHE})
  set(_cache "$ENV{TESSERA_CACHE}")
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(_cache "$ENV{XDG_CACHE_HOME}/tessera")
else()
  set(_cache "$ENV{HOME}/.cache/tessera")
endif()
list(APPEND _candidates "${_cache}/libtorch-2.11.0/torch")

set(LibTorch_ROOT_DIR)
set(_too_old)
foreach(_c IN LISTS _candidates)
  if(EXISTS "${_c}/lib/libtorch_cpu.so" AND EXISTS "${_c}/include/torch/csrc/api/include/torch/version.h")
    get_filename_component(_root "${_c}" ABSOLUTE)
    file(STRINGS "${_root}/include/torch/csrc/api/include/torch/version.h" _lines REGEX "#define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
    if(NOT _lines AND EXISTS "${_root}/include/torch/headeronly/version.h")
      file(STRINGS "${_root}/include/torch/headeronly/version.h" _lines REGEX "#define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
    endif()
    string(REGEX REPLACE "[^0-9;]" "" _numbers "${_lines}")
    string(REPLACE ";" "." _version "${_numbers}")
    if(_version VERSION_LESS "${LibTorch_FIND_VERSION}")
      list(APPEND _too_old "${_root} (${_version})")
      continue()
    endif()
    set(LibTorch_ROOT_DIR "${_root}")
    set(LibTorch_VERSION "${_version}")
    break()
  endif()
endforeach()

set(_reason "none was found; ./quickstart.sh installs one, or name yours with -DLIBTORCH_ROOT=DIR")
if(_too_old AND NOT LibTorch_ROOT_DIR)
  list(JOIN _too_old ", " _text)
  set(_reason "too old: ${_text}; Tessera needs ${LibTorch_FIND_VERSION} or later")
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch REQUIRED_VARS LibTorch_ROOT_DIR VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE "${_reason}")

if(LibTorch_FOUND AND NOT TARGET LibTorch::LibTorch)
  # libtorch_cpu names the CUDA runtime where it was built with CUDA; its own rpath finds it beside the package.
  add_library(LibTorch::c10 SHARED IMPORTED)
  set_target_properties(LibTorch::c10 PROPERTIES IMPORTED_LOCATION "${LibTorch_ROOT_DIR}/lib/libc10.so")
  add_library(LibTorch::LibTorch SHARED IMPORTED)
  set_target_properties(LibTorch::LibTorch PROPERTIES
    IMPORTED_LOCATION "${LibTorch_ROOT_DIR}/lib/libtorch_cpu.so"
    INTERFACE_INCLUDE_DIRECTORIES
      "${LibTorch_ROOT_DIR}/include;${LibTorch_ROOT_DIR}/include/torch/csrc/api/include"
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES
      "${LibTorch_ROOT_DIR}/include;${LibTorch_ROOT_DIR}/include/torch/csrc/api/include"
    INTERFACE_LINK_LIBRARIES LibTorch::c10
    INTERFACE_LINK_OPTIONS "-Wl,--allow-shlib-undefined;-Wl,--disable-new-dtags")
  message(STATUS "LibTorch ${LibTorch_VERSION}: ${LibTorch_ROOT_DIR}")
endif()
