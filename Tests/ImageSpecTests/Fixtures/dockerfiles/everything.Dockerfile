FROM debian:bookworm
USER root
RUN PATH="/usr/sbin:/usr/bin:/sbin:/bin:$PATH" && \
    { id -u flytekit >/dev/null 2>&1 || useradd --create-home --shell /bin/sh flytekit || adduser -D flytekit; } && \
    mkdir -p /root && \
    chown -R flytekit /root
RUN apt-get update && \
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
    git && \
    rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/apt/archives/*.deb \
    /var/cache/ldconfig/aux-cache /var/log/apt/* /var/log/dpkg.log /var/log/alternatives.log
RUN --mount=type=bind,from=acme/micromamba:1,source=/usr/bin/micromamba,target=/tmp/micromamba \
    --mount=type=bind,from=acme/micromamba:1,source=/etc/ssl/certs/ca-certificates.crt,target=/tmp/ca-certificates.crt \
    unset PYTHONPATH $(env | grep -oE '^(MAMBA|CONDA)_[A-Za-z0-9_]+' | grep -v '^CONDA_OVERRIDE_') && \
    { [ -e /etc/ssl/certs/ca-certificates.crt ] || export MAMBA_SSL_VERIFY=/tmp/ca-certificates.crt; } && \
    { action=create; [ ! -d /opt/micromamba/envs/runtime/conda-meta ] || action=install; } && \
    /tmp/micromamba "$action" --yes --root-prefix /opt/micromamba --prefix /opt/micromamba/envs/runtime \
    --channel conda-forge \
    --channel nvidia \
    python=3.12 \
    gdal && \
    rm -rf /opt/micromamba/pkgs
ENV CONDA_PREFIX=/opt/micromamba/envs/runtime
ENV PATH="/opt/micromamba/envs/runtime/bin:$PATH:/usr/local/nvidia/bin:/usr/local/cuda/bin"
ENV LD_LIBRARY_PATH="/usr/local/nvidia/lib64${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
ENV MODE="fast"
RUN --mount=type=bind,from=acme/uv:1,source=/uv,target=/tmp/uv \
    --mount=type=bind,source=requirements,target=/tmp/requirements-b92f9cb53778 \
    --mount=type=secret,id=secret_0,target=/root/.netrc,required=true \
    --mount=type=secret,id=secret_1,target=/etc/ssl/certs/ca-certificates.crt,required=true \
    --mount=type=cache,target=/var/cache/imagespec \
    unset PYTHONPATH $(env | grep -oE '^(UV|PIP)_[A-Za-z0-9_]+') && \
    PYC_INVALIDATION_MODE=CHECKED_HASH \
    /tmp/uv pip install --python /opt/micromamba/envs/runtime/bin/python \
    --compile-bytecode --link-mode copy --cache-dir /var/cache/imagespec/uv \
    --index-url https://pypi.org/simple \
    --extra-index-url https://acme.example/simple \
    --requirement /tmp/requirements-b92f9cb53778/requirements.txt \
    --no-deps \
    numpy \
    pandas
RUN mkdir -p /etc/profile.d && \
    printf "export PATH='%s'\n" "$PATH" > /etc/profile.d/zz-imagespec.sh
WORKDIR /root
ENV PYTHONPATH=/root
COPY --chown=flytekit source/ /root/
COPY --chown=flytekit copy/0/ /root/conf/
RUN echo hi
USER flytekit
ENTRYPOINT ["python", "-m", "service"]
ENV _F_IMG_ID="d21cf9ab2be40b7664dea8affb455dbfa716aa83d106499fe7b3b5af8bbfaa4a"
LABEL imagespec.id="d21cf9ab2be40b7664dea8affb455dbfa716aa83d106499fe7b3b5af8bbfaa4a"
