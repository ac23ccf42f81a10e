// The kernel, included by depthwise_kernel.cpp once for each instruction set, within a namespace that defines
// `lanes` and `taps` (kernel taps kept in registers at once). No include guard for that reason.
//
// Channels are the vector's lanes. A tile is T neighbouring places of one row: their sums stay in registers
// while the kernel's rows pass by. Of each row of taps the weights stay in registers too, and every input
// vector is loaded once to be multiplied by all of them: (T + taps - 1 + taps) loads for T * taps
// multiplications. The block's channels are first copied side by side, so that rows neither alias in the
// cache nor cross lines. Every sum runs over kernel rows, then taps, from left to right, whatever the tiles
// and strips.

using Vector [[gnu::vector_size(lanes * sizeof(float))]] = float;

inline Vector load(const float* from) { return *reinterpret_cast<const Vector*>(from); }
inline void store(float* to, const Vector& value) { *reinterpret_cast<Vector*>(to) = value; }

/// Up to `lanes` floats from anywhere.
inline Vector gather(const float* from, std::int64_t count) {
    Vector result{};
    __builtin_memcpy(&result, from, static_cast<std::size_t>(count) * sizeof(float));
    return result;
}
inline Vector gather_block(const float* from, std::int64_t count) {
    return count == lanes ? gather(from, lanes) : gather(from, count);
}
inline void scatter_block(float* to, const Vector& value, std::int64_t count) {
    if (count == lanes) {
        __builtin_memcpy(to, &value, sizeof value);
    } else {
        __builtin_memcpy(to, &value, static_cast<std::size_t>(count) * sizeof(float));
    }
}

inline std::int64_t least(std::int64_t a, std::int64_t b) { return a < b ? a : b; }
inline std::int64_t most(std::int64_t a, std::int64_t b) { return a > b ? a : b; }

template <int I, int T, int J, int K>
[[gnu::always_inline]] inline void feed_one(Vector (&sums)[T], const Vector (&weights)[K], const Vector& x) {
    if constexpr (J - I >= 0 && J - I < K) {
        sums[I] += x * weights[J - I];
    }
}
/// Whether input J of a tile lies within [begin, end). Tiles lie within the image, so only the inputs under
/// the outermost taps can fail. The empty statement keeps the compiler from computing all answers beforehand.
template <int J, int T, int K>
[[gnu::always_inline]] inline bool inside(std::int64_t& begin, std::int64_t& end) {
    if constexpr (J < K / 2) {
        asm("" : "+r"(begin));
        return J >= begin;
    } else if constexpr (J >= T + K / 2) {
        asm("" : "+r"(end));
        return J < end;
    } else {
        return true;
    }
}
template <int J, int T, int K, int First, int Count, int... I>
[[gnu::always_inline]] inline void feed(Vector (&sums)[T], const Vector (&weights)[Count], const float* row,
                                        std::int64_t& begin, std::int64_t& end,
                                        std::integer_sequence<int, I...>) {
    if (inside<J + First, T, K>(begin, end)) {
        const Vector x = load(row + (J + First) * lanes);
        (feed_one<I, T, J, Count>(sums, weights, x), ...);
    }
}

/// sums[t] += sum over k of row[t + k] * weights[k]; inputs outside [begin, end) are zero and not read.
template <int T, int K, int First, int Count, int... J>
[[gnu::always_inline]] inline void pass(Vector (&sums)[T], const float* weights, const float* row,
                                        std::int64_t& begin, std::int64_t& end,
                                        std::integer_sequence<int, J...>) {
    Vector w[Count];
    for (int k = 0; k < Count; ++k) {
        w[k] = load(weights + (First + k) * lanes);
    }
    (feed<J, T, K, First, Count>(sums, w, row, begin, end, std::make_integer_sequence<int, T>()), ...);
}
template <int T, int K, int First = 0>
[[gnu::always_inline]] inline void row_of_taps(Vector (&sums)[T], const float* weights, const float* row,
                                               std::int64_t& begin, std::int64_t& end) {
    constexpr int count = K - First < taps ? K - First : taps;
    pass<T, K, First, count>(sums, weights, row, begin, end,
                             std::make_integer_sequence<int, T + count - 1>());
    if constexpr (First + count < K) {
        row_of_taps<T, K, First + count>(sums, weights, row, begin, end);
    }
}

