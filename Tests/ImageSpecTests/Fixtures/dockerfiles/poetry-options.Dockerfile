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
ENV PATH="/opt/venv/bin:$PATH:/usr/local/nvidia/bin:/usr/local/cuda/bin"
ENV LD_LIBRARY_PATH="/usr/local/nvidia/lib64${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
RUN --mount=type=bind,from=ghcr.io/astral-sh/uv:0.13.9,source=/uv,target=/tmp/uv \
    --mount=type=bind,source=requirements,target=/tmp/requirements-c78c436b5c69 \
    --mount=type=cache,target=/var/cache/imagespec \
    unset PYTHONPATH $(env | grep -oE '^(UV|PIP|POETRY)_[A-Za-z0-9_]+') && \
    VIRTUAL_ENV=/opt/venv POETRY_CACHE_DIR=/var/cache/imagespec/poetry \
    /tmp/uv tool run --python /opt/venv/bin/python --link-mode copy --cache-dir /var/cache/imagespec/uv \
    --index-url https://pypi.acme.example/simple \
    --from poetry==2.2.1 \
    poetry install --no-interaction --no-root --directory /tmp/requirements-c78c436b5c69 \
    --only \
    main \
    -vv && \
    { /opt/venv/bin/python -m compileall -qq -j 0 --invalidation-mode checked-hash \
    /opt/venv/lib || true; }
RUN mkdir -p /etc/profile.d && \
    printf "export PATH='%s'\n" "$PATH" > /etc/profile.d/zz-imagespec.sh
WORKDIR /root
ENV PYTHONPATH=/root
USER flytekit
ENV _F_IMG_ID="0ebd7da77fe1781159000ea5700bee530453f7d0ef7be2444bcd932e3a0a4619"
LABEL imagespec.id="0ebd7da77fe1781159000ea5700bee530453f7d0ef7be2444bcd932e3a0a4619"
