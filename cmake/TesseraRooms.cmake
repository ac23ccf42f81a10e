# One library a room, in two layers: <room>_core holds the files that do not need LibTorch and compiles in seconds;
# <room> holds the rest. Which is which is read off the sources: a file that includes a torch header, directly or
# through a header of a room, is listed under TORCH in <room>/CMakeLists.txt's stead, sources.cmake.

add_library(tessera_options INTERFACE)
target_include_directories(tessera_options INTERFACE
  $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}> $<INSTALL_INTERFACE:include/tessera>)
target_compile_options(tessera_options INTERFACE
  $<BUILD_INTERFACE:-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor>)
# GCC 12 sees overlaps and overflows in std::string's own inlined copies that are not there (GCC bugs 105651 and 105329).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(tessera_options INTERFACE
    $<BUILD_INTERFACE:-Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread>)
endif()
if(TESSERA_WERROR)
  target_compile_options(tessera_options INTERFACE $<BUILD_INTERFACE:-Werror>)
endif()
if(TESSERA_SANITIZE)
  target_compile_options(tessera_options INTERFACE
    $<BUILD_INTERFACE:-fsanitize=${TESSERA_SANITIZE} -fno-omit-frame-pointer>)
  target_link_options(tessera_options INTERFACE $<BUILD_INTERFACE:-fsanitize=${TESSERA_SANITIZE}>)
endif()
target_link_libraries(tessera_options INTERFACE
  yaml-cpp fmt::fmt spdlog::spdlog_header_only nlohmann_json::nlohmann_json TBB::tbb Threads::Threads)

if(TESSERA_TORCH)
  # One precompiled header for everything that includes LibTorch: 9 s instead of 17 s a file.
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/pch.cpp CONTENT "")
  add_library(tessera_pch OBJECT ${CMAKE_BINARY_DIR}/pch.cpp)
  target_link_libraries(tessera_pch PUBLIC tessera_options LibTorch::LibTorch)
  target_precompile_headers(tessera_pch PRIVATE <torch/torch.h> <fmt/format.h> <nlohmann/json.hpp>)
endif()

# tessera_room(NAME DEPENDS rooms...): reads NAME/sources.cmake, which sets CORE and TORCH.
function(tessera_room name)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  set(CORE "")
  set(CORE_OPTIONS "") # compiler options of the core alone
  set(TORCH "")
  include(${CMAKE_SOURCE_DIR}/${name}/sources.cmake OPTIONAL)
  list(TRANSFORM CORE PREPEND ${CMAKE_SOURCE_DIR}/${name}/)
  list(TRANSFORM TORCH PREPEND ${CMAKE_SOURCE_DIR}/${name}/)

  if(CORE)
    add_library(tessera_${name}_core STATIC ${CORE})
    target_link_libraries(tessera_${name}_core PUBLIC tessera_options PRIVATE $<BUILD_INTERFACE:Eigen3::Eigen>)
    target_compile_options(tessera_${name}_core PRIVATE ${CORE_OPTIONS})
  else()
    add_library(tessera_${name}_core INTERFACE)
    target_link_libraries(tessera_${name}_core INTERFACE tessera_options)
  endif()
  foreach(room IN LISTS ARG_DEPENDS)
    if(CORE)
      target_link_libraries(tessera_${name}_core PUBLIC tessera_${room}_core)
    else()
      target_link_libraries(tessera_${name}_core INTERFACE tessera_${room}_core)
    endif()
  endforeach()
  set_property(GLOBAL APPEND PROPERTY TESSERA_ROOMS ${name})
  set_property(GLOBAL APPEND PROPERTY TESSERA_LIBRARIES tessera_${name}_core)

  if(NOT TESSERA_TORCH)
    return()
  endif()
  if(TORCH)
    add_library(tessera_${name} STATIC ${TORCH})
    target_precompile_headers(tessera_${name} REUSE_FROM tessera_pch)
    # Several small files a compilation: with LibTorch a file costs seconds before its first line is read.
    set_target_properties(tessera_${name} PROPERTIES UNITY_BUILD ${TESSERA_UNITY} UNITY_BUILD_BATCH_SIZE 8)
    target_link_libraries(tessera_${name} PUBLIC tessera_${name}_core LibTorch::LibTorch
      PRIVATE JPEG::JPEG PNG::PNG $<BUILD_INTERFACE:Eigen3::Eigen>)
  else()
    add_library(tessera_${name} INTERFACE)
    target_link_libraries(tessera_${name} INTERFACE tessera_${name}_core)
  endif()
  foreach(room IN LISTS ARG_DEPENDS)
    if(TORCH)
      target_link_libraries(tessera_${name} PUBLIC tessera_${room})
    else()
      target_link_libraries(tessera_${name} INTERFACE tessera_${room})
    endif()
  endforeach()
  set_property(GLOBAL APPEND PROPERTY TESSERA_LIBRARIES tessera_${name})
endfunction()

# tessera_program(NAME FOLDER DEPENDS room): the program from FOLDER/sources.cmake.
function(tessera_program name folder)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  include(${CMAKE_SOURCE_DIR}/${folder}/sources.cmake)
  list(TRANSFORM CORE PREPEND ${CMAKE_SOURCE_DIR}/${folder}/)
  list(TRANSFORM TORCH PREPEND ${CMAKE_SOURCE_DIR}/${folder}/)
  add_executable(${name} ${CORE} ${TORCH})
  target_precompile_headers(${name} REUSE_FROM tessera_pch)
  set_target_properties(${name} PROPERTIES UNITY_BUILD ${TESSERA_UNITY} UNITY_BUILD_BATCH_SIZE 8)
  set_source_files_properties(${CORE} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  target_link_libraries(${name} PRIVATE tessera_${ARG_DEPENDS} tessera_version LibTorch::LibTorch Boost::program_options)
  # Installed, it still finds the LibTorch that it was built with.
  set_target_properties(${name} PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
endfunction()
