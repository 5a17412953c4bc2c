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
    --mount=type=bind,source=requirements,target=/tmp/requirements-c78c436b5c69 \
    --mount=type=cache,target=/var/cache/imagespec \
    VIRTUAL_ENV=/opt/venv POETRY_CACHE_DIR=/var/cache/imagespec/poetry \
    /tmp/uv tool run --python /opt/venv/bin/python --link-mode copy --cache-dir /var/cache/imagespec/uv \
    --from poetry==2.1.4 \
    poetry install --no-interaction --no-root --only main --project /tmp/requirements-c78c436b5c69
WORKDIR /root
USER flytekit
ENV _F_IMG_ID="201fb9a4989f2ae97c9d8aafc051e8e85f978b14118c68cc555e5630dd4bdd54"
LABEL imagespec.id="201fb9a4989f2ae97c9d8aafc051e8e85f978b14118c68cc555e5630dd4bdd54"
