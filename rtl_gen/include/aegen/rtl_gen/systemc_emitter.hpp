#pragma once
/// The SystemC emitter: a function of a Program as one self-contained header that holds an
/// SC_MODULE, such as the back-end board's decoder.

#include <string>
#include <string_view>

#include "aegen/core/diagnostic.hpp"
#include "aegen/core/program.hpp"

namespace aegen::rtl_gen {

struct SystemCOptions {
  std::string moduleName = "Decoder";  ///< a C++ identifier
  int latency = 1;  ///< crossings from the clock edge that takes an input to its output, >= 1
};

/// A header for C++17 that includes <cstdint> and <systemc.h> only. It defines
///  - `struct <moduleName>Arithmetic`: one static function for each IR function `top` reaches, in
///    plain 32- and 64-bit integers, and `static void compute(const uint64_t* in, int64_t* out)`:
///    `top` on raw elements in port order, bit for bit core::evaluate();
///  - `SC_MODULE(<moduleName>)`: ports `clk`, `rst_n`, then those of `top`: an element of up to 32
///  bits
///    is a (u)int32_t, a wider one a (u)int64_t; several elements are an sc_vector. Inputs are
///    taken at the rising edge; outputs follow `latency` edges later and are 0 while rst_n is low.
/// With AEGEN_ARITHMETIC_ONLY defined, SystemC and the module are left out.
/// `program` must be verified. Errors: systemc.no-function, systemc.latency, systemc.name.
[[nodiscard]] core::Result<std::string> emitSystemC(const core::Program& program,
                                                    std::string_view top,
                                                    const SystemCOptions& options);

/// The C++ type of a port element in that module, e.g. "std::uint32_t".
[[nodiscard]] std::string_view systemCPortType(const core::FixedFormat& format);

/// The member's name a port of `top` has in that module: its own unless that means something else
/// in C++ or in sc_module.
[[nodiscard]] std::string systemCPortName(std::string_view port);

}  // namespace aegen::rtl_gen
