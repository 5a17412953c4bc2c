FROM debian:bookworm-slim
USER root
RUN id -u flytekit >/dev/null 2>&1 || useradd --create-home --shell /bin/sh flytekit || adduser -D flytekit && \
    mkdir -p /root && \
    chown -R flytekit /root
WORKDIR /root
USER flytekit
ENTRYPOINT []
ENV _F_IMG_ID="cee3a08642f6235635330fbdc9e5b3c104720204f1000785a012810d840a335f"
LABEL imagespec.id="cee3a08642f6235635330fbdc9e5b3c104720204f1000785a012810d840a335f"
