set(CORE "")
set(TORCH
  arguments.cpp
  commands.cpp
  commands/describe.cpp
  commands/keys.cpp
  commands/stages.cpp
  commands/status.cpp
  main.cpp
  version.cpp)
