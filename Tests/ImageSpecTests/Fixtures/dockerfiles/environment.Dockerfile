FROM debian:bookworm-slim
USER root
RUN PATH="/usr/sbin:/usr/bin:/sbin:/bin:$PATH" && \
    { id -u flytekit >/dev/null 2>&1 || useradd --create-home --shell /bin/sh flytekit || adduser -D flytekit; } && \
    mkdir -p /root && \
    chown -R flytekit /root
ENV PATH="$PATH:/usr/local/nvidia/bin:/usr/local/cuda/bin"
ENV LD_LIBRARY_PATH="/usr/local/nvidia/lib64${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
ENV CITY="Zürich"
ENV EMPTY=""
ENV JSON="{\"a\": \"\$b\\c\"}"
ENV MODE="fast"
RUN mkdir -p /etc/profile.d && \
    printf "export PATH='%s'\n" "$PATH" > /etc/profile.d/zz-imagespec.sh
WORKDIR /root
ENV PYTHONPATH=/root
USER flytekit
ENV _F_IMG_ID="1d97d8a97e456bcc3a394417bd07caffe2ac2a6214ca59bb496edf29d12af9fc"
LABEL imagespec.id="1d97d8a97e456bcc3a394417bd07caffe2ac2a6214ca59bb496edf29d12af9fc"
