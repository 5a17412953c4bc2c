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
    --index-url 'https://pypi.acme.example/simple?a=b&c' \
    --extra-index-url https://download.pytorch.org/whl/cu124 \
    --extra-index-url https://pypi.org/simple \
    --pre \
    --config-setting \
    'build=a b' \
    private-package
WORKDIR /root
USER flytekit
ENV _F_IMG_ID="7dfa5ed7f7a5fd7cc6fe1ac263ecd46377dbff0dab004834479739c75b8cf3bd"
LABEL imagespec.id="7dfa5ed7f7a5fd7cc6fe1ac263ecd46377dbff0dab004834479739c75b8cf3bd"
