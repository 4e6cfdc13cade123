{{- /* A cluster has one Ebbtide, so its names are fixed: Helm refuses a second release. */}}
{{- define "ebbtide.labels" -}}
app.kubernetes.io/name: ebbtide
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "ebbtide.subjects" -}}
- kind: ServiceAccount
  name: ebbtide
  namespace: {{ .Release.Namespace }}
{{- end }}
