// Classifies JPEG images with a network that Tessera exported:   classify model.pt [IMAGE.jpg...]
//
// Needs LibTorch and libjpeg. What has to be done to an image, and what the outputs are called, is inside the
// model. Without images it lets the network answer the example that it carries; exit status 1 if the answer
// is another.
#include <cstdio>
#include <stdexcept>
#include <string>

#include <torch/script.h>

#include <jpeglib.h>

/// height x width x channels bytes. What libjpeg does not do, this does not: a photograph that its EXIF data
/// want turned stays as it lies in the file, and a damaged file ends the program.
torch::Tensor decode(const std::string& name, int channels) {
    std::FILE* file = std::fopen(name.c_str(), "rb");
    if (file == nullptr) {
        throw std::runtime_error("cannot open " + name);
    }
    jpeg_decompress_struct jpeg;
    jpeg_error_mgr errors;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&jpeg);
    jpeg_stdio_src(&jpeg, file);
    jpeg_read_header(&jpeg, TRUE);
    jpeg.out_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_start_decompress(&jpeg);
    torch::Tensor pixels = torch::empty({jpeg.output_height, jpeg.output_width, channels}, torch::kUInt8);
    while (jpeg.output_scanline < jpeg.output_height) {
        JSAMPROW row = pixels.data_ptr<std::uint8_t>() + jpeg.output_scanline * pixels.stride(0);
        jpeg_read_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_decompress(&jpeg);
    jpeg_destroy_decompress(&jpeg);
    std::fclose(file);
    return pixels;
}

int main(int argc, char** argv) try {
    const torch::NoGradGuard no_grad;
    torch::jit::Module model = torch::jit::load(argc > 1 ? argv[1] : "model.pt", torch::kCPU);
    const torch::Tensor example = model.attr("example_input").toTensor();
    for (int i = 2; i < argc; ++i) {
        const torch::Tensor pixels = decode(argv[i], static_cast<int>(example.size(1)));
        const torch::Tensor input = model.get_method("preprocess")({pixels}).toTensor();
        const auto [probability, order] = model.forward({input}).toTensor().softmax(1)[0].max(0);
        const auto name = model.attr("classes").toList().get(order.item<std::int64_t>()).toStringRef();
        std::printf("%s\t%s %.4f\n", argv[i], name.c_str(), probability.item<double>());
    }
    if (argc > 2) {
        return 0;
    }
    const torch::Tensor answer = model.forward({example}).toTensor();
    const double difference = (answer - model.attr("example_output").toTensor()).abs().max().item<double>();
    std::printf("example: the largest difference is %.1e\n", difference);
    return difference < 1e-4 ? 0 : 1;
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
