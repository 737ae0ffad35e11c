{{- define "gnserve.name" -}}
{{- .Values.fullnameOverride | default (ternary .Release.Name (printf "%s-gnserve" .Release.Name) (contains "gnserve" .Release.Name)) | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "gnserve.selector" -}}
app.kubernetes.io/name: gnserve
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "gnserve.labels" -}}
{{ include "gnserve.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- define "gnserve.image" -}}
{{- with .Values.image }}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end -}}

{{- /* No rights, no writes: of every container of the pod. */ -}}
{{- define "gnserve.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "gnserve.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}
