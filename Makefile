# SPDX-License-Identifier: MIT
#
# What there is to do is done by the scripts that are named here; V=1 shows more, and
# CC chooses the compiler.

ifeq ($(origin CC),default)
CC := gcc
endif
V ?= 0
export CC V

.PHONY: all check demo bench study stress series check-series lib tool install install-lib abi fuzz-lib clean help

KERNEL ?= 6.12
MINUTES ?= 10

all:
	@tests/unit/run --build
	@tests/boot/run --build

check:
	@./check

demo:
	@./demo

bench:
	@bench/run

study:
	@bench/study

stress:
	@tests/fuzz/run --minutes $(MINUTES) $(if $(filter file,$(origin KERNEL)),,--kernel $(KERNEL))

lib:
	@$(MAKE) -s -C lib

tool:
	@$(MAKE) -s -f tool/Makefile

# The library and the program.
install: install-lib
	@$(MAKE) -s -f tool/Makefile install

install-lib:
	@$(MAKE) -s -C lib install

abi:
	@$(MAKE) -s -C lib abi

fuzz-lib:
	@UKCOV_FUZZ_SECONDS=$$(($(MINUTES) * 30)) tests/lib/run fuzz.sh

series:
	@scripts/deps series
	@scripts/series export --kernel $(KERNEL) $(O)

check-series:
	@scripts/deps series
	@scripts/series check --kernel $(KERNEL)

clean:
	rm -rf build/unit build/unit-asan build/lib build/lib-asan build/lib-fuzz build/tool build/tool-tests build/boot build/bench build/study build/series build/vm build/vm-init

help:
	@echo 'make            build the test programs'
	@echo 'make check      run the tests (./check --help)'
	@echo 'make demo       trace real programs in a booted kernel (./demo --help)'
	@echo 'make bench      measure: time per callback, resets, a booted kernel'
	@echo 'make study      trace a hundred programs: how much do buffers overflow? (bench/study --help)'
	@echo 'make stress     MINUTES=10 KERNEL=x86_64-debug: everything at once, for that long'
	@echo 'make tool       ukcov in build/tool; make install PREFIX=/usr/local DESTDIR= installs it'
	@echo '                and the library'
	@echo 'make lib        libukcov in build/lib; make install-lib PREFIX=/usr/local DESTDIR='
	@echo 'make abi        compare its interface with lib/ukcov.abi'
	@echo 'make fuzz-lib   MINUTES=10: its readers of files'
	@echo 'make series     KERNEL=6.12 [O=DIR]: write a series for "git am" to DIR'
	@echo 'make check-series'
	@echo '                KERNEL=6.12: apply it to a pristine tree, build each commit'
	@echo 'make clean      remove what was built, but for kernels and their sources'
	@echo '                (rm -rf build removes those, too)'
	@echo 'V=1             show more; CC=clang: another compiler'
