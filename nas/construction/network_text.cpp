#include "nas/construction/network_text.h"

#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "support/config.h"
#include "support/error.h"

namespace tessera::nas::construction {
namespace {

class TextReader {
public:
    TextReader(std::string_view text, std::string_view source) : text_(text), source_(source) {}

    EnvelopeNetwork network() {
        EnvelopeNetwork network;
        expect("envelope_network(width=");
        network.width = integer();
        expect(",kernel=");
        network.initial_kernel = integer();
        expect(",limited=");
        network.limited = text_.substr(position_).starts_with("true");
        expect(network.limited ? "true)" : "false)");
        while (position_ < text_.size()) {
            expect(" ");
            network.entries.push_back(entry());
        }
        return network;
    }

    [[noreturn]] void refuse(const std::string& what) const {
        throw support::UsageError(
            fmt::format("{}: {} (character {} of the network)", source_, what, position_ + 1));
    }

private:
    void expect(std::string_view word) {
        if (!text_.substr(position_).starts_with(word)) {
            refuse(fmt::format("expected '{}'", word));
        }
        position_ += word.size();
    }

    bool take(char c) {
        const bool there = position_ < text_.size() && text_[position_] == c;
        position_ += there ? 1 : 0;
        return there;
    }

    int integer() {
        int value = 0;
        const char* const first = text_.data() + position_;
        const auto [end, error] = std::from_chars(first, text_.data() + text_.size(), value);
        if (error != std::errc()) {
            refuse("expected an integer");
        }
        position_ += static_cast<std::size_t>(end - first);
        return value;
    }

    std::string_view word() {
        const std::size_t end = std::min(text_.find_first_of("+[ ", position_), text_.size());
        return text_.substr(position_, end - position_);
    }

    Entry entry() {
        if (word() == "widener") {
            position_ += word().size();
            return Widener{};
        }
        Cell cell;
        do {
            const auto branch = find_operator(word());
            if (!branch) {
                std::vector<std::string> names = {"widener"};
                for (const Operator known : all_operators) {
                    names.emplace_back(operator_name(known));
                }
                const std::string near = support::nearest(word(), names);
                refuse(fmt::format("'{}' is no branch and no widener{}", word(),
                                   near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
            }
            cell.branches.push_back(*branch);
            position_ += word().size();
        } while (take('+'));
        if (take('[')) {
            do {
                cell.skips.push_back(integer());
            } while (take(','));
            expect("]");
        }
        return cell;
    }

    std::string_view text_, source_;
    std::size_t position_ = 0;
};

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const std::size_t first = text.find_first_not_of(blanks);
    return first == text.npos ? "" : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

} // namespace

std::string network_text(const EnvelopeNetwork& network) {
    std::string text = fmt::format("envelope_network(width={},kernel={},limited={})", network.width,
                                   network.initial_kernel, network.limited);
    for (const Entry& entry : network.entries) {
        const Cell* const cell = std::get_if<Cell>(&entry);
        text += cell ? " " + branch_text(cell->branches) : " widener";
        if (cell && !cell->skips.empty()) {
            text += fmt::format("[{}]", fmt::join(cell->skips, ","));
        }
    }
    return text;
}

EnvelopeNetwork parse_network(std::string_view text, std::string_view source) {
    text = trimmed(text);
    TextReader reader(text, source);
    const EnvelopeNetwork network = reader.network();
    try {
        check(network);
    } catch (const support::UsageError& error) {
        throw support::UsageError(fmt::format("{}: {}", source, error.what()));
    }
    // What is left are numbers with leading zeros and the like.
    if (const std::string canonical = network_text(network); canonical != text) {
        throw support::UsageError(fmt::format("{}: the network is to be written {}", source, canonical));
    }
    return network;
}

} // namespace tessera::nas::construction
