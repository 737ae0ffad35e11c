{{- define "gnserve.name" -}}
{{- .Values.fullnameOverride | default (ternary .Release.Name (printf "%s-gnserve" .Release.Name) (contains "gnserve" .Release.Name)) | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "gnserve.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "gnserve.name" .) -}}
{{- end -}}

{{- /* The path below which everything is, as config says it. */ -}}
{{- define "gnserve.path" -}}
{{- index .Values.config "server.servlet.context-path" | default (dig "server" "servlet" "context-path" "" .Values.config) -}}
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

{{- /* Where models come from: what fetches them, where they lie, and what holds them. */ -}}
{{- define "gnserve.modelInit" -}}
- name: models
  image: {{ required "models.initContainer.image: the image that has the models" .Values.models.initContainer.image }}
  command: {{- toYaml .Values.models.initContainer.command | nindent 4 }}
  securityContext: {{- include "gnserve.containerSecurity" . | nindent 4 }}
  terminationMessagePolicy: FallbackToLogsOnError
  {{- with .Values.models.initContainer.env }}
  env: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.models.initContainer.envFromSecrets }}
  envFrom: {{- range . }}
    - secretRef: {name: {{ . }}}
  {{- end }}{{ end }}
  resources:
    requests: {cpu: 100m, memory: 64Mi}
  volumeMounts:
    - {name: models, mountPath: /models}
{{- end -}}

{{- define "gnserve.modelMount" -}}
- name: models
  mountPath: /models
  readOnly: true
  {{- if eq .Values.models.source "pvc" }}{{ with .Values.models.subPath }}
  subPath: {{ . | quote }}
  {{- end }}{{ end }}
{{- end -}}

{{- define "gnserve.modelVolume" -}}
- name: models
  {{- if eq .Values.models.source "pvc" }}
  persistentVolumeClaim:
    claimName: {{ required "models.claimName: the PersistentVolumeClaim that has the models" .Values.models.claimName | quote }}
    readOnly: true
  {{- else }}
  emptyDir: {sizeLimit: {{ .Values.models.initContainer.sizeLimit }}}
  {{- end }}
{{- end -}}

{{- /* The claim of the jobs; empty if there is none. */ -}}
{{- define "gnserve.jobsClaim" -}}
{{- if .Values.jobs.enabled }}{{ with .Values.jobs.claimName }}
{{- if or (gt (int $.Values.replicaCount) 1) (ne $.Values.autoscaling.kind "off") }}
{{- fail "jobs.claimName: a claim has the jobs of one replica. Set replicaCount to 1 and autoscaling.kind to off, or leave jobs.claimName empty" }}
{{- end }}
{{- . }}
{{- end }}{{ end }}
{{- end -}}

{{- define "gnserve.resources" -}}
{{- $resources := deepCopy .Values.resources }}
{{- if .Values.gpu.enabled }}
{{- $resources = mustMergeOverwrite $resources (dict "limits" (dict "nvidia.com/gpu" .Values.gpu.count)) }}
{{- end }}
{{- toYaml $resources }}
{{- end -}}

{{- /* Where pods may run. */ -}}
{{- define "gnserve.placement" -}}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- if .Values.gpu.enabled }}{{ with .Values.gpu.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}{{ end }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{- range . }}
  - name: {{ . }}
{{- end }}{{ end }}
{{- end -}}

{{- define "gnserve.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}
