# The two commands of the README, and what they are made of.
BUILD ?= build
OUT ?= out/econ_t_autoencoder
DESIGN ?= examples/econ_t_autoencoder/design.yaml
JOBS ?= $(shell nproc)

.PHONY: demo build all test test-unit test-tool bench retrain packages install format clean help

help:
	@echo "make demo       install what is missing, build, run the example, print where the report is"
	@echo "make build      leave the program at $(BUILD)/aegen"
	@echo "make test       build and run every test"
	@echo "make test-unit  only the fast ones, which need no Verilator or Yosys"
	@echo "make retrain    train the example again; the file must come out the same"
	@echo "make bench      measure; results as JSON in bench/results"
	@echo "make packages   install the Debian packages of cmake/debian-packages.txt that are missing"

packages:
	@sh cmake/install-packages.sh

$(BUILD)/build.ninja:
	cmake -S . -B $(BUILD) -G Ninja

build: packages
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	cmake --build $(BUILD) --target aegen -j $(JOBS)

all: packages
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	cmake --build $(BUILD) -j $(JOBS)

demo: build
	$(BUILD)/aegen build $(DESIGN) -o $(OUT)
	@echo
	@echo "The report: $(CURDIR)/$(OUT)/report.html"

test: all
	ctest --test-dir $(BUILD) --output-on-failure -L unit -j $(JOBS)
	ctest --test-dir $(BUILD) --output-on-failure -L tool

test-unit: all
	ctest --test-dir $(BUILD) --output-on-failure -L unit -j $(JOBS)

test-tool: all
	ctest --test-dir $(BUILD) --output-on-failure -L tool

bench: all
	$(BUILD)/bench/speed_bench --work $(BUILD)/bench_work/speed --json bench/results/speed.json
	$(BUILD)/bench/slice_bench --work $(BUILD)/bench_work/slice --json bench/results/slice.json
	$(BUILD)/bench/emd_bench --json bench/results/emd.json
	$(BUILD)/bench/train_bench --work $(BUILD)/bench_work/train --json bench/results/train.json

retrain: build
	$(BUILD)/aegen train examples/econ_t_autoencoder/train.yaml -o $(BUILD)/retrained.json
	cmp $(BUILD)/retrained.json examples/econ_t_autoencoder/model.json

install: build
	cmake --install $(BUILD)

format:
	git ls-files '*.hpp' '*.cpp' | xargs clang-format -i

clean:
	rm -rf $(BUILD) out
