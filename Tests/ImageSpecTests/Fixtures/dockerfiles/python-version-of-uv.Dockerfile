FROM debian:bookworm-slim
USER root
RUN PATH="/usr/sbin:/usr/bin:/sbin:/bin:$PATH" && \
    { id -u flytekit >/dev/null 2>&1 || useradd --create-home --shell /bin/sh flytekit || adduser -D flytekit; } && \
    mkdir -p /root && \
    chown -R flytekit /root
RUN --mount=type=bind,from=ghcr.io/astral-sh/uv:0.13.9,source=/uv,target=/tmp/uv \
    unset PYTHONPATH $(env | grep -oE '^UV_[A-Za-z0-9_]+') && \
    UV_PYTHON_INSTALL_DIR=/opt/python \
    /tmp/uv venv --no-cache --system-site-packages --python 3.9.6 /opt/venv && \
    { /opt/venv/bin/python -m compileall -qq -j 0 --invalidation-mode checked-hash \
    -x '/(site-packages|dist-packages|tests?)/' "$(/opt/venv/bin/python -c 'import os; print(os.path.dirname(os.__file__))')" || true; }
ENV VIRTUAL_ENV=/opt/venv
ENV PATH="/opt/venv/bin:$PATH:/usr/local/nvidia/bin:/usr/local/cuda/bin"
ENV LD_LIBRARY_PATH="/usr/local/nvidia/lib64${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
RUN --mount=type=bind,from=ghcr.io/astral-sh/uv:0.13.9,source=/uv,target=/tmp/uv \
    --mount=type=cache,target=/var/cache/imagespec \
    unset PYTHONPATH $(env | grep -oE '^(UV|PIP)_[A-Za-z0-9_]+') && \
    PYC_INVALIDATION_MODE=CHECKED_HASH \
    /tmp/uv pip install --python /opt/venv/bin/python \
    --compile-bytecode --link-mode copy --cache-dir /var/cache/imagespec/uv \
    six
RUN mkdir -p /etc/profile.d && \
    printf "export PATH='%s'\n" "$PATH" > /etc/profile.d/zz-imagespec.sh
WORKDIR /root
ENV PYTHONPATH=/root
USER flytekit
ENV _F_IMG_ID="430bb550de69c746292b9171f1c196f24501692595c335e3245e2b2a78df18ed"
LABEL imagespec.id="430bb550de69c746292b9171f1c196f24501692595c335e3245e2b2a78df18ed"
