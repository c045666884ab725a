# What people type. Everything is installed, built and loaded as needed; each target may be repeated.
#   make run     the demonstration province in the browser        make test    all tests
#   make build   build/sen                                        make bench   measurements against peers
#   make soak    long load and crash runs                         make fuzz    fuzzers, FUZZ_SECONDS each (default 3600)
#   make format  layout of the C files                            make clean   removes what was built (not var/)

DATA   ?= var/demo
LISTEN ?= 127.0.0.1:8080
FUZZ_SECONDS ?= 3600

.PHONY: build run test bench soak fuzz format clean setup

setup:
	@tools/setup.sh build

web/dist/app.css: web/package-lock.json web/build.mjs $(shell find web/src web/styles web/views src/platform/*/views src/solutions/*/views -type f ! -name '.*' 2>/dev/null)
	cd web && npm ci --no-audit --no-fund --loglevel=error && npm run --silent build
	@touch $@

build/build.ninja:
	meson setup build --buildtype=release -Ddebug=true >/dev/null

build: setup web/dist/app.css
	@$(MAKE) --no-print-directory build/build.ninja
	@ninja -C build --quiet sen

run: build
	@build/sen init --demo --data $(DATA)
	@build/sen serve --demo --data $(DATA) --listen $(LISTEN)

test:
	@tools/setup.sh test
	@$(MAKE) --no-print-directory build
	@python3 tests/run.py

soak: build
	@tools/setup.sh test
	@python3 tests/run.py --soak

fuzz:
	@tools/setup.sh test
	@python3 tests/fuzz/run.py --seconds $(FUZZ_SECONDS)

bench: build
	@tools/setup.sh bench
	@bench/run.sh

format:
	@git ls-files '*.c' '*.h' | xargs clang-format -i

clean:
	rm -rf build build-* web/dist
