FROM python:3.13-slim-bookworm
USER root
RUN PATH="/usr/sbin:/usr/bin:/sbin:/bin:$PATH" && \
    { id -u flytekit >/dev/null 2>&1 || useradd --create-home --shell /bin/sh flytekit || adduser -D flytekit; } && \
    mkdir -p /root && \
    chown -R flytekit /root
ENV PATH="$PATH:/usr/local/nvidia/bin:/usr/local/cuda/bin"
ENV LD_LIBRARY_PATH="/usr/local/nvidia/lib64${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
RUN mkdir -p /etc/profile.d && \
    printf "export PATH='%s'\n" "$PATH" > /etc/profile.d/zz-imagespec.sh
WORKDIR /root
ENV PYTHONPATH=/root
USER flytekit
ENV _F_IMG_ID="84f780e895a6fd1b4a212d10a7f8567c36c71bf45a857789484cc7e8fe4cda26"
LABEL imagespec.id="84f780e895a6fd1b4a212d10a7f8567c36c71bf45a857789484cc7e8fe4cda26"
