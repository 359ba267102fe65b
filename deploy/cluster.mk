# On Kubernetes: images to the cluster that KUBECONFIG names, the demonstration, the suite. Included by the Makefile.

# What brings images of the local Docker engine to the cluster's nodes; it is given their names. Elsewhere for instance
# `k3d image import` or `minikube image load`, or `true` where the nodes have them or pull them.
CLUSTER_LOAD ?= kind load docker-image
# The tag of the services' images, and of their second version, which differs by its label alone.
CLUSTER_VERSION ?= dev
CLUSTER_NEXT ?= $(CLUSTER_VERSION)-next
CLUSTER_NAMESPACE ?= invoiceflow-demo
CLUSTER_SERVICES := ingest ocr extract query
CLUSTER_MONGO := $(or $(MONGO_IMAGE),mongo:8.0)
CLUSTER_OURS = $(foreach service,$(CLUSTER_SERVICES),invoiceflow/$(service):$(CLUSTER_VERSION))
CLUSTER_OURS_NEXT = $(foreach service,$(CLUSTER_SERVICES),invoiceflow/$(service):$(CLUSTER_NEXT))
# Those of others, as the charts name them.
CLUSTER_OTHERS = $(filter-out $(CLUSTER_OURS),$(shell \
	{ helm template backing deploy/k8s/invoiceflow-backing --set mongodb.image=$(CLUSTER_MONGO); \
	helm template invoiceflow deploy/k8s/invoiceflow --values deploy/k8s/invoiceflow/values-trial.yaml --set image.tag=$(CLUSTER_VERSION); } \
	| sed -n 's/^ *image: *"\{0,1\}\([^"]*\)"\{0,1\}$$/\1/p' | sort -u))
CLUSTER_ENVIRONMENT = MONGO_IMAGE=$(CLUSTER_MONGO) CLUSTER_VERSION=$(CLUSTER_VERSION) CLUSTER_NEXT=$(CLUSTER_NEXT) \
	CLUSTER_NAMESPACE=$(CLUSTER_NAMESPACE)

.PHONY: cluster-needs
cluster-needs:
	@test -n "$$KUBECONFIG" || { echo "KUBECONFIG names no cluster. It is not guessed: the default one may be production."; exit 1; }
	@for tool in kubectl helm docker; do command -v $$tool >/dev/null || { echo "There is no $$tool."; exit 1; }; done

.PHONY: cluster-images
cluster-images: cluster-needs | .env ## Build the images and bring them to the cluster (CLUSTER_LOAD="kind load docker-image")
	@INVOICEFLOW_VERSION=$(CLUSTER_VERSION) $(COMPOSE) build --quiet $(CLUSTER_SERVICES)
	@for image in $(CLUSTER_OTHERS); do \
		docker image inspect "$$image" >/dev/null 2>&1 || docker pull --quiet "$$image" >/dev/null || exit 1; \
	done
	@$(CLUSTER_LOAD) $(CLUSTER_OURS) $(CLUSTER_OTHERS)

.PHONY: cluster-demo
cluster-demo: .venv/installed cluster-images ## Install both charts on the cluster of KUBECONFIG, send the samples, list the results
	@$(CLUSTER_ENVIRONMENT) deploy/cluster-demo

.PHONY: cluster-test
cluster-test: .venv/installed cluster-images ## Install, upgrade, disturb, scale and remove it on the cluster of KUBECONFIG, with the fault suite's oracle
	@for service in $(CLUSTER_SERVICES); do \
		container=$$(docker create invoiceflow/$$service:$(CLUSTER_VERSION)) \
			&& docker commit --change 'LABEL org.opencontainers.image.version=$(CLUSTER_NEXT)' $$container invoiceflow/$$service:$(CLUSTER_NEXT) >/dev/null \
			&& docker rm $$container >/dev/null || exit 1; \
	done
	@$(CLUSTER_LOAD) $(CLUSTER_OURS_NEXT)
	@$(CLUSTER_ENVIRONMENT) INVOICEFLOW_REQUIRE_CLUSTER=1 $(BIN)/pytest tests/cluster -m cluster $(ARGS)
