# The four services in one image: `secure-signal emitter|processor|detector|dashboard`.
FROM python:3.13-slim AS build
RUN python -m venv --without-pip /opt/secure-signal
WORKDIR /source
COPY locks/build.txt locks/services.txt locks/
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --require-hashes --requirement locks/build.txt \
    && pip --python /opt/secure-signal/bin/python install --require-hashes --requirement locks/services.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
# No isolation: the tools that build the wheel are those of locks/build.txt, hashes and all.
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheel . \
    && pip --python /opt/secure-signal/bin/python install --no-cache-dir --no-deps /wheel/*.whl

FROM python:3.13-slim
RUN useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin secure-signal
COPY --from=build /opt/secure-signal /opt/secure-signal
ENV PATH=/opt/secure-signal/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SECURE_SIGNAL_HTTP_HOST=0.0.0.0
USER 10001:10001
ENTRYPOINT ["secure-signal"]
CMD ["--help"]
