// aegen import: a model file from what other frameworks trained.

#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "aegen/encoders/import.hpp"
#include "cli.hpp"

namespace aegen::tools {
namespace {

struct Arguments {
  std::vector<std::string> encoder;
  std::vector<std::string> decoder;
  std::string model = "model.json";
  std::string json;
  encoders::ImportOptions options;
};

using Paths = std::vector<std::filesystem::path>;

std::string summaryJson(const encoders::Imported& imported, const std::string& model) {
  const encoders::Codec& codec = imported.codec;
  const encoders::Node& latents = codec.encoder.output();
  nlohmann::ordered_json decisions = nlohmann::ordered_json::array();
  for (const encoders::Decision& decision : imported.decisions) {
    decisions.push_back(
        {{"where", decision.where}, {"what", decision.what}, {"why", decision.why}});
  }
  nlohmann::ordered_json conditions = nlohmann::ordered_json::array();
  for (const encoders::Condition& condition : codec.conditions) {
    conditions.push_back({{"name", condition.name}, {"source", text(condition.source)}});
  }
  nlohmann::ordered_json summary{{"model", model},
                                 {"name", codec.name},
                                 {"latents", encoders::elementCount(latents.shape)},
                                 {"latent_format", latents.format.text()},
                                 {"conditions", conditions},
                                 {"decisions", decisions}};
  if (imported.decoderError) summary["decoder_error"] = *imported.decoderError;
  return summary.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

void printReport(const encoders::Imported& imported, const std::string& model) {
  const encoders::Node& latents = imported.codec.encoder.output();
  fmt::print("{}: {} latents {}, {} conditions\n", model, encoders::elementCount(latents.shape),
             latents.format.text(), imported.codec.conditions.size());
  if (imported.decoderError) {
    fmt::print("decoder: charges within {:.3g} of the source's, whatever the latents\n",
               *imported.decoderError);
  }
  fmt::print("{} decisions:\n", imported.decisions.size());
  for (const encoders::Decision& decision : imported.decisions) {
    fmt::print("  {}\n    {}: {}\n", decision.where, decision.what, decision.why);
  }
}

int run(const Arguments& arguments) {
  const auto imported = encoders::importCodec(
      Paths(arguments.encoder.begin(), arguments.encoder.end()),
      Paths(arguments.decoder.begin(), arguments.decoder.end()), arguments.options);
  if (!imported) return fail(imported.error());
  if (const auto saved = encoders::saveCodec(imported->codec, arguments.model); !saved) {
    return fail(saved.error());
  }
  if (arguments.json != "-") printReport(*imported, arguments.model);
  return writeJson(arguments.json, summaryJson(*imported, arguments.model));
}

}  // namespace

void addImportCommand(CLI::App& app, int& exitCode) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* const command =
      app.add_subcommand("import", "Make a model file of an encoder trained elsewhere");
  command
      ->add_option("ENCODER", arguments->encoder,
                   "Keras 2 or QKeras: model JSON and weights HDF5, or a whole model in one .h5; "
                   "ECON-T registers: YAML (docs/import.md)")
      ->required();
  command->add_option("--decoder", arguments->decoder, "The decoder's files, likewise");
  command->add_option("-o,--out", arguments->model, "Model file to write")->capture_default_str();
  encoders::ImportOptions& options = arguments->options;
  command->add_option("--name", options.name, "The model's name; else the encoder's");
  command->add_option("--architecture", options.architecture,
                      "What files of weights alone belong to: econ_t");
  command
      ->add_option("--conditions", options.conditions,
                   "Names of the decoder's inputs beside the latents, in order; 'sum' is ln(1 + "
                   "module sum) and 'sum_code' its link code / 512")
      ->delimiter(',');
  command->add_option("--weight-bits", options.formats.weightBits, "Of weights not yet quantized")
      ->capture_default_str();
  command
      ->add_option("--fraction", options.formats.fraction,
                   "Fractional bits of activations and charges not yet quantized")
      ->capture_default_str();
  command->add_option("--latent-bits", options.latentBits, "Of latents not yet quantized")
      ->capture_default_str();
  command->add_option("--etx", options.activeEtx, "Links in use")->capture_default_str();
  command->add_option("--json", arguments->json,
                      "Write formats and decisions as JSON; - is standard output");
  command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

}  // namespace aegen::tools
