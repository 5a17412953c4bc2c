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
    --mount=type=bind,source=requirements,target=/tmp/requirements-c786e3a6919a \
    --mount=type=cache,target=/var/cache/imagespec \
    UV_PROJECT_ENVIRONMENT=/opt/venv \
    /tmp/uv sync --locked --no-dev --no-install-project --inexact \
    --python /opt/venv/bin/python --project /tmp/requirements-c786e3a6919a \
    --link-mode copy --cache-dir /var/cache/imagespec/uv
WORKDIR /root
USER flytekit
ENV _F_IMG_ID="1dbd48923d02cfcbdbd14919a6c46173781324995eecf54a5bc7ee83aae62afb"
LABEL imagespec.id="1dbd48923d02cfcbdbd14919a6c46173781324995eecf54a5bc7ee83aae62afb"
