FROM debian:bookworm-slim
USER root
RUN PATH="/usr/sbin:/usr/bin:/sbin:/bin:$PATH" && \
    { id -u flytekit >/dev/null 2>&1 || useradd --create-home --shell /bin/sh flytekit || adduser -D flytekit; } && \
    mkdir -p /root && \
    chown -R flytekit /root
RUN --mount=type=bind,from=mambaorg/micromamba:2.6.1-debian12-slim,source=/usr/bin/micromamba,target=/tmp/micromamba \
    --mount=type=bind,from=mambaorg/micromamba:2.6.1-debian12-slim,source=/etc/ssl/certs/ca-certificates.crt,target=/tmp/ca-certificates.crt \
    unset PYTHONPATH $(env | grep -oE '^(MAMBA|CONDA)_[A-Za-z0-9_]+' | grep -v '^CONDA_OVERRIDE_') && \
    { [ -e /etc/ssl/certs/ca-certificates.crt ] || export MAMBA_SSL_VERIFY=/tmp/ca-certificates.crt; } && \
    { action=create; [ ! -d /opt/micromamba/envs/runtime/conda-meta ] || action=install; } && \
    /tmp/micromamba "$action" --yes --root-prefix /opt/micromamba --prefix /opt/micromamba/envs/runtime \
    --channel conda-forge \
    --channel pytorch \
    --channel nvidia \
    python=3.12 \
    numpy \
    pytorch=2.4 && \
    rm -rf /opt/micromamba/pkgs
ENV CONDA_PREFIX=/opt/micromamba/envs/runtime
ENV PATH="/opt/micromamba/envs/runtime/bin:$PATH:/usr/local/nvidia/bin:/usr/local/cuda/bin"
ENV LD_LIBRARY_PATH="/usr/local/nvidia/lib64${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
RUN --mount=type=bind,from=ghcr.io/astral-sh/uv:0.13.9,source=/uv,target=/tmp/uv \
    --mount=type=cache,target=/var/cache/imagespec \
    unset PYTHONPATH $(env | grep -oE '^(UV|PIP)_[A-Za-z0-9_]+') && \
    PYC_INVALIDATION_MODE=CHECKED_HASH \
    /tmp/uv pip install --python /opt/micromamba/envs/runtime/bin/python \
    --compile-bytecode --link-mode copy --cache-dir /var/cache/imagespec/uv \
    flytekit
RUN mkdir -p /etc/profile.d && \
    printf "export PATH='%s'\n" "$PATH" > /etc/profile.d/zz-imagespec.sh
WORKDIR /root
ENV PYTHONPATH=/root
USER flytekit
ENV _F_IMG_ID="eb000c8f28fccbe5865fa2eb825931b09f4d14f408817cc8e8b799a729256d28"
LABEL imagespec.id="eb000c8f28fccbe5865fa2eb825931b09f4d14f408817cc8e8b799a729256d28"
