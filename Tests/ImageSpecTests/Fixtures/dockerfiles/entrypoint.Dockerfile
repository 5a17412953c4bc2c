FROM debian:bookworm-slim
USER root
RUN id -u flytekit >/dev/null 2>&1 || useradd --create-home --shell /bin/sh flytekit || adduser -D flytekit && \
    mkdir -p /root && \
    chown -R flytekit /root
WORKDIR /root
USER flytekit
ENTRYPOINT ["tini", "--", "sh", "-c", "echo \"$0\"\n"]
ENV _F_IMG_ID="4a08be07d623d082f3655911da32c69334216f9dcae0110dabc2e68cd55d44bb"
LABEL imagespec.id="4a08be07d623d082f3655911da32c69334216f9dcae0110dabc2e68cd55d44bb"
