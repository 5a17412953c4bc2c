FROM debian:bookworm-slim
USER root
RUN PATH="/usr/sbin:/usr/bin:/sbin:/bin:$PATH" && \
    { id -u flytekit >/dev/null 2>&1 || useradd --create-home --shell /bin/sh flytekit || adduser -D flytekit; } && \
    mkdir -p /root && \
    chown -R flytekit /root
RUN apt-get update && \
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
    curl \
    g++ \
    git \
    libc6:amd64=2.36-9 && \
    rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/apt/archives/*.deb \
    /var/cache/ldconfig/aux-cache /var/log/apt/* /var/log/dpkg.log /var/log/alternatives.log
ENV PATH="$PATH:/usr/local/nvidia/bin:/usr/local/cuda/bin"
ENV LD_LIBRARY_PATH="/usr/local/nvidia/lib64${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
RUN mkdir -p /etc/profile.d && \
    printf "export PATH='%s'\n" "$PATH" > /etc/profile.d/zz-imagespec.sh
WORKDIR /root
ENV PYTHONPATH=/root
USER flytekit
ENV _F_IMG_ID="b1c993c841650a9b842999d310fd19d02f29cc7cbf453d4bd6103f216a273fca"
LABEL imagespec.id="b1c993c841650a9b842999d310fd19d02f29cc7cbf453d4bd6103f216a273fca"
