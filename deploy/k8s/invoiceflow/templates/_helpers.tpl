{{- define "invoiceflow.fullname" -}}
{{- .Values.fullnameOverride | default .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* Labels by which the pods of one service are found: (dict "root" $ "component" "ocr") */}}
{{- define "invoiceflow.selector" -}}
app.kubernetes.io/name: invoiceflow
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "invoiceflow.labels" -}}
{{ include "invoiceflow.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "invoiceflow.image" -}}
{{- $service := index .root.Values .component -}}
{{- $name := printf "%s/%s" (trimSuffix "/" .root.Values.image.repository) .component -}}
{{- if $service.image.digest -}}
{{ $name }}@{{ $service.image.digest }}
{{- else -}}
{{ $name }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "invoiceflow.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "invoiceflow.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* An environment variable that is one entry of a Secret: (list NAME secret key) */}}
{{- define "invoiceflow.fromSecret" -}}
- name: {{ index . 0 }}
  valueFrom: {secretKeyRef: {name: {{ index . 1 }}, key: {{ index . 2 }}}}
{{- end -}}

{{- define "invoiceflow.kafkaEnv" -}}
{{- $secret := .secret | default .root.Values.kafka.sasl.existingSecret -}}
{{- with .root.Values.kafka -}}
- name: INVOICEFLOW_KAFKA_BOOTSTRAP_SERVERS
  value: {{ required "kafka.bootstrapServers is needed: comma-separated host:port pairs." .bootstrapServers | quote }}
{{- if .tls }}
- name: INVOICEFLOW_KAFKA_TLS
  value: "true"
{{- end }}
{{- if or .ca.secret .ca.configMap }}
- name: INVOICEFLOW_KAFKA_CA_FILE
  value: /etc/invoiceflow/kafka/ca.crt
{{- end }}
{{- if .sasl.mechanism }}
{{- if not $secret }}{{ fail "kafka.sasl.mechanism is set, so kafka.sasl.existingSecret (or kafkaSecret of each service) has to name the Secret with user name and password." }}{{ end }}
- name: INVOICEFLOW_KAFKA_SASL_MECHANISM
  value: {{ .sasl.mechanism }}
{{ include "invoiceflow.fromSecret" (list "INVOICEFLOW_KAFKA_USERNAME" $secret .sasl.usernameKey) }}
{{ include "invoiceflow.fromSecret" (list "INVOICEFLOW_KAFKA_PASSWORD" $secret .sasl.passwordKey) }}
{{- end }}
{{- end -}}
{{- end -}}

{{- define "invoiceflow.objectsEnv" -}}
{{- $secret := .secret | default .root.Values.objects.existingSecret -}}
{{- with .root.Values.objects -}}
- name: INVOICEFLOW_OBJECTS_ENDPOINT
  value: {{ required "objects.endpoint is needed: host and port of the object store." .endpoint | quote }}
- name: INVOICEFLOW_OBJECTS_SECURE
  value: {{ .secure | quote }}
{{- if .region }}
- name: INVOICEFLOW_OBJECTS_REGION
  value: {{ .region | quote }}
{{- end }}
{{- if or .ca.secret .ca.configMap }}
- name: INVOICEFLOW_OBJECTS_CA_FILE
  value: /etc/invoiceflow/objects/ca.crt
{{- end }}
{{ include "invoiceflow.fromSecret" (list "INVOICEFLOW_OBJECTS_ACCESS_KEY" (required "objects.existingSecret is needed: the Secret with the object store's credentials." $secret) .accessKeyKey) }}
{{ include "invoiceflow.fromSecret" (list "INVOICEFLOW_OBJECTS_SECRET_KEY" $secret .secretKeyKey) }}
{{- end -}}
{{- end -}}

{{- define "invoiceflow.mongodbEnv" -}}
{{- with .root.Values.mongodb -}}
{{ include "invoiceflow.fromSecret" (list "INVOICEFLOW_QUERY_MONGODB_URI" (required "mongodb.existingSecret is needed: the Secret with the address of MongoDB." .existingSecret) .uriKey) }}
- name: INVOICEFLOW_QUERY_MONGODB_DATABASE
  value: {{ .database | quote }}
{{- end -}}
{{- end -}}

{{- define "invoiceflow.llmEnv" -}}
{{- with .root.Values.llm -}}
- name: INVOICEFLOW_EXTRACT_LLM_MODEL
  value: {{ required "llm.model is needed with llm.enabled." .model | quote }}
- name: INVOICEFLOW_EXTRACT_LLM_BASE_URL
  value: {{ .baseUrl | quote }}
{{- if .existingSecret }}
{{ include "invoiceflow.fromSecret" (list "INVOICEFLOW_EXTRACT_LLM_API_KEY" .existingSecret .apiKeyKey) }}
{{- end }}
{{- if or .ca.secret .ca.configMap }}
- name: INVOICEFLOW_EXTRACT_LLM_CA_FILE
  value: /etc/invoiceflow/llm/ca.crt
{{- end }}
{{- end -}}
{{- end -}}

{{/* Which backing services have a private CA that a component needs, as a list of names. */}}
{{- define "invoiceflow.cas" -}}
{{- $root := .root -}}{{- $found := list -}}
{{- range .of -}}
{{- $ca := (index $root.Values .).ca -}}
{{- if or $ca.secret $ca.configMap -}}{{- $found = append $found . -}}{{- end -}}
{{- end -}}
{{- join "," $found -}}
{{- end -}}

{{- define "invoiceflow.caMounts" -}}
{{- range compact (splitList "," (include "invoiceflow.cas" .)) }}
- {name: ca-{{ . }}, mountPath: /etc/invoiceflow/{{ . }}, readOnly: true}
{{- end }}
{{- end -}}

{{- define "invoiceflow.caVolumes" -}}
{{- $root := .root -}}
{{- range compact (splitList "," (include "invoiceflow.cas" .)) }}
{{- $ca := (index $root.Values .).ca }}
- name: ca-{{ . }}
{{- if $ca.secret }}
  secret: {secretName: {{ $ca.secret }}, items: [{key: {{ $ca.key }}, path: ca.crt}]}
{{- else }}
  configMap: {name: {{ $ca.configMap }}, items: [{key: {{ $ca.key }}, path: ca.crt}]}
{{- end }}
{{- end }}
{{- end -}}

{{/* Which backing services a service speaks to. */}}
{{- define "invoiceflow.needs" -}}
kafka,objects
{{- if eq .component "query" }},mongodb{{ end -}}
{{- if and (eq .component "extract") .root.Values.llm.enabled }},llm{{ end -}}
{{- end -}}

{{- define "invoiceflow.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "invoiceflow.front" -}}
{{- if or .Values.gateway.enabled .Values.ingress.enabled -}}gateway{{- end -}}
{{- end -}}
