{{/*
Labels that select hello's pods whoever runs them. Flagger gives the pods of the primary the value
"<name>-primary" for app.kubernetes.io/name and copies every other label, so what must hold for canary and
primary alike (budget, network policy, scraping) selects by instance.
*/}}
{{- define "hello.selector" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/*
No helm.sh/chart, no version: in a pod template they would start a canary whenever the chart's number changes.
*/}}
{{- define "hello.labels" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/name: {{ .Release.Name }}
{{- end }}
