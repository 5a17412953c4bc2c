FROM python:3.12-slim-bookworm
USER root
RUN id -u flytekit >/dev/null 2>&1 || useradd --create-home --shell /bin/sh flytekit || adduser -D flytekit && \
    mkdir -p /root && \
    chown -R flytekit /root
RUN --mount=type=bind,from=ghcr.io/astral-sh/uv:0.9.5,source=/uv,target=/tmp/uv \
    /tmp/uv venv --no-cache --system-site-packages --python /usr/local/bin/python3 /opt/venv
ENV VIRTUAL_ENV=/opt/venv
ENV PATH="/opt/venv/bin:$PATH"
RUN --mount=type=bind,from=ghcr.io/astral-sh/uv:0.9.5,source=/uv,target=/tmp/uv \
    --mount=type=secret,id=secret_0,target=/root/.netrc,required=true \
    --mount=type=secret,id=secret_1,target=/etc/ssl/certs/ca-certificates.crt,required=true \
    --mount=type=cache,target=/var/cache/imagespec \
    /tmp/uv pip install --python /opt/venv/bin/python --link-mode copy --cache-dir /var/cache/imagespec/uv \
    private-package
WORKDIR /root
USER flytekit
ENV _F_IMG_ID="98647f311ee84896eca0ed373144c155285aa90453aa9af24e1cce5cf3eab68e"
LABEL imagespec.id="98647f311ee84896eca0ed373144c155285aa90453aa9af24e1cce5cf3eab68e"