/// `rows` rows of taps; `row` is the (virtual) place under the first tap of the tile's first place.
template <int T, int K>
void tile_sums(float* sums_out, const Vector& bias, const float* weights, const float* row,
               std::int64_t row_stride, std::int64_t rows, std::int64_t begin, std::int64_t end) {
    Vector sums[T];
    for (int t = 0; t < T; ++t) {
        sums[t] = bias;
    }
    for (; rows > 0; --rows, row += row_stride, weights += K * lanes) {
        row_of_taps<T, K>(sums, weights, row, begin, end);
    }
    for (int t = 0; t < T; ++t) {
        store(sums_out + t * lanes, sums[t]);
    }
}

template <int K, int I, int T, int J>
[[gnu::always_inline]] inline void correlate_one(Vector (&sums)[K], const Vector (&gradient)[T],
                                                 const Vector& x) {
    if constexpr (J - I >= 0 && J - I < K) {
        sums[J - I] += x * gradient[I];
    }
}
template <int J, int T, int K, int First, int Count, int... I>
[[gnu::always_inline]] inline void correlate(Vector (&sums)[Count], const Vector (&gradient)[T],
                                             const float* row, std::int64_t& begin, std::int64_t& end,
                                             std::integer_sequence<int, I...>) {
    if (inside<J + First, T, K>(begin, end)) {
        const Vector x = load(row + (J + First) * lanes);
        (correlate_one<Count, I, T, J>(sums, gradient, x), ...);
    }
}
template <int T, int K, int First, int Count, int... J>
[[gnu::always_inline]] inline void gradient_pass(float* weights, const Vector (&gradient)[T],
                                                 const float* row, std::int64_t& begin, std::int64_t& end,
                                                 std::integer_sequence<int, J...>) {
    Vector sums[Count];
    for (int k = 0; k < Count; ++k) {
        sums[k] = load(weights + (First + k) * lanes);
    }
    (correlate<J, T, K, First>(sums, gradient, row, begin, end, std::make_integer_sequence<int, T>()), ...);
    for (int k = 0; k < Count; ++k) {
        store(weights + (First + k) * lanes, sums[k]);
    }
}
template <int T, int K, int First = 0>
[[gnu::always_inline]] inline void gradient_row(float* weights, const Vector (&gradient)[T], const float* row,
                                                std::int64_t& begin, std::int64_t& end) {
    constexpr int count = K - First < taps ? K - First : taps;
    gradient_pass<T, K, First, count>(weights, gradient, row, begin, end,
                                      std::make_integer_sequence<int, T + count - 1>());
    if constexpr (First + count < K) {
        gradient_row<T, K, First + count>(weights, gradient, row, begin, end);
    }
}

/// Adds one tile's share of the weights' gradient.
template <int T, int K>
void tile_gradient(float* weights, const float* gradient_in, const float* row, std::int64_t row_stride,
                   std::int64_t rows, std::int64_t begin, std::int64_t end) {
    Vector gradient[T];
    for (int t = 0; t < T; ++t) {
        gradient[t] = load(gradient_in + t * lanes);
    }
    for (; rows > 0; --rows, row += row_stride, weights += K * lanes) {
        gradient_row<T, K>(weights, gradient, row, begin, end);
    }
}

using TileSums = void (*)(float*, const Vector&, const float*, const float*, std::int64_t, std::int64_t,
                          std::int64_t, std::int64_t);
using TileGradient = void (*)(float*, const float*, const float*, std::int64_t, std::int64_t, std::int64_t,
                              std::int64_t);

