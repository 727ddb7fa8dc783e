#pragma once
/// The trigger path's encoders other than the autoencoder, as functions of a Program: each takes 48
/// calibrated charges (or as many as the shape says) and gives what its formatter sends. Each
/// format function gives words u16[wordsWritten()], count u6 (how many of them wait in the buffer),
/// truncated_word u16 and fill_word u16. Sections 3, 5 and 6 of the ECON-T page; the sizes are a
/// PathShape's.

#include <string>
#include <vector>

#include "aegen/core/program.hpp"
#include "aegen/encoders/link_formats.hpp"

namespace aegen::encoders::econ_t {

/// Largest value best choice sorts: what the charge's float code can say, 2^18 - 1 for 4E3M.
[[nodiscard]] std::int64_t bestChoiceLimit(const PathShape& shape);

/// `cell_codes`: calq u22[n], drop_lsb u4 (Config) -> cell_code u7[n]: each charge after the drop.
void addCellCodes(core::Program& program, const PathShape& shape);

/// `threshold_sum`: calq u22[n], threshold u22[n], use_sum u1 (Config) -> ts_kept u1[n] (charge at
/// or above its threshold), ts_sum u8 (of all charges with use_sum, else of those not kept),
/// ts_all u8 (of all charges). Sums are coded without a drop.
void addThresholdSum(core::Program& program, const PathShape& shape);

/// Best choice as a chain of functions, in order:
/// `best_choice_values`: calq, drop_lsb -> bc_value u18[n], limited to bestChoiceLimit();
/// `best_choice_sort_<k>` for k = 0..parts-1: the k-th part of the sorting network's levels:
///   values in -> values out and one bit a comparator that says whether it swapped;
/// `best_choice`: sorted values, all swap bits, active_etx u4, use_sum u1 -> bc_kept u1[n] (the
///   network run backwards with one bit an entry: set for the first bestChoiceCells()), bc_sum u8
///   (of all values with use_sum, else of those not kept).
/// Returns the function names.
std::vector<std::string> addBestChoice(core::Program& program, const PathShape& shape, int parts);

/// `super_trigger_cells`: calq, drop_lsb -> for each distinct group size c of shape.stc
/// `stc_address_<c>` u<log2 c>[n / c] (the largest charge's place, the highest among equals) and
/// for each distinct {cells, sum code, drops} `stc_sum_<cells>_<code>[_dropped]`.
void addSuperTriggerCells(core::Program& program, const PathShape& shape);
/// Output ports of `super_trigger_cells` that carry addresses and sums of `type`.
[[nodiscard]] std::string stcAddressPort(const StcType& type);
[[nodiscard]] std::string stcSumPort(const StcType& type);
/// All of them, in port order.
[[nodiscard]] std::vector<core::Port> stcPorts(const PathShape& shape);
/// Bits of the `stc_type` field.
[[nodiscard]] int stcTypeBits(const PathShape& shape);

/// `select_cells`: ts_kept, bc_kept u1[n], algorithm u3 (Config) -> kept u1[n]: those of best
/// choice or else of threshold sum.
void addSelectCells(core::Program& program, const PathShape& shape);
/// `close_up_cells`: kept u1[n], cell_code u7[n] -> kept_count u6, kept_address u6[7], kept_code
/// u7[n]: number, address and code of the kept cells in ascending order, codes followed by zeros.
void addCloseUpCells(core::Program& program, const PathShape& shape);
/// `format_threshold_sum`: header u5, kept, kept_count, kept_address, kept_code, ts_sum, ts_all,
/// sync_word u11 (Config).
void addFormatThresholdSum(core::Program& program, const PathShape& shape);
/// `format_best_choice`: header, kept, kept_address, kept_code, bc_sum, active_etx (Config).
void addFormatBestChoice(core::Program& program, const PathShape& shape);
/// `format_repeater`: header, cell_code, active_etx (Config).
void addFormatRepeater(core::Program& program, const PathShape& shape);
/// `format_super_trigger_cells`: header, stcPorts(), stc_type, active_etx u4 (Config).
void addFormatSuperTriggerCells(core::Program& program, const PathShape& shape);
/// `select_words`: algorithm u3 (Config), `<short>_words`, `<short>_count`, `<short>_truncated`,
/// `<short>_fill` of each algorithm held -> words, count, truncated_word, fill_word; all 0 for an
/// algorithm that is not held.
void addSelectWords(core::Program& program, const PathShape& shape,
                    const std::vector<Algorithm>& held);

}  // namespace aegen::encoders::econ_t
