FROM python:3.12-slim-bookworm
USER root
RUN PATH="/usr/sbin:/usr/bin:/sbin:/bin:$PATH" && \
    { id -u flytekit >/dev/null 2>&1 || useradd --create-home --shell /bin/sh flytekit || adduser -D flytekit; } && \
    mkdir -p /root && \
    chown -R flytekit /root
RUN --mount=type=bind,from=ghcr.io/astral-sh/uv:0.13.9,source=/uv,target=/tmp/uv \
    unset PYTHONPATH $(env | grep -oE '^UV_[A-Za-z0-9_]+') && \
    /tmp/uv venv --no-cache --system-site-packages --python /usr/local/bin/python3 /opt/venv && \
    { /usr/local/bin/python3 -m compileall -qq -j 0 --invalidation-mode checked-hash \
    -x /site-packages/ /usr/local/lib/python3.12 || true; }
ENV VIRTUAL_ENV=/opt/venv
ENV LD_LIBRARY_PATH="/srv/lib"
ENV PATH="/srv/bin:/opt/venv/bin:/usr/local/bin:/usr/bin:/bin"
ENV PYTHONPATH="/srv/code"
RUN --mount=type=bind,from=ghcr.io/astral-sh/uv:0.13.9,source=/uv,target=/tmp/uv \
    --mount=type=cache,target=/var/cache/imagespec \
    unset PYTHONPATH $(env | grep -oE '^(UV|PIP)_[A-Za-z0-9_]+') && \
    PYC_INVALIDATION_MODE=CHECKED_HASH \
    /tmp/uv pip install --python /opt/venv/bin/python \
    --compile-bytecode --link-mode copy --cache-dir /var/cache/imagespec/uv \
    numpy
RUN mkdir -p /etc/profile.d && \
    printf "export PATH='%s'\n" "$PATH" > /etc/profile.d/zz-imagespec.sh
WORKDIR /root
USER flytekit
ENV _F_IMG_ID="1dc5dae8a766362512c8817b356cff7b34bff25e9eabc90744affb6c5e384e94"
LABEL imagespec.id="1dc5dae8a766362512c8817b356cff7b34bff25e9eabc90744affb6c5e384e94"
