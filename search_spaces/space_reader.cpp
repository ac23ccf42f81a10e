// SearchSpace from YAML.
#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "search_spaces/choice_list.h"
#include "search_spaces/space.h"

namespace tessera::search_spaces {
namespace {

constexpr std::int64_t max_channels = 65536, max_side = 8192, max_stride = 8, max_blocks = 1000;
constexpr std::int64_t max_joined_channels = 1'000'000;

Shape read_input(support::Section& section) {
    std::vector<std::int64_t> sizes;
    section.require("input").read("input", sizes, {1, max_channels},
                                  "channels, height and width of an image");
    if (sizes.size() != 3) {
        section.fail("input", fmt::format("three sizes are needed, not {}", sizes.size()));
    }
    if (std::max(sizes[1], sizes[2]) > max_side) {
        section.fail("input", fmt::format("height and width may be at most {}", max_side));
    }
    return {sizes[0], sizes[1], sizes[2]};
}

/// A stride longer than the map has nothing to skip: a mistake rather than a wish.
void check_stride(const support::Section& section, const Shape& map, std::int64_t stride) {
    if (stride > std::max(map.height, map.width)) {
        section.fail(
            "stride",
            fmt::format("stride {} on a map of {} x {} leaves nothing to halve: strides before it add up "
                        "to too much",
                        stride, map.height, map.width));
    }
}

void check_name(const support::Section& section, const std::string& name, std::set<std::string>& names) {
    const auto allowed = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; };
    if (name.empty() || !std::ranges::all_of(name, allowed)) {
        section.fail("name", fmt::format("'{}': a name consists of letters, digits, '_' and '-'", name));
    }
    if (name == "stem" || name == "head" || name == "rest") {
        section.fail("name", fmt::format("'{}' is a part of every network; choose another name", name));
    }
    if (!names.insert(name).second) {
        section.fail("name", fmt::format("there already is a block '{}'", name));
    }
}

/// The maps that later blocks may ask for, by name: the stem's and those of the blocks so far.
struct Source {
    std::string name;
    Shape map;
    std::int64_t stride = 1; ///< what the stem's sides were divided by
};

/// Reads `skips` and widens the block's input by their channels.
void read_skips(support::Section& section, const std::vector<Source>& sources, Block& block) {
    std::vector<std::string> names;
    for (const Source& source : sources) {
        names.push_back(source.name);
    }
    const Source& own = sources.back();
    std::vector<std::string> wanted;
    section.read("skips", wanted,
                 "names of earlier blocks, or stem, whose maps this block receives beside that of the block "
                 "before: max-pooled to its size, multiplied by a learned number each");
    for (const std::string& name : wanted) {
        const auto found = std::ranges::find(names.rbegin(), names.rend(), name);
        if (found == names.rend()) {
            const std::string near = support::nearest(name, names);
            section.fail("skips", fmt::format("no earlier block is called '{}'{}", name,
                                              near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
        }
        const auto place = static_cast<std::size_t>(std::distance(found, names.rend()) - 1);
        const Source& source = sources[place];
        if (place + 1 == sources.size()) {
            section.fail("skips", fmt::format("the map of '{}' is what the block receives anyway", name));
        }
        if (std::ranges::find(block.skips, place, &Skip::source) != block.skips.end()) {
            section.fail("skips", fmt::format("'{}' is named twice", name));
        }
        if (source.map.prefix > 0) {
            section.fail("skips",
                         fmt::format("the map of '{}' has a class token, which cannot be pooled", name));
        }
        block.skips.push_back({place, own.stride / source.stride});
        block.site.skip_channels += source.map.channels;
    }
    block.site.input.channels += block.site.skip_channels;
    if (block.site.input.channels > max_joined_channels) {
        section.fail("skips", fmt::format("the joined maps have {} channels; {} are the most",
                                          block.site.input.channels, max_joined_channels));
    }
}

Block read_block(support::Section section, const std::vector<Source>& sources, std::set<std::string>& names) {
    Block block;
    const Shape& input = sources.back().map;
    section.require("name").read("name", block.name,
                                 "name of the block, unique; letters, digits, '_' and '-'");
    check_name(section, block.name, names);
    block.site.input = input;
    read_skips(section, sources, block);
    section.require("channels")
        .read("channels", block.site.out_channels, {1, max_channels}, "output channels");
    section.read("stride", block.site.stride, {1, max_stride}, "what the map's sides are divided by");
    check_stride(section, input, block.site.stride);
    auto [choices, place] = read_choices(section, block.site);
    block.choices = std::move(choices);
    block.reference_place = place;
    section.finish();
    return block;
}

} // namespace

SearchSpace SearchSpace::read(support::Section section) { return read(section, nullptr); }

SearchSpace SearchSpace::read(support::Section section,
                              const std::function<support::Document(const Surroundings&)>& make_blocks) {
    SearchSpace space;
    section.read("name", space.name_, "name of the space, for reports");
    space.input_ = read_input(section);
    const auto read_classes = [&] {
        section.require("classes").read("classes", space.classes_, {1, 1'000'000},
                                        "number of classes; a depth head has none");
    };
    if (section.has("classes")) {
        read_classes();
    }

    support::Section stem = section.section("stem", "the first layers: convolutions or patch embedding");
    space.stem_ = StemOptions::read(stem, space.input_);
    check_stride(stem, space.input_, space.stem_.stride);

    std::optional<support::Document> made; // outlives the sections that refer to it
    std::vector<support::Section> blocks;
    if (make_blocks) {
        if (section.has("blocks")) {
            section.fail("blocks", "the blocks are constructed; leave out either this key or `construct`");
        }
        made = make_blocks({space.input_, space.classes_, space.stem_});
        support::Section root = made->root();
        if (root.has("stem")) {
            space.stem_ = StemOptions::read(root.section("stem", "the first layers"), space.input_);
        }
        blocks = root.list("blocks", "the searchable blocks, in order");
    } else {
        blocks = section.list("blocks", "the searchable blocks, in order");
    }

    std::set<std::string> names;
    std::vector<Source> sources{{"stem", space.stem_.output(space.input_)}};
    for (const support::Section& item : blocks) {
        if (space.blocks_.size() == static_cast<std::size_t>(max_blocks)) {
            section.fail("blocks", fmt::format("more than {} blocks", max_blocks));
        }
        space.blocks_.push_back(read_block(item, sources, names));
        const Block& block = space.blocks_.back();
        sources.push_back({block.name, block.site.output(), sources.back().stride * block.site.stride});
    }
    if (space.blocks_.empty()) {
        section.fail("blocks", "a search space needs at least one block");
    }
    space.head_ = HeadOptions::read(
        section.section("head", "the last layers: a classifier, or a decoder of depths"), sources.back().map);
    if (!section.has("classes")) {
        if (!space.head_.dense()) {
            read_classes(); // says that they are missing
        }
        space.classes_ = 1;
    } else if (space.head_.dense() && space.classes_ != 1) {
        section.fail("classes", "head.kind: depth has no classes; leave the key out");
    }
    section.finish();
    space.index_choices();
    return space;
}

} // namespace tessera::search_spaces
