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
RUN echo "$HOME" > /home.txt && ls -l | wc
RUN ["/bin/sh", "-c", "cat <<EOF > /file\nline\nEOF"]
RUN ["/bin/sh", "-c", "[ -d /root ]"]
RUN ["/bin/sh", "-c", "# only a comment"]
RUN ["/bin/sh", "-c", "echo trailing \\"]
RUN ["/bin/sh", "-c", "  echo 'spaces'"]
USER flytekit
ENV _F_IMG_ID="f349d46ac76be4a58bbb85e565b1e9c49f9121de9c491ed2d204146670e3511b"
LABEL imagespec.id="f349d46ac76be4a58bbb85e565b1e9c49f9121de9c491ed2d204146670e3511b"
