FROM pytorch/pytorch:2.4.0-cuda12.4-cudnn9-runtime
USER root
RUN id -u flytekit >/dev/null 2>&1 || useradd --create-home --shell /bin/sh flytekit || adduser -D flytekit && \
    mkdir -p /root && \
    chown -R flytekit /root
RUN --mount=type=bind,from=ghcr.io/astral-sh/uv:0.9.5,source=/uv,target=/tmp/uv \
    [ -x /opt/venv/bin/python ] || \
    if [ -n "${VIRTUAL_ENV:-}" ]; then ln -s "$VIRTUAL_ENV" /opt/venv; else \
    python="$(command -v python3)" \
    || { echo 'the base image has no python3; set python_version' >&2; exit 1; }; \
    /tmp/uv venv --no-cache --system-site-packages --python "$python" /opt/venv; fi
ENV VIRTUAL_ENV=/opt/venv
ENV PATH="/opt/venv/bin:$PATH"
RUN --mount=type=bind,from=ghcr.io/astral-sh/uv:0.9.5,source=/uv,target=/tmp/uv \
    --mount=type=cache,target=/var/cache/imagespec \
    /tmp/uv pip install --python /opt/venv/bin/python --link-mode copy --cache-dir /var/cache/imagespec/uv \
    numpy
WORKDIR /root
USER flytekit
ENV _F_IMG_ID="5d7471dee28500751d4291a7698cb7524fcd4510c224fa011c68181f9f51b82e"
LABEL imagespec.id="5d7471dee28500751d4291a7698cb7524fcd4510c224fa011c68181f9f51b82e"
