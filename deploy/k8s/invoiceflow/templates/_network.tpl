{{/* Egress rules to the named backing services and to DNS: (dict "root" $ "needs" (list "kafka")) */}}
{{- define "invoiceflow.egress" -}}
{{- $root := .root -}}
- ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
  {{- with $root.Values.networkPolicy.dns.to }}
  to: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- range .needs }}
{{- $peer := index $root.Values.networkPolicy . }}
{{- if not $peer.to }}{{ fail (printf "networkPolicy.%s.to is needed: where %s is, as a NetworkPolicy writes it ([{podSelector: ...}], [{ipBlock: {cidr: ...}}]). Or turn off networkPolicy.enabled." . .) }}{{ end }}
- ports:
  {{- range $peer.ports }}
    - {port: {{ . }}, protocol: TCP}
  {{- end }}
  to: {{- toYaml $peer.to | nindent 4 }}
{{- end }}
{{- end -}}
