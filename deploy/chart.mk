# The Helm charts without a cluster: what is made from them, and what checks them. Included by the Makefile.

CHARTS := deploy/k8s
CHART_VALUES := trial production air-gapped

.PHONY: chart-docs
chart-docs: .venv/installed ## README and schema of the charts anew, from their values.yaml
	@$(BIN)/python $(CHARTS)/describe
	@$(BIN)/python $(CHARTS)/topics

.PHONY: chart-golden
chart-golden: ## What `helm template` makes of each values file, stored for review
	@command -v helm >/dev/null || { echo "There is no helm."; exit 1; }
	@for values in $(CHART_VALUES); do \
		helm template invoiceflow $(CHARTS)/invoiceflow --namespace invoiceflow --kube-version 1.32.0 --values $(CHARTS)/invoiceflow/values-$$values.yaml \
			> $(CHARTS)/golden/$$values.yaml || exit 1; \
	done

.PHONY: chart-check
chart-check: .venv/installed ## Lint the charts, hold them to Kubernetes' schemas, to policies and to what is stored
	@INVOICEFLOW_REQUIRE_HELM=1 $(BIN)/pytest -q tests/chart $(ARGS)
