.PHONY: campaign campaign-tmc test bench setup

CAMPAIGN ?= runs/campaigns/default.toml
OUT ?= campaign-abundant

# The default campaign: a Pareto front on the screen, its CIFs in $(OUT)/pareto. One that was
# stopped goes on; one that is done is shown.
campaign: setup
	@if [ -e "$(OUT)/campaign.db" ]; then \
		cargo run --release --locked -- resume "$(OUT)"; \
	else \
		cargo run --release --locked -- run "$(CAMPAIGN)" --out "$(OUT)"; \
	fi

# The same for transition-metal complexes: XYZ files in campaign-tmc/pareto. Needs xtb.
campaign-tmc:
	@$(MAKE) --no-print-directory campaign CAMPAIGN=runs/campaigns/tmc.toml OUT=campaign-tmc

test: setup
	cargo test --workspace --locked

# libtorch, the weights of CHGNet and SevenNet and the ligands into third_party/, and xtb (once, needs the network; a no-op afterwards)
setup:
	@scripts/setup.sh

# Speed beside the peers, as ratios of CPU time. PEERS is a Python environment that has them:
#   python3 -m venv peers && peers/bin/pip install chgnet==0.4.2 sevenn==0.13.0 pymatgen==2026.10.24 pymoo==0.6.2 average-minimum-distance==1.6.1 && make bench PEERS=peers
ifdef PEERS
bench: export DRUSE_PEER_PYTHON = $(abspath $(PEERS))/bin/python
endif
bench: setup
	cargo bench -p druse-fitness --no-default-features --bench potentials
	cargo bench -p druse-fitness --no-default-features --bench pareto
	cargo bench -p druse-fitness --no-default-features --bench hull
	cargo bench -p druse-validation --bench matching
	cargo bench -p druse-validation --bench fingerprint
	cargo run --release -p druse-validation --example index_scaling
	cargo run --release -p druse -- sample symmetry-diffusion -n 200 --seed 1 --to target/bench-crystals.jsonl
	cargo run --release -p druse --example symmetric_speed -- energies target/bench-crystals.jsonl 200
	cargo run --release -p druse --example symmetric_speed -- relaxations target/bench-crystals.jsonl 200
	cargo run --release -p druse --no-default-features --example engine_scaling
	cargo run --release -p druse --no-default-features --example known_evaluations
