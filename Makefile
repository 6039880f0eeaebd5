.PHONY: setup

# libtorch and the CHGNet weights into third_party/ (once, needs the network; a no-op afterwards)
setup:
	@scripts/setup.sh
