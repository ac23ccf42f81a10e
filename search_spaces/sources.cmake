# CORE needs no LibTorch. A family knows how to build itself, so everything that asks the registry is in the other layer.
set(CORE choice.cpp architecture.cpp costs.cpp)
file(GLOB TORCH CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/search_spaces
  ${CMAKE_SOURCE_DIR}/search_spaces/families/*.cpp ${CMAKE_SOURCE_DIR}/search_spaces/layers/*.cpp)
list(APPEND TORCH registry.cpp space.cpp space_reader.cpp choice_list.cpp digits.cpp stem.cpp head.cpp auxiliary_task.cpp deployed_operators.cpp network.cpp narrowing.cpp initialise.cpp torchscript.cpp)
