# aegen_library(<layer> SOURCES ... [PUBLIC targets...] [PRIVATE targets...])
# A layer of the project: static library aegen_<layer>, alias aegen::<layer>, headers in <layer>/include.
function(aegen_library layer)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(aegen_${layer} STATIC ${ARG_SOURCES})
  add_library(aegen::${layer} ALIAS aegen_${layer})
  target_include_directories(aegen_${layer} PUBLIC
    $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:include>)
  target_link_libraries(aegen_${layer} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
  aegen_warnings(aegen_${layer})
endfunction()

# The project's warnings on a target of ours.
function(aegen_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow -Wconversion
    -Wno-missing-field-initializers  # designated initialisers leave defaults on purpose
    -Wno-restrict  # g++ 12 sees overlaps in string concatenation that are not there (its bug 105651)
    $<$<BOOL:${AEGEN_WERROR}>:-Werror>)
endfunction()

# aegen_test(<layer> <label> SOURCES ... [LINK targets...]): executable <layer>_<label>_tests, one ctest
# entry a case, labelled <label> (unit: fast and without external tools; tool: runs Verilator or Yosys).
function(aegen_test layer label)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINK" ${ARGN})
  set(target ${layer}_${label}_tests)
  add_executable(${target} ${ARG_SOURCES})
  target_link_libraries(${target} PRIVATE aegen::${layer} ${ARG_LINK} GTest::gtest_main)
  aegen_warnings(${target})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  target_compile_definitions(${target} PRIVATE
    AEGEN_SOURCE_DIR="${PROJECT_SOURCE_DIR}" AEGEN_BUILD_DIR="${PROJECT_BINARY_DIR}")
  gtest_discover_tests(${target} PROPERTIES LABELS ${label} TIMEOUT ${ARG_TIMEOUT}
    DISCOVERY_TIMEOUT 60)
endfunction()