struct Tile {
    int places;
    TileSums sums;
    TileGradient gradient;
};

template <int K, int... T>
const Tile* tiles_of(std::integer_sequence<int, T...>) {
    static const Tile all[]{{T, tile_sums<T, K>, tile_gradient<T, K>}...};
    return all;
}
using TileWidths = std::integer_sequence<int, TESSERA_TILE_WIDTHS>; // ascending

/// The smallest tile that covers `width` places in as few tiles as the largest would; never wider than them.
const Tile& tile_for(std::int64_t kernel_width, std::int64_t width) {
    static const Tile* const by_kernel[]{tiles_of<3>(TileWidths()), tiles_of<5>(TileWidths()),
                                         tiles_of<7>(TileWidths()), tiles_of<9>(TileWidths()),
                                         tiles_of<11>(TileWidths())};
    const Tile* all = by_kernel[(kernel_width - 3) / 2];
    const int last = static_cast<int>(TileWidths::size()) - 1;
    const std::int64_t count = (width + all[last].places - 1) / all[last].places;
    int i = 0;
    while (i < last && all[i].places * count < width && all[i + 1].places <= width) {
        ++i;
    }
    return all[i];
}

/// The strip with the places its taps reach, copied side by side.
struct Window {
    std::int64_t top, bottom, left, right;
    /// In floats. Wide rows are set apart so that those of a kernel's height spread over the cache's sets.
    std::int64_t row_stride() const {
        const std::int64_t places = right - left;
        return (places < 32 ? places : (places + 18) / 32 * 32 + 13) * lanes;
    }
    std::int64_t floats() const { return (bottom - top) * row_stride(); }
};
Window window_of(const Size& size, const Strip& strip) {
    const std::int64_t dy = size.kernel_height / 2, dx = size.kernel_width / 2;
    return {most(0, strip.top - dy), least(size.height, strip.bottom + dy), most(0, strip.left - dx),
            least(size.width, strip.right + dx)};
}

constexpr std::int64_t tile_floats = 16 * lanes;

/// Scratch memory: a tile, the taps' weights, the projection's, the window.
std::int64_t scratch(const Size& size, const Strip& strip, std::int64_t inputs) {
    return tile_floats + (size.kernel_height * size.kernel_width + inputs) * lanes +
           window_of(size, strip).floats();
}

constexpr std::int64_t ahead = 24; // places between a prefetch and its use

void copy_window(float* to, const Map<const float>& map, const Map<const float>& factor, const Size& size,
                 const Window& window, std::int64_t channel, std::int64_t count) {
    for (std::int64_t y = window.top; y < window.bottom; ++y) {
        const std::int64_t place = y * size.width + window.left;
        const float* from = map.data + place * map.place_stride + channel;
        const float* times = factor ? factor.data + place * factor.place_stride + channel : nullptr;
        for (std::int64_t x = 0; x < window.right - window.left; ++x, from += map.place_stride) {
            __builtin_prefetch(from + ahead * map.place_stride, 0);
            Vector value = gather_block(from, count);
            if (times != nullptr) {
                __builtin_prefetch(times + ahead * factor.place_stride, 0);
                value *= gather_block(times, count);
                times += factor.place_stride;
            }
            store(to + x * lanes, value);
        }
        to += window.row_stride();
    }
}

template <int R>
[[gnu::always_inline]] inline void project_one(Vector (&sums)[R], const Vector& weights, const float* from,
                                               std::int64_t stride) {
    [&]<int... I>(std::integer_sequence<int, I...>) [[gnu::always_inline]] {
        ((sums[I] += weights * from[I * stride]), ...);
    }
    (std::make_integer_sequence<int, R>());
}

