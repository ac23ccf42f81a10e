set(CORE "")
set(TORCH
  arguments.cpp
  commands.cpp
  commands/completion.cpp
  commands/describe.cpp
  commands/evaluate.cpp
  commands/init.cpp
  commands/keys.cpp
  commands/man.cpp
  commands/stages.cpp
  commands/status.cpp
  help.cpp
  main.cpp
  probes.cpp
  version.cpp)
