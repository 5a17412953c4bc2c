FROM python:3.13-slim-bookworm
USER root
RUN id -u flytekit >/dev/null 2>&1 || useradd --create-home --shell /bin/sh flytekit || adduser -D flytekit && \
    mkdir -p /root && \
    chown -R flytekit /root
WORKDIR /root
USER flytekit
ENV _F_IMG_ID="84f780e895a6fd1b4a212d10a7f8567c36c71bf45a857789484cc7e8fe4cda26"
LABEL imagespec.id="84f780e895a6fd1b4a212d10a7f8567c36c71bf45a857789484cc7e8fe4cda26"
