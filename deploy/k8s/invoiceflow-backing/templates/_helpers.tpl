{{- define "backing.fullname" -}}
{{- .Values.fullnameOverride | default .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "backing.selector" -}}
app.kubernetes.io/name: invoiceflow-backing
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "backing.labels" -}}
{{ include "backing.selector" . }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end -}}

{{/* What is kept under this key of the Secret, or else a random one: (dict "root" $ "secret" name "key" key "length" 40) */}}
{{- define "backing.kept" -}}
{{- $there := lookup "v1" "Secret" .root.Release.Namespace .secret -}}
{{- $kept := dig "data" .key "" ($there | default dict) -}}
{{- if $kept -}}{{ b64dec $kept }}{{- else -}}{{ randAlphaNum .length }}{{- end -}}
{{- end -}}
