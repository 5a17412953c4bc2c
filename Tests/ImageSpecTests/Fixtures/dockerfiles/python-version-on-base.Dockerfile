FROM ubuntu:24.04
USER root
RUN id -u flytekit >/dev/null 2>&1 || useradd --create-home --shell /bin/sh flytekit || adduser -D flytekit && \
    mkdir -p /root && \
    chown -R flytekit /root
RUN --mount=type=bind,from=ghcr.io/astral-sh/uv:0.9.5,source=/uv,target=/tmp/uv \
    case "$(/opt/venv/bin/python --version 2>&1)" in "Python 3.12"|"Python 3.12."*) ;; \
    *) rm -rf /opt/venv && UV_PYTHON_INSTALL_DIR=/opt/python \
    /tmp/uv venv --no-cache --system-site-packages --python 3.12 /opt/venv ;; esac
ENV VIRTUAL_ENV=/opt/venv
ENV PATH="/opt/venv/bin:$PATH"
RUN --mount=type=bind,from=ghcr.io/astral-sh/uv:0.9.5,source=/uv,target=/tmp/uv \
    --mount=type=cache,target=/var/cache/imagespec \
    /tmp/uv pip install --python /opt/venv/bin/python --link-mode copy --cache-dir /var/cache/imagespec/uv \
    numpy
WORKDIR /root
USER flytekit
ENV _F_IMG_ID="149af4121a8b1a99fc62e671d26553bc102515505bf31956e4b5b23cfe7c2d14"
LABEL imagespec.id="149af4121a8b1a99fc62e671d26553bc102515505bf31956e4b5b23cfe7c2d14"
