FROM acme/base:1
USER root
RUN id -u flytekit >/dev/null 2>&1 || useradd --create-home --shell /bin/sh flytekit || adduser -D flytekit && \
    mkdir -p /root && \
    chown -R flytekit /root
RUN --mount=type=bind,from=ghcr.io/astral-sh/uv:0.9.5,source=/uv,target=/tmp/uv \
    rm -rf /opt/venv && \
    /tmp/uv venv --no-cache --system-site-packages --python /usr/bin/python3.11 /opt/venv
ENV VIRTUAL_ENV=/opt/venv
ENV PATH="/opt/venv/bin:$PATH"
RUN --mount=type=bind,from=ghcr.io/astral-sh/uv:0.9.5,source=/uv,target=/tmp/uv \
    --mount=type=cache,target=/var/cache/imagespec \
    /tmp/uv pip install --python /opt/venv/bin/python --link-mode copy --cache-dir /var/cache/imagespec/uv \
    numpy
WORKDIR /root
USER flytekit
ENV _F_IMG_ID="e57e90329677050819f3d1e798a14d22e75573d879ee498a1490ab9cb6403103"
LABEL imagespec.id="e57e90329677050819f3d1e798a14d22e75573d879ee498a1490ab9cb6403103"
