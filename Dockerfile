# gnserve as an image that starts without writing and without a network. Two targets of one program:
#
#   docker build -t gnserve .                        processors, linux/amd64 and linux/arm64 (the default)
#   docker build -t gnserve:gpu --target gpu .       NVIDIA GPUs, linux/amd64
#
# The bases are arguments, so that a mirror or a pinned digest can take their place. No musl: libtorch needs glibc.
ARG JDK_IMAGE=docker.io/library/eclipse-temurin:25-jdk
ARG BASE_IMAGE=docker.io/library/debian:13-slim
ARG GPU_BASE_IMAGE=docker.io/pytorch/pytorch:2.7.1-cuda12.8-cudnn9-runtime


# The jar, once, on the builder's own processor; only the native libraries in it are the target's.
FROM --platform=${BUILDPLATFORM:-linux/amd64} ${JDK_IMAGE} AS build
# Without a default, which would win over what BuildKit sets.
ARG TARGETARCH
WORKDIR /src
COPY .mvn .mvn
COPY mvnw pom.xml ./
COPY src src
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
RUN --mount=type=cache,target=/root/.m2 \
    case "$TARGETARCH" in amd64) native=linux-x86_64 ;; arm64) native=linux-aarch64 ;; *) echo "no libtorch for $TARGETARCH"; exit 1 ;; esac; \
    ./mvnw --batch-mode --no-transfer-progress --quiet package -Dmaven.test.skip=true -Dspotless.check.skip=true -Dnative.classifier=$native
# Layers: libraries change seldom, the application often.
RUN java -Djarmode=tools -jar target/gnserve.jar extract --layers --destination /layers
# The libraries that DJL and JNA would otherwise unpack into a home directory and into /tmp at every start. DJL looks for
# its JNI library beside libtorch first; the jar that libtorch came in is then not needed.
RUN case "$TARGETARCH" in amd64) djl=linux-x86_64 jna=linux-x86-64 ;; arm64) djl=linux-aarch64 jna=linux-aarch64 ;; esac; \
    lib=/layers/dependencies/lib; mkdir -p /native/libtorch /native/gpu /native/jna /unpacked; cd /unpacked; \
    for jar in $lib/pytorch-native-cpu-*.jar $lib/pytorch-jni-*.jar $lib/jna-[0-9]*.jar; do jar -xf "$jar"; done; \
    mv pytorch/cpu/$djl/* jnilib/$djl/cpu/libdjl_torch.so /native/libtorch; \
    if [ -e jnilib/$djl/cu128 ]; then mv jnilib/$djl/cu128/libdjl_torch.so /native/gpu; fi; \
    mv com/sun/jna/$jna/libjnidispatch.so /native/jna; \
    chmod -R a+rX /native; rm $lib/pytorch-native-cpu-*.jar


# A Java runtime of the modules that a server needs, the Vector API among them.
FROM ${JDK_IMAGE} AS java
RUN jlink --output /opt/java --no-header-files --no-man-pages --include-locales=en \
    --add-modules java.se,jdk.unsupported,jdk.incubator.vector,jdk.zipfs,jdk.jfr,jdk.jcmd,jdk.management,jdk.naming.dns,jdk.crypto.ec,jdk.localedata


FROM ${GPU_BASE_IMAGE} AS gpu
# The allocator of native memory: large tensors cost page faults with others, or stay resident.
RUN apt-get update && apt-get install --yes --no-install-recommends libtcmalloc-minimal4 && rm -rf /var/lib/apt/lists/*
# libtorch and CUDA come from the base; the build stops here when another base keeps them elsewhere.
ENV PYTORCH_LIBRARY_PATH=/opt/conda/lib/python3.11/site-packages/torch/lib \
    PYTORCH_FLAVOR=cu128 \
    GNSERVE_DEVICE=gpu
COPY --from=build /native/gpu/ ${PYTORCH_LIBRARY_PATH}/
RUN ls ${PYTORCH_LIBRARY_PATH}/libtorch_cuda.so ${PYTORCH_LIBRARY_PATH}/libdjl_torch.so
COPY --from=java /opt/java /opt/java
COPY --from=build /native/jna /opt/jna
COPY --from=build /layers/dependencies/ /app/
COPY --from=build /layers/spring-boot-loader/ /app/
COPY --from=build /layers/snapshot-dependencies/ /app/
COPY --from=build /layers/application/ /app/
COPY src/main/container/ /opt/gnserve/
ENV PYTORCH_VERSION=2.7.1 DJL_OFFLINE=true OPT_OUT_TRACKING=true \
    GNSERVE_MODELSDIR=/models SERVER_PORT=8080 LANG=C.UTF-8 \
    LD_PRELOAD=libtcmalloc_minimal.so.4
WORKDIR /app
RUN mkdir /models
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=180s --retries=3 CMD ["/opt/gnserve/healthcheck"]
ENTRYPOINT ["/opt/gnserve/gnserve"]
ARG VERSION=unknown REVISION=unknown
LABEL org.opencontainers.image.title="gnserve (GPU)" \
      org.opencontainers.image.description="Serves Group-Normalization vision models over HTTP and proves their numerics" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"


FROM ${BASE_IMAGE} AS cpu
# The allocator of native memory: large tensors cost page faults with others, or stay resident.
RUN apt-get update && apt-get install --yes --no-install-recommends libtcmalloc-minimal4 && rm -rf /var/lib/apt/lists/*
ENV PYTORCH_LIBRARY_PATH=/opt/libtorch \
    PYTORCH_FLAVOR=cpu \
    GNSERVE_DEVICE=cpu
COPY --from=build /native/libtorch /opt/libtorch
COPY --from=java /opt/java /opt/java
COPY --from=build /native/jna /opt/jna
COPY --from=build /layers/dependencies/ /app/
COPY --from=build /layers/spring-boot-loader/ /app/
COPY --from=build /layers/snapshot-dependencies/ /app/
COPY --from=build /layers/application/ /app/
COPY src/main/container/ /opt/gnserve/
ENV PYTORCH_VERSION=2.7.1 DJL_OFFLINE=true OPT_OUT_TRACKING=true \
    GNSERVE_MODELSDIR=/models SERVER_PORT=8080 LANG=C.UTF-8 \
    LD_PRELOAD=libtcmalloc_minimal.so.4
WORKDIR /app
# The folder of models is there also when nothing is mounted on it.
# One start until the models are warm: proves that the image serves, and leaves the ahead-of-time cache behind.
RUN mkdir /models && /opt/gnserve/train-aot-cache
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=180s --retries=3 CMD ["/opt/gnserve/healthcheck"]
ENTRYPOINT ["/opt/gnserve/gnserve"]
ARG VERSION=unknown REVISION=unknown
LABEL org.opencontainers.image.title="gnserve" \
      org.opencontainers.image.description="Serves Group-Normalization vision models over HTTP and proves their numerics" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
