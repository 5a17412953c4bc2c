FROM debian:bookworm-slim
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
COPY --chown=flytekit source/ /root/
COPY --chown=flytekit copy/0/ /root/conf/
COPY --chown=flytekit copy/1/ /root/
COPY --chown=flytekit copy/2/ /root/
COPY --chown=flytekit copy/3/ /root/
USER flytekit
ENV _F_IMG_ID="0975ace1c141501f60c47b9fbb38c63f00a935bb299a990f6379362aa93d076c"
LABEL imagespec.id="0975ace1c141501f60c47b9fbb38c63f00a935bb299a990f6379362aa93d076c"
