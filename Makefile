.PHONY: setup bench

# libtorch and the CHGNet weights into third_party/ (once, needs the network; a no-op afterwards)
setup:
	@scripts/setup.sh

# Speed beside the peers, as ratios of CPU time. PEERS is a Python environment that has them:
#   python3 -m venv peers && peers/bin/pip install chgnet==0.4.2 pymoo==0.6.2 && make bench PEERS=peers
ifdef PEERS
bench: export DRUSE_PEER_PYTHON = $(abspath $(PEERS))/bin/python
endif
bench:
	cargo bench -p druse-fitness --no-default-features --bench chgnet
	cargo bench -p druse-fitness --no-default-features --bench pareto
	cargo bench -p druse-fitness --no-default-features --bench hull
