# LibTorch as one imported target, LibTorch::LibTorch, that links libtorch_cpu and libc10 alone: the package's own
# configuration refuses machines without a CUDA toolkit, and linking the CUDA libraries costs every start 0.1 s and
# 230 MB. The program loads libtorch_cuda itself when a GPU is asked for (training/device.cpp).
#
# Looked for, in this order: LIBTORCH_ROOT, Torch_DIR and CMAKE_PREFIX_PATH (variables of CMake or of the environment),
# the torch package of the active Python, and last the folder that scripts/setup.sh installs into. What was named and
# cannot serve is an error, never passed over in silence; a torch of Python's that cannot serve is said and skipped.
#
# As a script, `cmake -P FindLibTorch.cmake` prints the outcome of the same search, one fact a line:
# note|TEXT, error|TEXT, found|FOLDER|VERSION|KIND or none|. That is how scripts/setup.sh knows whether to install one.

set(_libtorch_minimum 2.6)
set(LibTorch_ROOT_DIR)
set(LibTorch_VERSION)
set(_libtorch_error)
set(_libtorch_notes)

# Version of the LibTorch in a folder, and why it cannot serve (empty: it can; "absent": nothing is there).
function(_libtorch_look root version_out problem_out)
  set(${version_out} "" PARENT_SCOPE)
  set(${problem_out} "absent" PARENT_SCOPE)
  set(lines)
  foreach(header torch/headeronly/version.h torch/csrc/api/include/torch/version.h)
    if(NOT lines AND EXISTS "${root}/include/${header}")
      file(STRINGS "${root}/include/${header}" lines REGEX "#define TORCH_VERSION_(MAJOR|MINOR|PATCH) [0-9]")
    endif()
  endforeach()
  if(NOT lines OR NOT EXISTS "${root}/lib/libtorch_cpu.so")
    return()
  endif()
  string(REGEX REPLACE "[^0-9;]" "" version "${lines}")
  string(REPLACE ";" "." version "${version}")
  set(problem "")
  if(version VERSION_LESS _libtorch_minimum)
    set(problem "LibTorch ${version} in ${root} is too old: Tessera needs ${_libtorch_minimum} or later")
  elseif(EXISTS "${root}/share/cmake/Torch/TorchConfig.cmake")
    file(STRINGS "${root}/share/cmake/Torch/TorchConfig.cmake" old_abi REGEX "_GLIBCXX_USE_CXX11_ABI=0")
    if(old_abi)
      set(problem "LibTorch ${version} in ${root} was built with C++'s old ABI: take the cxx11-abi build of it")
    endif()
  endif()
  set(${version_out} "${version}" PARENT_SCOPE)
  set(${problem_out} "${problem}" PARENT_SCOPE)
endfunction()

# Candidates as KIND|FOLDER; the first that can serve is taken.
set(_libtorch_candidates)
foreach(_v IN ITEMS "${LIBTORCH_ROOT}" "$ENV{LIBTORCH_ROOT}")
  if(_v)
    list(APPEND _libtorch_candidates "LIBTORCH_ROOT|${_v}")
  endif()
endforeach()
foreach(_v IN ITEMS "${Torch_DIR}" "$ENV{Torch_DIR}")
  if(_v)
    list(APPEND _libtorch_candidates "Torch_DIR|${_v}/../../..")
  endif()
endforeach()
string(REPLACE ":" ";" _v "$ENV{CMAKE_PREFIX_PATH}")
foreach(_v IN LISTS CMAKE_PREFIX_PATH _v)
  # The prefix itself, a LibTorch unpacked in it, and the folder that torch.utils.cmake_prefix_path names.
  list(APPEND _libtorch_candidates "prefix|${_v}" "prefix|${_v}/libtorch" "prefix|${_v}/../..")