/// R neighbouring places of a linear layer's output; a sum runs over the inputs in their order.
template <int R>
void project(float* to, const float* from, std::int64_t stride, const float* weights, const Vector& bias,
             std::int64_t inputs) {
    Vector sums[R];
    for (int r = 0; r < R; ++r) {
        sums[r] = bias;
    }
    for (std::int64_t i = 0; i < inputs; ++i, ++from, weights += lanes) {
        project_one<R>(sums, load(weights), from, stride);
    }
    for (int r = 0; r < R; ++r) {
        store(to + r * lanes, sums[r]);
    }
}

void project_window(float* to, const Convolution& work, const float* weights, const Window& window,
                    const Vector& bias) {
    using Project = void (*)(float*, const float*, std::int64_t, const float*, const Vector&, std::int64_t);
    static constexpr Project by_places[]{nullptr,    project<1>, project<2>, project<3>, project<4>,
                                         project<5>, project<6>, project<7>, project<8>};
    const std::int64_t width = window.right - window.left, tiles = (width + 7) / 8;
    for (std::int64_t y = window.top; y < window.bottom; ++y, to += window.row_stride()) {
        const float* from = work.input.data + (y * work.size.width + window.left) * work.input.place_stride;
        for (std::int64_t tile = 0; tile < tiles; ++tile) {
            const std::int64_t x = tile * width / tiles, end = (tile + 1) * width / tiles;
            by_places[end - x](to + x * lanes, from + x * work.input.place_stride, work.input.place_stride,
                               weights, bias, work.projection.inputs);
        }
    }
}

inline void fetch(const Map<const float>& map, std::int64_t place, std::int64_t places,
                  std::int64_t channel) {
    for (std::int64_t t = 0; map && t < places; ++t) {
        __builtin_prefetch(map.data + (place + t) * map.place_stride + channel, 0);
    }
}
inline void fetch_for_writing(const Map<float>& map, std::int64_t place, std::int64_t places,
                              std::int64_t channel) {
    for (std::int64_t t = 0; map && t < places; ++t) {
        __builtin_prefetch(map.data + (place + t) * map.place_stride + channel, 1);
    }
}

/// to[i][lane] = from[lane][i], or backwards in i; lanes beyond `count` are zero.
void transpose(float* to, const float* from, std::int64_t size, std::int64_t count, bool backwards) {
    const std::int64_t step = backwards ? -1 : 1;
    for (std::int64_t lane = 0; lane < lanes; ++lane) {
        const float* row = from + lane * size + (backwards ? size - 1 : 0);
        for (std::int64_t i = 0; i < size; ++i) {
            to[i * lanes + lane] = lane < count ? row[i * step] : 0;
        }
    }
}

void load_weights(const Convolution& work, std::int64_t block, float* memory) {
    const std::int64_t channel = block * lanes, count = least(lanes, work.size.channels - channel);
    const std::int64_t taps_all = work.size.kernel_height * work.size.kernel_width;
    const std::int64_t inputs = work.projection.inputs;
    float* const weights = memory + tile_floats;
    transpose(weights, work.weight + channel * taps_all, taps_all, count, work.flipped);
    if (work.projection.weight != nullptr) {
        transpose(weights + taps_all * lanes, work.projection.weight + channel * inputs, inputs, count,
                  false);
    }
}

