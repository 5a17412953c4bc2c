FROM ghcr.io/acme/base:26ddf8383d73-base
USER root
RUN PATH="/usr/sbin:/usr/bin:/sbin:/bin:$PATH" && \
    { id -u flytekit >/dev/null 2>&1 || useradd --create-home --shell /bin/sh flytekit || adduser -D flytekit; } && \
    mkdir -p /root && \
    chown -R flytekit /root
RUN --mount=type=bind,from=ghcr.io/astral-sh/uv:0.13.9,source=/uv,target=/tmp/uv \
    unset PYTHONPATH $(env | grep -oE '^UV_[A-Za-z0-9_]+') && \
    { [ -x /opt/venv/bin/python ] || \
    if [ -n "${VIRTUAL_ENV:-}" ]; then ln -s "$VIRTUAL_ENV" /opt/venv; else \
    python="$(command -v python3)" \
    || { echo 'the base image has no python3; set python_version' >&2; exit 1; }; \
    /tmp/uv venv --no-cache --system-site-packages --python "$python" /opt/venv; fi; } && \
    { /opt/venv/bin/python -m compileall -qq -j 0 --invalidation-mode checked-hash \
    -x '/(site-packages|dist-packages|tests?)/' "$(/opt/venv/bin/python -c 'import os; print(os.path.dirname(os.__file__))')" || true; }
ENV VIRTUAL_ENV=/opt/venv
ENV PATH="/opt/venv/bin:$PATH"
RUN --mount=type=bind,from=ghcr.io/astral-sh/uv:0.13.9,source=/uv,target=/tmp/uv \
    --mount=type=cache,target=/var/cache/imagespec \
    unset PYTHONPATH $(env | grep -oE '^(UV|PIP)_[A-Za-z0-9_]+') && \
    PYC_INVALIDATION_MODE=CHECKED_HASH \
    /tmp/uv pip install --python /opt/venv/bin/python \
    --compile-bytecode --link-mode copy --cache-dir /var/cache/imagespec/uv \
    pandas
RUN mkdir -p /etc/profile.d && \
    printf "export PATH='%s'\n" "$PATH" > /etc/profile.d/zz-imagespec.sh
WORKDIR /root
ENV PYTHONPATH=/root
USER flytekit
ENV _F_IMG_ID="0977a16a30c2cacddcf7e8586d74120532595cd25f7abbdf855612944cea6252"
LABEL imagespec.id="0977a16a30c2cacddcf7e8586d74120532595cd25f7abbdf855612944cea6252"
