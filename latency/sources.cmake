set(CORE
  latency_table.cpp
  latency_table_load.cpp
  latency_table_yaml.cpp)
set(TORCH "")
