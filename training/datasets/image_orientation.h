// Photographs that say how the camera was held.
#pragma once

#include <string_view>

#include "training/datasets/image_decoding.h"

namespace tessera::training {

/// The orientation (1 to 8, as EXIF numbers them; 1: as it should be) in the content of a JPEG's APP1 marker.
/// 1 where there is none or the content makes no sense: it comes from outside, every offset is checked.
int exif_orientation(std::string_view app1);
/// The same of the TIFF structure in it alone, which is what a PNG's eXIf chunk holds.
int tiff_orientation(std::string_view bytes);

/// The image turned and mirrored so that it stands as the orientation (1 to 8) says.
Image upright(Image image, int orientation);

} // namespace tessera::training
