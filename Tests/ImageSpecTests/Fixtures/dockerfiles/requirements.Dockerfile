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
    --mount=type=bind,source=requirements,target=/tmp/requirements-b92f9cb53778 \
    --mount=type=cache,target=/var/cache/imagespec \
    /tmp/uv pip install --python /opt/venv/bin/python --link-mode copy --cache-dir /var/cache/imagespec/uv \
    --requirement /tmp/requirements-b92f9cb53778/requirements.txt \
    pandas
WORKDIR /root
USER flytekit
ENV _F_IMG_ID="d2f1b034dd933d00ac0ed5ae61bab16bf1805cb91b821596895a4244794f0541"
LABEL imagespec.id="d2f1b034dd933d00ac0ed5ae61bab16bf1805cb91b821596895a4244794f0541"
