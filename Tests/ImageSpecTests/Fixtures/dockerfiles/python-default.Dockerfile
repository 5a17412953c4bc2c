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
    --mount=type=cache,target=/var/cache/imagespec \
    /tmp/uv pip install --python /opt/venv/bin/python --link-mode copy --cache-dir /var/cache/imagespec/uv \
    numpy==2.1.3 \
    'pandas>=2,<3'
WORKDIR /root
USER flytekit
ENV _F_IMG_ID="a61aa04bfc13d7f85c33135e93de459062c594334d093d65b876cf2c1a4e3ac7"
LABEL imagespec.id="a61aa04bfc13d7f85c33135e93de459062c594334d093d65b876cf2c1a4e3ac7"
