# The two commands of the README, and what they are made of.
BUILD ?= build
OUT ?= out/econ_t_autoencoder
DESIGN ?= examples/econ_t_autoencoder/design.yaml
JOBS ?= $(shell nproc)

.PHONY: demo build all test test-unit test-tool bench area cost-set retrain quality quality-train quality-table packages install format clean help

help:
	@echo "make demo       install what is missing, build, run the example, print where the report is"
	@echo "make build      leave the program at $(BUILD)/aegen"
	@echo "make test       build and run every test"
	@echo "make test-unit  only the fast ones, which need no Verilator or Yosys"
	@echo "make retrain    train the example again; the file must come out the same"
	@echo "make bench      measure; results as JSON in bench/results"
	@echo "make area       synthesise every design of docs/area.md and write the page (hours; resumes)"
	@echo "make cost-set   synthesise modules for the cost model of aegen estimate and fit it again"
	@echo "make quality    train the models of docs/quality.md again and make its tables"
	@echo "make quality-table  the tables of the models as shipped"
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

# MATRICES: where the matrices for adder graphs are (docs/adder_graphs.md).
MATRICES ?= ../shared/bench/cmvm
bench: all
	@sh cmake/install-packages.sh bench
	$(BUILD)/bench/speed_bench --work $(BUILD)/bench_work/speed --json bench/results/speed.json
	$(BUILD)/bench/slice_bench --work $(BUILD)/bench_work/slice --json bench/results/slice.json
	$(BUILD)/bench/emd_bench --json bench/results/emd.json
	$(BUILD)/bench/train_bench --work $(BUILD)/bench_work/train --json bench/results/train.json
	@test ! -d "$(MATRICES)" || $(BUILD)/bench/cmvm_bench --matrices $(MATRICES) --json bench/results/cmvm.json

# ROWS=ae_,noise: only rows whose names hold one of these.
area: all
	$(BUILD)/bench/area_table --work $(BUILD)/bench_work/area -j $(JOBS) $(if $(ROWS),--rows $(ROWS))

cost-set: all
	$(BUILD)/bench/cost_set --work $(BUILD)/bench_work/cost -j $(JOBS)

retrain: build
	$(BUILD)/aegen train examples/econ_t_autoencoder/train.yaml -o $(BUILD)/retrained.json
	cmp $(BUILD)/retrained.json examples/econ_t_autoencoder/model.json

# Held-out EMD by number of links (docs/quality.md). ECONT: where calq_sample.csv and vectors/ are.
ECONT ?= ../shared/econt
QUALITY = $(BUILD)/quality
QUALITY_MODELS = $(foreach sample,sparse dense,$(foreach etx,2 3 4 5,$(sample)_$(etx)etx))
QUALITY_BESIDE = best_choice,super_trigger_cell,threshold_sum
QUALITY_COMPARE = $(BUILD)/aegen compare examples/econ_t_all/design.yaml --no-area

quality: quality-train quality-table

# Fails where a model does not come out as it is shipped.
quality-train: $(QUALITY_MODELS:%=$(QUALITY)/%.json)
	for model in $(QUALITY_MODELS); do cmp $(QUALITY)/$$model.json examples/quality/$$model.json || exit 1; done

$(QUALITY)/events.stamp: | build
	mkdir -p $(QUALITY)
	$(BUILD)/aegen split $(ECONT)/calq_sample.csv --test 0.4 --seed 1 \
	  --train-out $(QUALITY)/sparse_train.csv --test-out $(QUALITY)/sparse_test.csv
	$(BUILD)/aegen split $(ECONT)/vectors/input_mcDataset.csv --density high --test 0.4 --seed 1 \
	  --train-out $(QUALITY)/dense_train.csv --test-out $(QUALITY)/dense_test.csv
	touch $@

$(QUALITY)/%.json: examples/quality/%.yaml $(QUALITY)/events.stamp
	$(BUILD)/aegen train $< --data $(QUALITY)/$(firstword $(subst _, ,$*))_train.csv -o $@

quality-table: $(QUALITY)/events.stamp
	for model in $(QUALITY_MODELS); do sample=$${model%%_*}; \
	  $(BUILD)/aegen evaluate examples/quality/$$model.json --events $(QUALITY)/$${sample}_test.csv \
	    --fit $(QUALITY)/$${sample}_train.csv --beside $(QUALITY_BESIDE) \
	    --json bench/results/quality_$$model.json || exit 1; done
	for model in $(QUALITY_MODELS); do sample=$${model%%_*}; etx=$${model##*_}; \
	  $(QUALITY_COMPARE) examples/quality/designs/$$model.yaml --etx $${etx%etx} --input charges \
	    --events $(QUALITY)/$${sample}_test.csv -o $(QUALITY)/$$model \
	    --json bench/results/quality_$${sample}_rtl_$$etx.json || exit 1; done
	python3 bench/quality_table.py bench/results

install: build
	cmake --install $(BUILD)

format:
	git ls-files '*.hpp' '*.cpp' | xargs clang-format -i

clean:
	rm -rf $(BUILD) out