endforeach()
find_program(_libtorch_python NAMES python3 python NO_CACHE)
if(_libtorch_python)
  execute_process(COMMAND ${_libtorch_python} -c "
import importlib.util, os, re
spec = importlib.util.find_spec('torch')
if spec and spec.submodule_search_locations:
    root = spec.submodule_search_locations[0]
    try: text = open(os.path.join(root, 'version.py')).read()
    except OSError: text = ''
    found = re.search(r'__version__ = .([0-9.]+)', text)
    print(root + '|' + (found.group(1) if found else '?'))"
    OUTPUT_VARIABLE _v OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(_v MATCHES "^(.*)[|](.*)$")
    set(_libtorch_python_version "${CMAKE_MATCH_2}")
    list(APPEND _libtorch_candidates "python|${CMAKE_MATCH_1}")
  endif()
endif()
if(NOT "$ENV{TESSERA_CACHE}" STREQUAL "")
  set(_v "$ENV{TESSERA_CACHE}")
elseif(NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
  set(_v "$ENV{XDG_CACHE_HOME}/tessera")
else()
  set(_v "$ENV{HOME}/.cache/tessera")
endif()
list(APPEND _libtorch_candidates "tessera|${_v}/libtorch-2.11.0/torch")

foreach(_c IN LISTS _libtorch_candidates)
  string(REGEX MATCH "^([^|]*)[|](.*)$" _c "${_c}")
  set(_kind "${CMAKE_MATCH_1}")
  get_filename_component(_root "${CMAKE_MATCH_2}" ABSOLUTE)
  _libtorch_look("${_root}" _version _problem)
  if(_problem STREQUAL "")
    set(LibTorch_ROOT_DIR "${_root}")
    set(LibTorch_VERSION "${_version}")
    set(_libtorch_kind "${_kind}")
    break()
  elseif(_kind STREQUAL "python")
    # Debian's python3-torch keeps its libraries elsewhere; whatever lacks them here cannot be linked with.
    if(_problem STREQUAL "absent")
      set(_problem "the torch ${_libtorch_python_version} of ${_libtorch_python} (${_root}) has no LibTorch to link with")
      if(_libtorch_python_version VERSION_LESS _libtorch_minimum)
        set(_problem "the torch ${_libtorch_python_version} of ${_libtorch_python} (${_root}) is too old")
      endif()
    endif()
    list(APPEND _libtorch_notes "${_problem}: skipped")
  elseif(NOT _problem STREQUAL "absent")
    set(_libtorch_error "${_problem} (named by ${_kind})")
    if(_kind STREQUAL "prefix")
      set(_libtorch_error "${_problem} (named by CMAKE_PREFIX_PATH)")
    endif()
    break()
  elseif(_kind MATCHES "LIBTORCH_ROOT|Torch_DIR")
    set(_libtorch_error "${_kind} names ${_root}, which holds no lib/libtorch_cpu.so with its headers")
    break()
  endif()
endforeach()

if(CMAKE_SCRIPT_MODE_FILE)
  set(_lines)
  foreach(_v IN LISTS _libtorch_notes)
    list(APPEND _lines "note|${_v}")
  endforeach()
  if(_libtorch_error)
    list(APPEND _lines "error|${_libtorch_error}")
  elseif(LibTorch_ROOT_DIR)
    list(APPEND _lines "found|${LibTorch_ROOT_DIR}|${LibTorch_VERSION}|${_libtorch_kind}")
  else()
    list(APPEND _lines "none|")
  endif()
  foreach(_v IN LISTS _lines)
    execute_process(COMMAND ${CMAKE_COMMAND} -E echo "${_v}")
  endforeach()
  return()
endif()

foreach(_v IN LISTS _libtorch_notes)
  message(STATUS "LibTorch: ${_v}")
endforeach()
if(NOT _libtorch_error)
  set(_libtorch_error "none was found: ./quickstart.sh installs one, or name yours with -DLIBTORCH_ROOT=DIR")
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch REQUIRED_VARS LibTorch_ROOT_DIR VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE "${_libtorch_error}")

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
    # Its include folder brings an fmt of its own, newer than the system's library: without this its functions are missing.
    INTERFACE_COMPILE_DEFINITIONS FMT_HEADER_ONLY
    INTERFACE_LINK_OPTIONS "-Wl,--allow-shlib-undefined;-Wl,--disable-new-dtags")
  message(STATUS "LibTorch ${LibTorch_VERSION}: ${LibTorch_ROOT_DIR}")
endif()
