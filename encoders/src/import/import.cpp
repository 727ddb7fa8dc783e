#include "aegen/encoders/import.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "aegen/core/text_tools.hpp"
#include "aegen/encoders/decoder_error_bound.hpp"
#include "aegen/encoders/transposed_decoder.hpp"
#include "codec_builder.hpp"
#include "network_files.hpp"

namespace aegen::encoders {
namespace {

namespace fs = std::filesystem;
using core::Result;

core::Diagnostic badOption(const std::string& what, const std::string& allowed) {
  return core::badInput("import.option", what, "", {allowed});
}

Result<void> checkOptions(const ImportOptions& options) {
  const ImportFormats& formats = options.formats;
  const auto outside = [](int value, int low, int high) { return value < low || value > high; };
  if (outside(formats.weightBits, 4, 24)) return badOption("bits of weights", "4 to 24");
  if (outside(formats.fraction, 2, 20)) return badOption("fractional bits", "2 to 20");
  if (outside(options.latentBits, 1, 9)) return badOption("bits of a latent", "1 to 9");
  if (outside(options.activeEtx, 1, 13)) return badOption("links in use", "1 to 13");
  return {};
}

// What a codec says of its making: files first, then what was decided.
std::string description(const std::string& encoder, const std::string& decoder,
                        const std::vector<Decision>& decisions) {
  std::string out = "imported: encoder of " + encoder + ", decoder " + decoder;
  for (const Decision& decision : decisions) out += "; " + decision.what;
  return out;
}

class Importer {
 public:
  Importer(const ImportOptions& options, const std::vector<fs::path>& encoder,
           const std::vector<fs::path>& decoder)
      : options_(options), encoderFiles_(encoder), decoderFiles_(decoder) {}

  Result<Imported> run() {
    if (auto good = encoder(); !good) return good.error();
    if (auto good = decoder(); !good) return good.error();
    Codec& codec = out_.codec;
    const Node& latents = codec.encoder.output();
    codec.link.activeEtx = options_.activeEtx;
    codec.link.keep.assign(
        elementCount(latents.shape) * static_cast<std::size_t>(latents.format.width), true);
    codec.name = options_.name.empty() ? codec.encoder.name : options_.name;
    codec.description = description(encoderSource_, decoderSource_, out_.decisions);
    if (auto good = checkConditions(codec.decoder, codec.conditions); !good) return good.error();
    return std::move(out_);
  }

 private:
  Result<void> encoder() {
    auto chip = readChipWeights(encoderFiles_, options_.architecture, out_.decisions);
    if (!chip) return chip.error();
    if (*chip) {
      chipWeights_ = **chip;
      encoderSource_ = encoderFiles_[0].string();
      out_.codec.encoder = econ_t::autoencoder(*chipWeights_, /*loadable=*/true);
      out_.decisions.push_back({encoderSource_,
                                "products are cut one by one, to 7 and 8 fractional bits",
                                "the chip's arithmetic"});
      return out_.codec.encoder.infer();
    }
    auto network = readNetwork(encoderFiles_, options_.architecture, Half::Encoder);
    if (!network) return network.error();
    adopt(*network);
    encoderSource_ = network->source;
    auto built = buildEncoder(*network, options_, out_.decisions);
    if (!built) return built.error();
    out_.codec.encoder = std::move(built->graph);
    conditions_ = built->conditions;
    return {};
  }

  Result<void> decoder() {
    if (decoderFiles_.empty()) return standIn();
    auto network = readNetwork(decoderFiles_, options_.architecture, Half::Decoder);
    if (!network) return network.error();
    adopt(*network);
    decoderSource_ = "of " + network->source;
    auto built = buildDecoder(*network, out_.codec.encoder.output(), options_, out_.decisions);
    if (!built) return built.error();
    if (conditions_ != 0 && conditions_ != static_cast<int>(built->conditions.size())) {
      return core::badInput("import.conditions",
                            fmt::format("the encoder hands on {} conditions, the decoder takes {}",
                                        conditions_, built->conditions.size()),
                            network->source,
                            {"encoder and decoder must be of the same autoencoder"});
    }
    out_.codec.decoder = std::move(built->graph);
    out_.codec.conditions = std::move(built->conditions);
    return bound();
  }

  Result<void> standIn() {
    if (!chipWeights_) {
      return core::badInput("import.files", "no decoder was given", encoderSource_,
                            {"pass its files with --decoder"});
    }
    decoderSource_ = "a stand-in, the encoder transposed";
    out_.codec.decoder = econ_t::transposedDecoder(*chipWeights_);
    out_.decisions.push_back({encoderSource_,
                              "the decoder is a stand-in: the encoder's linear map, transposed",
                              "no decoder was given; it is not trained"});
    return out_.codec.decoder.infer();
  }

  Result<void> bound() {
    const auto errors = decoderErrorBound(out_.codec.decoder);
    if (!errors) return {};  // no bound can be given; that is no reason not to import
    double most = 0;
    for (const ErrorInterval& error : *errors) most = std::max(most, error.magnitude());
    out_.decoderError = most;
    return {};
  }

  void adopt(ImportedNetwork& network) {
    out_.decisions.insert(out_.decisions.end(), network.decisions.begin(), network.decisions.end());
  }

  const ImportOptions& options_;
  const std::vector<fs::path>& encoderFiles_;
  const std::vector<fs::path>& decoderFiles_;
  Imported out_;
  std::optional<econ_t::AutoencoderWeights> chipWeights_;
  int conditions_ = 0;
  std::string encoderSource_;
  std::string decoderSource_;
};

}  // namespace

Result<Imported> importCodec(const std::vector<fs::path>& encoder,
                             const std::vector<fs::path>& decoder, const ImportOptions& options) {
  if (auto good = checkOptions(options); !good) return good.error();
  return Importer(options, encoder, decoder).run();
}

}  // namespace aegen::encoders
