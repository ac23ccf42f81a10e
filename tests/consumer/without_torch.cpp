#include <cstdio>

#include "support/csv.h"

int main() {
    const auto table =
        tessera::support::parse_csv("architecture,macs\n\"conv(depth=1,kernel=3)\",12\n", "front.csv");
    std::printf("%s\n", table.rows.at(0).at(table.column("architecture", "front.csv")).c_str());
}
