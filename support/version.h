// Which Tessera this is. Defined in a file that the build writes (cmake/TesseraVersion.cmake) and that only
// the program links, so that a new commit recompiles one small file.
#pragma once

namespace tessera {

/// The project's version, e.g. "0.1.0".
const char* version();

/// Commit the sources were at when they were built, e.g. "1a2b3c4d5e6f", with "-modified" where tracked files
/// differed from it; "unknown" outside a git repository.
const char* commit();

} // namespace tessera
