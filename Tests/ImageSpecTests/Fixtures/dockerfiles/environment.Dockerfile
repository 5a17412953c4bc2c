FROM debian:bookworm-slim
USER root
RUN id -u flytekit >/dev/null 2>&1 || useradd --create-home --shell /bin/sh flytekit || adduser -D flytekit && \
    mkdir -p /root && \
    chown -R flytekit /root
ENV CITY="Zürich"
ENV EMPTY=""
ENV JSON="{\"a\": \"\$b\\c\"}"
ENV MODE="fast"
WORKDIR /root
USER flytekit
ENV _F_IMG_ID="1d97d8a97e456bcc3a394417bd07caffe2ac2a6214ca59bb496edf29d12af9fc"
LABEL imagespec.id="1d97d8a97e456bcc3a394417bd07caffe2ac2a6214ca59bb496edf29d12af9fc"