void convolve(const Convolution& work, std::int64_t block, const Strip& strip, float* memory) {
    const Size& size = work.size;
    const std::int64_t channel = block * lanes, count = least(lanes, size.channels - channel);
    const std::int64_t dy = size.kernel_height / 2, dx = size.kernel_width / 2;
    float* const tile_memory = memory;
    const float* const weights = tile_memory + tile_floats;
    const float* const projection = weights + size.kernel_height * size.kernel_width * lanes;
    float* const input =
        memory + tile_floats + (size.kernel_height * size.kernel_width + work.projection.inputs) * lanes;
    const Window window = window_of(size, strip);
    if (work.projection.weight != nullptr) {
        project_window(input, work, projection, window, gather_block(work.projection.bias + channel, count));
    } else {
        copy_window(input, work.input, work.input_factor, size, window, channel, count);
    }
    const Vector bias = work.bias != nullptr ? gather_block(work.bias + channel, count) : Vector{};

    const Tile& tile = tile_for(size.kernel_width, strip.right - strip.left);
    for (std::int64_t x0 = strip.left; x0 < strip.right; x0 += tile.places) {
        const std::int64_t x =
            least(x0, strip.right - tile.places); // the last tile may overlap its neighbour
        const std::int64_t first = x - dx;        // the column under the first tap of the first place
        const std::int64_t begin = most(0, -first), end = least(tile.places + 2 * dx, size.width - first);
        for (std::int64_t y = strip.top; y < strip.bottom; ++y) {
            // Fetched while the sums are computed: a place's line is far from its neighbour's.
            fetch_for_writing(work.output, y * size.width + x, tile.places, channel);
            fetch_for_writing(work.plain, y * size.width + x, tile.places, channel);
            fetch(work.output_factor, y * size.width + x, tile.places, channel);
            const std::int64_t row = most(0, y - dy), row_end = least(size.height, y + dy + 1);
            tile.sums(tile_memory, bias, weights + (row - (y - dy)) * size.kernel_width * lanes,
                      input + (row - window.top) * window.row_stride() + (first - window.left) * lanes,
                      window.row_stride(), row_end - row, begin, end);
            const std::int64_t place = y * size.width + x;
            for (int t = 0; t < tile.places; ++t) {
                Vector value = load(tile_memory + t * lanes);
                if (work.plain) {
                    scatter_block(work.plain.data + (place + t) * work.plain.place_stride + channel, value,
                                  count);
                }
                if (work.output_factor) {
                    value *= gather_block(work.output_factor.data +
                                              (place + t) * work.output_factor.place_stride + channel,
                                          count);
                }
                scatter_block(work.output.data + (place + t) * work.output.place_stride + channel, value,
                              count);
            }
        }
    }
}

void accumulate(const WeightGradient& work, std::int64_t block, const Strip& strip, float* weights,
                float* memory) {
    const Size& size = work.size;
    const std::int64_t channel = block * lanes, count = least(lanes, size.channels - channel);
    const std::int64_t taps_all = size.kernel_height * size.kernel_width;
    const std::int64_t dy = size.kernel_height / 2, dx = size.kernel_width / 2;
    float* const gradient = memory;
    float* const input = memory + tile_floats;
    const Window window = window_of(size, strip);
    copy_window(input, work.input, {}, size, window, channel, count);
    Vector bias = load(weights + taps_all * lanes);

    const Tile& tile = tile_for(size.kernel_width, strip.right - strip.left);
    for (std::int64_t x0 = strip.left; x0 < strip.right; x0 += tile.places) {
        const std::int64_t x = least(x0, strip.right - tile.places);
        const std::int64_t first = x - dx;
        const std::int64_t begin = most(0, -first), end = least(tile.places + 2 * dx, size.width - first);
        for (std::int64_t y = strip.top; y < strip.bottom; ++y) {
            const std::int64_t place = y * size.width + x;
            for (int t = 0; t < tile.places; ++t) {
                Vector value{};
                if (x + t >= x0) { // what the neighbour has counted counts once
                    value = gather_block(
                        work.gradient.data + (place + t) * work.gradient.place_stride + channel, count);
                    if (work.gradient_factor) {
                        value *= gather_block(work.gradient_factor.data +
                                                  (place + t) * work.gradient_factor.place_stride + channel,
                                              count);
                    }
                }
                bias += value;
                store(gradient + t * lanes, value);
            }
            const std::int64_t row = most(0, y - dy), row_end = least(size.height, y + dy + 1);
            tile.gradient(weights + (row - (y - dy)) * size.kernel_width * lanes, gradient,
                          input + (row - window.top) * window.row_stride() + (first - window.left) * lanes,
                          window.row_stride(), row_end - row, begin, end);
        }
    }
    store(weights + taps_all * lanes, bias);
}
