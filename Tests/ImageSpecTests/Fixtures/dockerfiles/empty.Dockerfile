FROM debian:bookworm-slim
USER root
RUN id -u flytekit >/dev/null 2>&1 || useradd --create-home --shell /bin/sh flytekit || adduser -D flytekit && \
    mkdir -p /root && \
    chown -R flytekit /root
WORKDIR /root
USER flytekit
ENV _F_IMG_ID="82cd742283a578f82b3ef14deab89209fe23a7c0fd8bddee669cd3701e466c6f"
LABEL imagespec.id="82cd742283a578f82b3ef14deab89209fe23a7c0fd8bddee669cd3701e466c6f"
