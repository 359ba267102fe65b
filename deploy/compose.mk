# The real stack in containers: Kafka, MinIO, MongoDB, the four services and the gateway. Included by the Makefile.

COMPOSE ?= docker compose

.env:
	@deploy/make-env

.PHONY: up
up: | .env ## Build and start the whole stack in containers, and say where it is reached (needs Docker)
	@$(COMPOSE) up --detach --build --wait --remove-orphans
	@echo
	@echo "Invoiceflow is at http://$$($(COMPOSE) port gateway 8080)  (its API: /docs; the key: INVOICEFLOW_API_KEY in .env)"

.PHONY: down
down: ## Stop the stack; its data stay
	@$(COMPOSE) down --remove-orphans

.PHONY: nuke
nuke: ## Stop the stack and delete its data
	@$(COMPOSE) down --remove-orphans --volumes

.PHONY: logs
logs: ## Follow what the stack says (SERVICE=ocr for one of it)
	@$(COMPOSE) logs --follow --tail 100 $(SERVICE)

.PHONY: ps
ps: ## What runs of the stack, and whether it is healthy
	@$(COMPOSE) ps --all

.PHONY: rebuild
rebuild: ## Make the read model anew while the stack runs (FROM=stored or FROM=topics for less than both)
	@$(COMPOSE) run --rm rebuild rebuild $(if $(FROM),--from $(FROM))

.PHONY: scale
scale: ## Run more of a service side by side: make scale ocr=3
	@$(COMPOSE) scale $(foreach service,ingest ocr extract query,$(if $($(service)),$(service)=$($(service))))
