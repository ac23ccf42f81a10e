# Which LibTorch is taken and which is refused, on folders that only look like one:
#   cmake -DSCRIPT=FindLibTorch.cmake -DFOLDER=SCRATCH -P find_libtorch.cmake
cmake_minimum_required(VERSION 3.22)
file(REMOVE_RECURSE "${FOLDER}")

function(libtorch name major minor)
  file(WRITE "${FOLDER}/${name}/lib/libtorch_cpu.so" "")
  file(WRITE "${FOLDER}/${name}/include/torch/csrc/api/include/torch/version.h"
    "#define TORCH_VERSION_MAJOR ${major}\n#define TORCH_VERSION_MINOR ${minor}\n#define TORCH_VERSION_PATCH 0\n")
endfunction()
libtorch(old 2 5)
libtorch(new 2 6)
libtorch(unpacked/libtorch 2 7)
libtorch(cache/libtorch-2.11.0/torch 2 11)
libtorch(python/torch 2 8)
libtorch(old_abi 2 6)
file(WRITE "${FOLDER}/old_abi/share/cmake/Torch/TorchConfig.cmake" "set(TORCH_CXX_FLAGS \"-D_GLIBCXX_USE_CXX11_ABI=0\")\n")
file(WRITE "${FOLDER}/python/torch/__init__.py" "")
file(WRITE "${FOLDER}/python/torch/version.py" "__version__ = '2.8.0'\n")
file(WRITE "${FOLDER}/debian/torch/__init__.py" "")
file(WRITE "${FOLDER}/debian/torch/version.py" "__version__ = '1.13.0a0'\n")
file(MAKE_DIRECTORY "${FOLDER}/nothing/torch")
file(WRITE "${FOLDER}/nothing/torch/__init__.py" "raise ImportError\n")

# expect(PATTERN VARIABLE=VALUE...): what the search prints with these in the environment.
function(expect pattern)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env --unset=LIBTORCH_ROOT --unset=Torch_DIR --unset=CMAKE_PREFIX_PATH
      TESSERA_CACHE=${FOLDER}/cache PYTHONPATH=${FOLDER}/nothing ${ARGN} ${CMAKE_COMMAND} -P ${SCRIPT}
    OUTPUT_VARIABLE text ERROR_VARIABLE text RESULT_VARIABLE status)
  if(NOT status EQUAL 0 OR NOT text MATCHES "${pattern}")
    message(SEND_ERROR "expected '${pattern}', got status ${status}: ${text}")
  endif()
endfunction()

expect("found\\|${FOLDER}/cache/libtorch-2.11.0/torch\\|2.11.0\\|tessera")
expect("none\\|" TESSERA_CACHE=${FOLDER}/empty)
expect("^found\\|${FOLDER}/new\\|2.6.0\\|LIBTORCH_ROOT" LIBTORCH_ROOT=${FOLDER}/new)
expect("^found\\|${FOLDER}/new\\|2.6.0\\|Torch_DIR" Torch_DIR=${FOLDER}/new/share/cmake/Torch)
expect("^found\\|${FOLDER}/unpacked/libtorch\\|2.7.0\\|prefix" CMAKE_PREFIX_PATH=/nowhere:${FOLDER}/unpacked)
expect("^error\\|LibTorch 2.5.0 in ${FOLDER}/old is too old: Tessera needs 2.6 or later .named by LIBTORCH_ROOT"
  LIBTORCH_ROOT=${FOLDER}/old)
expect("^error\\|LibTorch 2.5.0 in ${FOLDER}/old is too old" CMAKE_PREFIX_PATH=${FOLDER}/old)
expect("^error\\|.*old ABI" LIBTORCH_ROOT=${FOLDER}/old_abi)
expect("^error\\|LIBTORCH_ROOT names ${FOLDER}/empty, which holds no" LIBTORCH_ROOT=${FOLDER}/empty)
find_program(PYTHON NAMES python3 python)
if(PYTHON)
  expect("^found\\|${FOLDER}/python/torch\\|2.8.0\\|python" PYTHONPATH=${FOLDER}/python)
  expect("^note\\|the torch 1.13.0 of [^\n]* is too old: skipped\nfound\\|${FOLDER}/cache" PYTHONPATH=${FOLDER}/debian)
endif()
file(REMOVE_RECURSE "${FOLDER}")
