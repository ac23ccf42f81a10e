# CORE needs no LibTorch.
set(CORE
  class_balance.cpp
  confusion_matrix.cpp
  crop_box.cpp
  datasets/cache_space.cpp
  datasets/damaged_files.cpp
  datasets/depth_scene.cpp
  datasets/folder_layout.cpp
  datasets/folder_splits.cpp
  datasets/image_listing.cpp
  datasets/image_orientation.cpp
  datasets/image_resize.cpp
  schedule.cpp
  triangle_taps.cpp)
file(GLOB_RECURSE TORCH CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/training ${CMAKE_SOURCE_DIR}/training/*.cpp)
list(REMOVE_ITEM TORCH ${CORE})
