# One word per job; the logic is in ci/, tools/setup and the crates. CI calls the same targets.
.DEFAULT_GOAL := help
TOOLS := $(or $(HELLO_TOOLS),$(HOME)/.cache/hello-delivery/tools)
export PATH := $(TOOLS)/bin:$(PATH)
setup := tools/setup/install
nextest := ci/nextest
platform := cargo run --quiet --locked --package platform --
export JUNIT

help: ## this list
	@sed -nE 's/^([a-z]+):.*## (.*)/\1|\2/p' Makefile | column -t -s '|'
demo: ## the committed sources through build, tests, lint, image, registry and the proposed commit
	@$(setup) toolchains debian rust
	@cargo run --quiet --locked --package delivery --bin demo -- $(ARGS)
test: ## everything that decides; the last line counts
	@$(setup)
	@ci/run-all
fmt: ## the code is formatted
	cargo fmt --all -- --check
lint: ## clippy, warnings are errors
	cargo clippy --locked --workspace --all-targets -- --deny warnings
deny: ## licences, duplicate versions and sources of the crates
	@$(setup) rust
	@ci/deny
unit: ## tests of hello and manifest-lint; PARTITION=slice:1/2 for a part, JUNIT=file for a report
	@$(setup) rust
	$(nextest) --workspace --exclude delivery --exclude observability --exclude platform $(if $(PARTITION),--partition $(PARTITION))
check: ## manifest-lint on this repository; ARGS for other reports
	cargo run --quiet --locked --package manifest-lint -- check --fail-on warning $(ARGS) .
rules: ## the page of every rule, run as a test
	@$(setup) rust
	$(nextest) --package manifest-lint --test pages
chart: ## helm lint
	@$(setup) python
	helm lint --strict apps/*/chart
render: ## everything that is delivered can be rendered
	@$(setup) python rust
	$(nextest) --package observability --test render
observability: ## rules, alerts, mail and dashboards on real servers
	@$(setup) debian python rust
	$(nextest) --package observability
terraform: ## format, validate, tests and plan of the Terraform roots
	@$(setup) terraform
	terraform/test
pipeline: ## the pipeline on this machine: schema, jobs, image, registry, proposed commit
	@$(setup) debian node rust python
	$(nextest) --package delivery
image: ## build and push APP to CI_REGISTRY_IMAGE with IMAGE_BUILDER (kaniko, buildkit, buildah)
	ci/image
propose: ## commit the images just built to clusters/ and open a merge request
	ci/propose
verify: ## every image in clusters/ is in the registry and answers
	ci/verify clusters
up: ## a Kubernetes node on this machine, from plain processes; needs root
	@$(setup) platform
	$(platform) up
status: ## what of it runs
	@$(platform) status
down: ## end it and remove everything it had
	@$(platform) down
node: ## tests of the node: limits, Services, kills, nothing left behind
	@$(setup) platform
	cargo test --locked --package platform -- --include-ignored
bench: ## hello beside a plain hyper server; manifest-lint beside kubectl kustomize
	cargo bench --locked --package hello
	cargo bench --locked --package manifest-lint --bench check
bless: ## write generated pages and expected reports anew
	BLESS=1 cargo test --quiet --locked --package manifest-lint
clean: ## remove everything that was built here, keep the tools
	@[ ! -e target/platform ] || $(platform) down
	rm -rf target .gitlab-ci-local
.PHONY: $(shell sed -nE 's/^([a-z]+):.*/\1/p' Makefile)
